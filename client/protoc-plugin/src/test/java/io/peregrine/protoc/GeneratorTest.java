package io.peregrine.protoc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.Edition;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileOptions;
import com.google.protobuf.DescriptorProtos.MethodDescriptorProto;
import com.google.protobuf.DescriptorProtos.ServiceDescriptorProto;
import com.google.protobuf.compiler.PluginProtos.CodeGeneratorRequest;
import com.google.protobuf.compiler.PluginProtos.CodeGeneratorResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a response says beside the files: features, editions, and of a request that cannot be met the reason. */
class GeneratorTest {
    private static final DescriptorProto MESSAGE =
            DescriptorProto.newBuilder().setName("M").build();

    @Test
    void supportsOptionalFieldsAndEditionsUpTo2024() {
        CodeGeneratorResponse response = Generator.respond(CodeGeneratorRequest.getDefaultInstance());

        assertThat(response.hasError()).isFalse();
        assertThat(response.getFileList()).isEmpty();
        assertThat(response.getSupportedFeatures())
                .isEqualTo(CodeGeneratorResponse.Feature.FEATURE_PROTO3_OPTIONAL_VALUE
                        | CodeGeneratorResponse.Feature.FEATURE_SUPPORTS_EDITIONS_VALUE);
        assertThat(response.getMinimumEdition()).isEqualTo(Edition.EDITION_PROTO2_VALUE);
        assertThat(response.getMaximumEdition()).isEqualTo(Edition.EDITION_2024_VALUE);
    }

    @Test
    void saysThatARequestIsMalformed() throws IOException {
        CodeGeneratorResponse response = Generator.respond(new ByteArrayInputStream(new byte[] {0x0A, 0x7F, 0x00}));

        assertThat(response.getError())
                .startsWith("standard input: ")
                .endsWith(" (expected: a CodeGeneratorRequest of protoc)");
        assertThat(response.getSupportedFeatures()).isNotZero();
    }

    @ParameterizedTest
    @CsvSource({
        "Get, get, get",
        "GetAll, get_all, getAll",
        "GetAll, Get_All, getAll",
        "GetALL, GetAll_, GET_ALL",
        "getHTTP, Get_HTTP, getHTTP"
    })
    void refusesMethodsThatDifferInCaseAndUnderscoresAlone(String first, String second, String javaName) {
        FileDescriptorProto file =
                file("a.proto", "a").addService(service("S", first, second)).build();

        assertThat(error("", file))
                .isEqualTo("service a.S: methods " + first + " and " + second + " are both " + javaName
                        + " in Java (expected: names that differ in more than case and underscores)");
    }

    @Test
    void refusesAServiceWhoseClientHasTheClassOfAMessage() {
        FileDescriptorProto file = file("a.proto", "a")
                .setOptions(FileOptions.newBuilder().setJavaMultipleFiles(true))
                .addMessageType(DescriptorProto.newBuilder().setName("SClient"))
                .addService(service("S", "Get"))
                .build();

        assertThat(error("", file))
                .isEqualTo("service a.S: its client is the class a.SClient, and so is message a.SClient"
                        + " (expected: another parameter suffix than Client)");
        assertThat(TestFiles.texts(respond("suffix=Stub", file))).containsOnlyKeys("a/SStub.java");
    }

    @Test
    void aMessageThatIsNestedInTheFilesClassMayHaveTheNameOfAClient() {
        FileDescriptorProto file = file("a.proto", "a")
                .addMessageType(DescriptorProto.newBuilder().setName("SClient"))
                .addService(service("S", "Get"))
                .build();

        assertThat(TestFiles.texts(respond("", file))).containsOnlyKeys("a/SClient.java");
    }

    @Test
    void refusesAServiceWhoseClientHasTheClassOfAFile() {
        FileDescriptorProto file =
                file("s_client.proto", "a").addService(service("S", "Get")).build();

        assertThat(error("", file)).contains("and so is the outer class of s_client.proto");
    }

    @Test
    void refusesTwoServicesWithTheSameClass() {
        FileOptions options = FileOptions.newBuilder().setJavaPackage("x").build();
        FileDescriptorProto a = file("a.proto", "a")
                .setOptions(options)
                .addService(service("S", "Get"))
                .build();
        FileDescriptorProto b = file("b.proto", "b")
                .setOptions(options)
                .addService(service("S", "Get"))
                .build();

        assertThat(error("", a, b))
                .isEqualTo("service b.S: its client is the class x.SClient, and so is that of another service"
                        + " (expected: another java_package for one of them)");
    }

