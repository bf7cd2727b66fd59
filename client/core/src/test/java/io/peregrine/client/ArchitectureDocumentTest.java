package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/ARCHITECTURE.md walks the hot path by class and method names; this keeps the names true. */
class ArchitectureDocumentTest {
    private static final Path DOCUMENT = Path.of("..", "..", "docs", "ARCHITECTURE.md");
    private static final Pattern CLASS_AND_METHOD = Pattern.compile("`([A-Z]\\w+)\\.([a-z]\\w+)`");
    private static final List<String> PACKAGES = List.of(
            "io.peregrine.allocation",
            "io.peregrine.transport.header",
            "io.peregrine.transport.http2",
            "io.peregrine.transport.io.driven",
            "io.peregrine.client",
            "io.peregrine.client.balancer",
            "io.peregrine.client.config",
            "io.peregrine.client.internal",
            "io.peregrine.client.internal.control",
            "io.peregrine.client.internal.message");

    @Test
    void theMethodsOfTheHotPathExist() throws Exception {
        String text = Files.readString(DOCUMENT);
        String walk = text.substring(text.indexOf("## The hot path"), text.indexOf("## Who owns what"));

        List<MatchResult> named = CLASS_AND_METHOD.matcher(walk).results().toList();

        assertThat(named).hasSizeGreaterThan(20);
        assertThat(named)
                .allSatisfy(name -> assertThat(find(name.group(1)).getDeclaredMethods())
                        .as(name.group())
                        .anyMatch(method -> method.getName().equals(name.group(2))));
    }

    private static Class<?> find(String simpleName) {
        return PACKAGES.stream()
                .map(name -> name + '.' + simpleName)
                .flatMap(ArchitectureDocumentTest::load)
                .findFirst()
                .orElseThrow(() -> new AssertionError("no class " + simpleName + " in " + PACKAGES));
    }

    private static Stream<Class<?>> load(String name) {
        try {
            return Stream.of(Class.forName(name));
        } catch (ClassNotFoundException absent) {
            return Stream.empty();
        }
    }
}
