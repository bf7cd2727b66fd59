package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/hostile-peers.md names a test for each of its rows; this keeps the names true, in whatever module they are. */
class HostilePeersDocumentTest {
    private static final Path REPOSITORY = Path.of("..", "..");
    private static final Path DOCUMENT = REPOSITORY.resolve(Path.of("docs", "hostile-peers.md"));
    private static final Pattern ROW = Pattern.compile("\\| [A-Z]\\d+ \\|.*");
    private static final int CELLS = 6;

    /** A class and a method, and the cases of it that are meant. */
    private static final Pattern TEST = Pattern.compile("`(\\w+)\\.(\\w+)`((?: \"[^\"]+\")*)");

    private static final Pattern CASE = Pattern.compile("\"[^\"]+\"");

    @Test
    void everyRowHasItsCellsAndANumberOfItsOwn() throws Exception {
        List<List<String>> rows = rows();

        assertThat(rows).hasSizeGreaterThan(150);
        assertThat(rows).allSatisfy(cells -> assertThat(cells).hasSize(CELLS).noneMatch(String::isBlank));
        assertThat(rows.stream().map(cells -> cells.get(0))).doesNotHaveDuplicates();
    }

    @Test
    void everyRowNamesTestsThatExist() throws Exception {
        Map<String, String> sources = testSources();

        for (List<String> cells : rows()) {
            List<String> faults = faultsOf(cells.get(CELLS - 1), sources);
            assertThat(faults).as("row %s", cells.get(0)).isEmpty();
        }
    }

    @Test
    void findsWhatIsWrongWithARow() {
        Map<String, String> sources = Map.of("SomeTest", "void claims() { of(\"a case\"); }");

        assertThat(faultsOf("`SomeTest.claims` \"a case\"", sources)).isEmpty();
        assertThat(faultsOf("none", sources)).containsExactly("names no test");
        assertThat(faultsOf("`OtherTest.claims`", sources)).containsExactly("no class OtherTest");
        assertThat(faultsOf("`SomeTest.claim`", sources)).containsExactly("no method SomeTest.claim");
        assertThat(faultsOf("`SomeTest.claims` \"another\"", sources))
                .containsExactly("no case \"another\" in SomeTest");
    }

    private static List<String> faultsOf(String cell, Map<String, String> sources) {
        Matcher tests = TEST.matcher(cell);
        List<String> faults = tests.results()
                .flatMap(test -> faultsOf(test.group(1), test.group(2), test.group(3), sources))
                .toList();
        return tests.reset().find() ? faults : List.of("names no test");
    }

    private static Stream<String> faultsOf(String className, String method, String cases, Map<String, String> sources) {
        String source = sources.get(className);
        if (source == null) {
            return Stream.of("no class " + className);
        }
        if (!source.contains("void " + method + "(")) {
            return Stream.of("no method " + className + '.' + method);
        }
        return CASE.matcher(cases)
                .results()
                .filter(named -> !source.contains(named.group()))
                .map(missing -> "no case " + missing.group() + " in " + className);
    }

    private static List<List<String>> rows() throws IOException {
        return Files.readAllLines(DOCUMENT).stream()
                .filter(line -> ROW.matcher(line).matches())
                .map(HostilePeersDocumentTest::cells)
                .toList();
    }

    private static List<String> cells(String row) {
        return Pattern.compile("\\|")
                .splitAsStream(row.substring(1))
                .map(String::strip)
                .toList();
    }

    /** The text of each test class of the repository by its simple name, read from the sources of all modules. */
    private static Map<String, String> testSources() throws IOException {
        try (Stream<Path> files = Files.walk(REPOSITORY)) {
            return files.filter(HostilePeersDocumentTest::isTestSource)
                    .collect(Collectors.toMap(
                            HostilePeersDocumentTest::className, HostilePeersDocumentTest::read, String::concat));
        }
    }

    private static boolean isTestSource(Path file) {
        return file.toString().contains(Path.of("src", "test", "java").toString())
                && file.getFileName().toString().endsWith(".java");
    }

    private static String className(Path file) {
        String name = file.getFileName().toString();
        return name.substring(0, name.length() - ".java".length());
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }
}
