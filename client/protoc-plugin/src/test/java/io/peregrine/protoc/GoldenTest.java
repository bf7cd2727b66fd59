package io.peregrine.protoc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.compiler.PluginProtos.CodeGeneratorRequest;
import com.google.protobuf.compiler.PluginProtos.CodeGeneratorResponse;
import io.peregrine.testkit.Seeds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What is generated for the files of src/test/protobuf, compared with src/test/resources/goldens, and given to the
 * compiler. After a change that is meant, {@code mvn test -pl client/protoc-plugin -am -Dtest=GoldenTest
 * -Dsurefire.failIfNoSpecifiedTests=false -Dgoldens.update=true} writes the goldens anew; read their diff.
 */
class GoldenTest {
    private static final Path GOLDENS = Path.of("src", "test", "resources", "goldens");

    @Test
    void generatesWhatTheGoldensSay() throws IOException {
        Map<String, String> generated = generated("");

        if (Boolean.getBoolean("goldens.update")) {
            update(generated);
        }

        assertThat(generated.keySet()).containsExactlyInAnyOrderElementsOf(goldenNames());
        for (Map.Entry<String, String> file : generated.entrySet()) {
            assertThat(file.getValue()).as(file.getKey()).isEqualTo(Files.readString(GOLDENS.resolve(file.getKey())));
        }
    }

    @Test
    void compilesWithoutAWarning() throws IOException {
        assertThat(JavaCompilation.complaints(generated(""))).isEmpty();
    }

    @Test
    void compilesWithoutAWarningWithEveryParameter() throws IOException {
        Map<String, String> generated = generated("suffix=Stub,visibility=package,generated=jdk");

        assertThat(generated.get("com/example/quotes/QuotesStub.java"))
                .contains("@Generated(\"io.peregrine.protoc\")\nfinal class QuotesStub {");
        assertThat(JavaCompilation.complaints(generated)).isEmpty();
    }

    @Test
    void breaksNoLineThatCouldBeShorter() {
        Stream<String> long120 = generated("").values().stream()
                .flatMap(String::lines)
                .filter(line -> line.length() > 120)
                .filter(line -> !line.contains("WithoutAnyPlaceToBreakItAt"));

        assertThat(long120).isEmpty();
    }

    @Test
    void theOrderOfTheFilesDoesNotMatter() {
        CodeGeneratorRequest request = TestFiles.request("", TestFiles.names());
        CodeGeneratorResponse response = Generator.respond(request);
        Random random = new Random(Seeds.next("the order of the files does not matter"));

        for (int i = 0; i < 20; i++) {
            CodeGeneratorRequest.Builder shuffled = request.toBuilder();
            List<Integer> order = new ArrayList<>();
            for (int file = 0; file < request.getProtoFileCount(); file++) {
                order.add(file);
            }
            Collections.shuffle(order, random);
            shuffled.clearProtoFile();
            order.forEach(file -> shuffled.addProtoFile(request.getProtoFile(file)));
            List<String> names = new ArrayList<>(request.getFileToGenerateList());
            Collections.shuffle(names, random);
            shuffled.clearFileToGenerate().addAllFileToGenerate(names);

            assertThat(Generator.respond(shuffled.build()).toByteString()).isEqualTo(response.toByteString());
        }
    }

    @Test
    void aFileAloneGivesWhatItGivesAmongOthers() {
        Map<String, String> one = new HashMap<>();
        for (String name : TestFiles.names()) {
            one.putAll(TestFiles.texts(Generator.respond(TestFiles.request("", List.of(name)))));
        }

        assertThat(one).isEqualTo(generated(""));
    }

    @Test
    void aFileWithoutServicesGivesNothing() {
        CodeGeneratorResponse response = Generator.respond(TestFiles.request("", List.of("messages_only.proto")));

        assertThat(response.getFileList()).isEmpty();
        assertThat(response.hasError()).isFalse();
    }

    private static Map<String, String> generated(String parameter) {
        return TestFiles.texts(Generator.respond(TestFiles.request(parameter, TestFiles.names())));
    }

    private static List<String> goldenNames() throws IOException {
        try (Stream<Path> files = Files.walk(GOLDENS)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> GOLDENS.relativize(file).toString().replace('\\', '/'))
                    .toList();
        }
    }

    private static void update(Map<String, String> generated) throws IOException {
        for (String name : Files.exists(GOLDENS) ? goldenNames() : List.<String>of()) {
            if (!generated.containsKey(name)) {
                Files.delete(GOLDENS.resolve(name));
            }
        }
        for (Map.Entry<String, String> file : generated.entrySet()) {
            Path golden = GOLDENS.resolve(file.getKey());
            Files.createDirectories(golden.getParent());
            Files.writeString(golden, file.getValue());
        }
    }
}
