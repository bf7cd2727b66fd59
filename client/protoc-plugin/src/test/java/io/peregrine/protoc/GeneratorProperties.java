package io.peregrine.protoc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileOptions;
import com.google.protobuf.DescriptorProtos.MethodDescriptorProto;
import com.google.protobuf.DescriptorProtos.ServiceDescriptorProto;
import com.google.protobuf.DescriptorProtos.SourceCodeInfo;
import com.google.protobuf.compiler.PluginProtos.CodeGeneratorRequest;
import com.google.protobuf.compiler.PluginProtos.CodeGeneratorResponse;
import io.peregrine.testkit.Seeds;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Names and comments that nobody would write, and requests that protoc would not. */
class GeneratorProperties {
    /** The last one stands for any letter. */
    private static final List<String> WORDS =
            List.of(("get Get Async Future Flow _ __ 1 9 X HTTP class int yield record notify Wait toString hashCode"
                            + " Equals conn Options with With Deadline After Service Name SERVICE NAME request this null var ?")
                    .split(" "));

    private static final List<String> TYPES = List.of(
            (".odd.String .odd.conn .odd.GET .odd.CallOptions .odd.taken.Flow .odd.taken.Empty .google.protobuf.Empty"
                            + " .quotes.v1.Quote .legacy.Orders.Fill .editions.e2024.Inside.Nested")
                    .split(" "));

    private static final String ALPHABET = "*/\\u002a@{}<>&`-. \n\t1\u202E\uD83D\uDCB6~+)#\r";

    @Test
    void eachServiceCompilesOrIsRefusedWithASentence() throws IOException {
        SplittableRandom random = Seeds.random("each service compiles or is refused with a sentence");
        Map<String, String> sources = new TreeMap<>();
        int refused = 0;

        for (int i = 0; i < 40; i++) {
            CodeGeneratorResponse response = Generator.respond(request(service("S" + i, random), random));
            if (response.hasError()) {
                refused++;
                assertThat(response.getError()).contains(" are both ").contains("(expected: ");
            } else {
                sources.putAll(TestFiles.texts(response));
            }
        }

        assertThat(refused).isLessThan(40);
        assertThat(JavaCompilation.complaints(sources)).isEmpty();
    }

    @Test
    void theCompilerIsNotDeaf() throws IOException {
        assertThat(JavaCompilation.complaints(Map.of("A.java", "class A { java.util.List a; }")))
                .anyMatch(complaint -> complaint.contains("[rawtypes]"));
    }

    @Test
    void whateverBytesArriveThereIsAResponse() throws IOException {
        SplittableRandom random = Seeds.random("whatever bytes arrive there is a response");
        byte[] whole = TestFiles.request("", List.of("quotes/quotes.proto", "editions/edition_2024.proto"))
                .toByteArray();

        for (int i = 0; i < 200; i++) {
            byte[] mutated = whole.clone();
            for (int change = random.nextInt(1, 6); change > 0; change--) {
                mutated[random.nextInt(mutated.length)] = (byte) random.nextInt();
            }
            int length = random.nextInt(4) == 0 ? random.nextInt(mutated.length) : mutated.length;

            CodeGeneratorResponse response = Generator.respond(new ByteArrayInputStream(mutated, 0, length));

            if (response.hasError()) {
                assertThat(response.getError()).contains("(expected: ");
            }
        }
    }

    private static ServiceDescriptorProto service(String name, SplittableRandom random) {
        ServiceDescriptorProto.Builder service =
                ServiceDescriptorProto.newBuilder().setName(name);
        Set<String> names = new HashSet<>();
        for (int method = random.nextInt(1, 6); method > 0; method--) {
            String methodName = name(random);
            if (names.add(methodName)) {
                service.addMethod(MethodDescriptorProto.newBuilder()
                        .setName(methodName)
                        .setInputType(TYPES.get(random.nextInt(TYPES.size())))
                        .setOutputType(TYPES.get(random.nextInt(TYPES.size())))
                        .setClientStreaming(random.nextBoolean())
                        .setServerStreaming(random.nextBoolean()));
            }
        }
        return service.build();
    }

    /** What .proto takes for a name. */
    private static String name(SplittableRandom random) {
        StringBuilder name = new StringBuilder();
        for (int word = random.nextInt(1, 5); word > 0; word--) {
            String next = WORDS.get(random.nextInt(WORDS.size()));
            name.append(next.equals("?") ? "" + (char) ('a' + random.nextInt(26)) : next);
        }
        return Character.isDigit(name.charAt(0)) ? "_" + name : name.toString();
    }

    private static CodeGeneratorRequest request(ServiceDescriptorProto service, SplittableRandom random) {
        SourceCodeInfo.Builder comments = SourceCodeInfo.newBuilder();
        comments.addLocationBuilder().addPath(6).addPath(0).setLeadingComments(text(random));
        for (int method = 0; method < service.getMethodCount(); method++) {
            comments.addLocationBuilder()
                    .addAllPath(List.of(6, 0, 2, method))
                    .setLeadingComments(text(random))
                    .setTrailingComments(text(random));
        }
        FileDescriptorProto file = FileDescriptorProto.newBuilder()
                .setName("random.proto")
                .setPackage("odd")
                .setSyntax("proto3")
                .setOptions(FileOptions.newBuilder().setJavaMultipleFiles(true))
                .addAllDependency(List.of(
                        "odd/names.proto",
                        "odd/taken.proto",
                        "google/protobuf/empty.proto",
                        "quotes/quotes.proto",
                        "legacy/orders.proto",
                        "editions/edition_2024.proto"))
                .addService(service)
                .setSourceCodeInfo(comments)
                .build();
        return TestFiles.request("", List.of(file.getName())).toBuilder()
                .addProtoFile(file)
                .build();
    }

    private static String text(SplittableRandom random) {
        StringBuilder text = new StringBuilder();
        for (int letter = random.nextInt(60); letter > 0; letter--) {
            if (random.nextInt(3) == 0) {
                text.append(random.nextBoolean() ? "*/" : "\\u002a/");
            }
            text.appendCodePoint(ALPHABET.codePointAt(
                    ALPHABET.offsetByCodePoints(0, random.nextInt(ALPHABET.codePointCount(0, ALPHABET.length())))));
        }
        return text.toString();
    }
}