    @Test
    void refusesAMessageThatJavaCannotName() {
        FileDescriptorProto unnamed = FileDescriptorProto.newBuilder()
                .setName("unnamed.proto")
                .addMessageType(MESSAGE)
                .build();
        FileDescriptorProto file = FileDescriptorProto.newBuilder()
                .setName("a.proto")
                .setPackage("a")
                .addDependency("unnamed.proto")
                .addService(service("S", "Get"))
                .build();

        assertThat(error("", unnamed, file))
                .isEqualTo("message M: its class is in the unnamed package, and a.SClient cannot name it"
                        + " (expected: a java_package in unnamed.proto)");
    }

    @Test
    void saysWhichImportIsMissing() {
        FileDescriptorProto file = file("a.proto", "a").addDependency("b.proto").build();

        assertThat(error("", file))
                .isEqualTo("file a.proto: imports b.proto, which is not in the request (expected: all imports)");
    }

    @Test
    void saysThatImportsGoInACircle() {
        FileDescriptorProto a = file("a.proto", "a").addDependency("b.proto").build();
        FileDescriptorProto b = file("b.proto", "b").addDependency("a.proto").build();

        assertThat(error("", a, b)).isEqualTo("file a.proto: imports itself (expected: no circle of imports)");
    }

    @Test
    void saysWhichTypeIsMissing() {
        FileDescriptorProto file = FileDescriptorProto.newBuilder()
                .setName("a.proto")
                .setPackage("a")
                .addService(service("S", "Get"))
                .build();

        assertThat(error("", file))
                .isEqualTo("file a.proto: a.S.Get: \"M\" is not defined. (expected: what protoc accepts)");
    }

    @Test
    void saysWhichFileTheLibraryCannotLink() {
        FileDescriptorProto file = file("a.proto", "a")
                .addMessageType(DescriptorProto.newBuilder()
                        .setName("N")
                        .addField(FieldDescriptorProto.newBuilder().setName("f").setNumber(1)))
                .build();

        assertThat(error("", file)).startsWith("file a.proto: ").endsWith(" (expected: what protoc accepts)");
    }

    @Test
    void saysWhichFileIsMissing() {
        CodeGeneratorRequest request =
                CodeGeneratorRequest.newBuilder().addFileToGenerate("a.proto").build();

        assertThat(Generator.respond(request).getError())
                .isEqualTo("file a.proto: not in the request (expected: each file to generate)");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "visibilty=public | parameter \"visibilty\": unknown (expected: suffix, visibility or generated)",
                "lite | parameter \"lite\": unknown (expected: suffix, visibility or generated)",
                "visibility=private | parameter visibility: \"private\" (expected: public or package)",
                "visibility | parameter visibility: \"\" (expected: public or package)",
                "generated=yes | parameter generated: \"yes\" (expected: jdk or omit)",
                "suffix=client | parameter suffix: \"client\" (expected: a capital letter, then letters, digits and"
                        + " underscores)",
                "suffix=A,suffix=B | parameter suffix: given twice (expected: once)"
            })
    void saysWhichParameterIsWrong(String parameter, String sentence) {
        assertThat(error(parameter)).isEqualTo(sentence);
    }

    @Test
    void takesParametersInAnyOrderWithSpaces() {
        assertThat(Parameters.parse(" visibility = package ,, suffix=Stub,generated=omit"))
                .isEqualTo(new Parameters("Stub", Parameters.Visibility.PACKAGE, false));
        assertThat(Parameters.parse("")).isEqualTo(Parameters.DEFAULT);
    }

    private static FileDescriptorProto.Builder file(String name, String packageName) {
        return FileDescriptorProto.newBuilder()
                .setName(name)
                .setPackage(packageName)
                .addMessageType(MESSAGE);
    }

    private static ServiceDescriptorProto service(String name, String... methods) {
        ServiceDescriptorProto.Builder service =
                ServiceDescriptorProto.newBuilder().setName(name);
        for (String method : methods) {
            service.addMethod(MethodDescriptorProto.newBuilder()
                    .setName(method)
                    .setInputType("M")
                    .setOutputType("M"));
        }
        return service.build();
    }

    private static String error(String parameter, FileDescriptorProto... files) {
        CodeGeneratorResponse response = respond(parameter, files);
        assertThat(response.getFileList()).isEmpty();
        return response.getError();
    }

    private static CodeGeneratorResponse respond(String parameter, FileDescriptorProto... files) {
        CodeGeneratorRequest.Builder request = CodeGeneratorRequest.newBuilder().setParameter(parameter);
        for (FileDescriptorProto file : files) {
            request.addProtoFile(file).addFileToGenerate(file.getName());
        }
        return Generator.respond(request.build());
    }
}
