package io.peregrine.load.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.DescriptorProtos.MethodDescriptorProto;
import com.google.protobuf.DescriptorProtos.ServiceDescriptorProto;
import io.peregrine.load.proto.EchoMessage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MethodCatalogTest {
    @TempDir
    private Path directory;

    @Test
    void encodesJsonForTheCompiledInMethod() throws IOException {
        UnaryMethod echo = MethodCatalog.compiledIn().unary(MethodCatalog.ECHO);

        byte[] request = RequestMessages.ofJson("{\"payload\": \"aGVsbG8=\"}", echo);

        assertThat(EchoMessage.parseFrom(request).getPayload().toStringUtf8()).isEqualTo("hello");
    }

    @Test
    void findsAMethodOfAProtosetWhoseFilesAreInAnyOrder() throws IOException {
        UnaryMethod method = MethodCatalog.ofProtoset(protoset(true)).unary("shop.Orders/Place");

        byte[] request = RequestMessages.ofJson("{\"quantity\": 7}", method);

        assertThat(request).containsExactly(1 << 3, 7);
    }

    @ParameterizedTest
    @ValueSource(strings = {"shop.Orders", "/Place", "shop.Orders/", "shop.Orders/Place/x", "", "shop.Orders.Place"})
    void refusesANameThatIsNotServiceSlashMethod(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MethodCatalog.compiledIn().unary(name))
                .withMessage("call: " + name + " (expected: package.Service/Method)");
    }

    @Test
    void saysWhichServicesAndMethodsThereAre() throws IOException {
        MethodCatalog catalog = MethodCatalog.ofProtoset(protoset(true));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> catalog.unary("shop.Other/Place"))
                .withMessageContaining("call: shop.Other/Place, no such service")
                .withMessageContaining("one of [shop.Orders]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> catalog.unary("shop.Orders/Cancel"))
                .withMessageContaining("one of [Place, Watch] of shop.Orders");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> catalog.unary("shop.Orders/Watch"))
                .withMessage("call: shop.Orders/Watch is streaming (expected: a unary method)");
    }

    @Test
    void refusesAFileThatIsMissingOrNotAProtosetOrNotWhole() throws IOException {
        Path missing = directory.resolve("missing.pb");
        Path text = Files.writeString(directory.resolve("text.pb"), "not a descriptor set", StandardCharsets.UTF_8);
        Path empty = Files.write(directory.resolve("empty.pb"), new byte[0]);
        Path torn = protoset(false);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> MethodCatalog.ofProtoset(missing))
                .withMessage("protoset: " + missing + " (expected: a readable file)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MethodCatalog.ofProtoset(text))
                .withMessage("protoset: " + text + " (expected: a FileDescriptorSet)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MethodCatalog.ofProtoset(empty))
                .withMessage("protoset: " + empty + " (expected: a FileDescriptorSet with files)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MethodCatalog.ofProtoset(torn))
                .withMessageContaining("imports messages.proto, which is not in it");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{", "[]", "{\"unknown\": 1}", "{\"payload\": 5.5.5}", "nonsense"})
    void refusesJsonThatDoesNotFitInOneSentence(String json) {
        UnaryMethod echo = MethodCatalog.compiledIn().unary(MethodCatalog.ECHO);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> RequestMessages.ofJson(json, echo))
                .withMessageStartingWith("data: " + json + " (expected: a JSON object for peregrine.load.EchoMessage: ")
                .satisfies(e -> assertThat(e).message().hasLineCount(1));
    }

    /** A service in one file whose messages are in another, which comes second or is left out. */
    private Path protoset(boolean whole) throws IOException {
        FileDescriptorProto service = FileDescriptorProto.newBuilder()
                .setName("service.proto")
                .setPackage("shop")
                .setSyntax("proto3")
                .addDependency("messages.proto")
                .addService(ServiceDescriptorProto.newBuilder()
                        .setName("Orders")
                        .addMethod(method("Place", false))
                        .addMethod(method("Watch", true)))
                .build();
        FileDescriptorProto messages = FileDescriptorProto.newBuilder()
                .setName("messages.proto")
                .setPackage("shop")
                .setSyntax("proto3")
                .addMessageType(DescriptorProto.newBuilder()
                        .setName("Order")
                        .addField(FieldDescriptorProto.newBuilder()
                                .setName("quantity")
                                .setNumber(1)
                                .setLabel(FieldDescriptorProto.Label.LABEL_OPTIONAL)
                                .setType(FieldDescriptorProto.Type.TYPE_INT32)))
                .build();
        FileDescriptorSet.Builder set = FileDescriptorSet.newBuilder().addFile(service);
        if (whole) {
            set.addFile(messages);
        }
        return Files.write(
                directory.resolve(whole ? "whole.pb" : "torn.pb"), set.build().toByteArray());
    }

    private static MethodDescriptorProto.Builder method(String name, boolean streaming) {
        return MethodDescriptorProto.newBuilder()
                .setName(name)
                .setInputType(".shop.Order")
                .setOutputType(".shop.Order")
                .setServerStreaming(streaming);
    }
}
