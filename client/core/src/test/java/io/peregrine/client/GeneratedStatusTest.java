package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Codes that say what an application did with a call are for applications: no source of the client names one. */
class GeneratedStatusTest {
    private static final Pattern CODE = Pattern.compile("StatusCode\\.([A-Z_]+)");
    private static final Set<String> OF_THE_LIBRARY = Set.of(
            "CANCELLED",
            "DEADLINE_EXCEEDED",
            "UNAVAILABLE",
            "INTERNAL",
            "UNKNOWN",
            "RESOURCE_EXHAUSTED",
            "UNAUTHENTICATED",
            "UNIMPLEMENTED",
            "PERMISSION_DENIED");

    @Test
    void st12TheClientMakesNoCodeThatIsForApplications() throws Exception {
        Map<String, Set<String>> codes = codesBySource();

        assertThat(codes).hasSizeGreaterThan(20);
        Set<String> seen = codes.values().stream().flatMap(Set::stream).collect(Collectors.toCollection(TreeSet::new));
        assertThat(seen).containsAll(OF_THE_LIBRARY);
        // OK is compared with, and made of a server's OK.
        codes.forEach((source, named) -> assertThat(named)
                .as("codes that %s names", source)
                .isSubsetOf(
                        Stream.concat(OF_THE_LIBRARY.stream(), Stream.of("OK")).toList()));
    }

    private static Map<String, Set<String>> codesBySource() throws IOException {
        Map<String, Set<String>> codes = new TreeMap<>();
        for (Path source : mainSources()) {
            Set<String> named = CODE.matcher(Files.readString(source))
                    .results()
                    .map((MatchResult result) -> result.group(1))
                    .collect(Collectors.toSet());
            if (!named.isEmpty()) {
                codes.put(source.getFileName().toString(), named);
            }
        }
        return codes;
    }

    private static List<Path> mainSources() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("src", "main", "java"))) {
            return files.filter(file -> file.toString().endsWith(".java")).toList();
        }
    }
}
