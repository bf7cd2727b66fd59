package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** docs/hostile-peers.md names a test for each of its rows; this keeps the names true, in whatever module they are. */
class HostilePeersDocumentTest {
    private static final Path DOCUMENT = TestSources.REPOSITORY.resolve(Path.of("docs", "hostile-peers.md"));
    private static final Pattern ROW = Pattern.compile("\\| [A-Z]\\d+ \\|.*");
    private static final int CELLS = 6;

    @Test
    void everyRowHasItsCellsAndANumberOfItsOwn() throws Exception {
        List<List<String>> rows = rows();

        assertThat(rows).hasSizeGreaterThan(150);
        assertThat(rows).allSatisfy(cells -> assertThat(cells).hasSize(CELLS).noneMatch(String::isBlank));
        assertThat(rows.stream().map(cells -> cells.get(0))).doesNotHaveDuplicates();
    }

    @Test
    void everyRowNamesTestsThatExist() throws Exception {
        TestSources sources = TestSources.ofAllModules();

        for (List<String> cells : rows()) {
            List<String> faults = faultsOf(cells.get(CELLS - 1), sources);
            assertThat(faults).as("row %s", cells.get(0)).isEmpty();
        }
    }

    @Test
    void findsWhatIsWrongWithARow() {
        TestSources sources = new TestSources(Map.of("SomeTest", "void claims() { of(\"a case\"); }"));

        assertThat(faultsOf("`SomeTest.claims` \"a case\"", sources)).isEmpty();
        assertThat(faultsOf("none", sources)).containsExactly("names no test");
        assertThat(faultsOf("`OtherTest.claims`", sources)).containsExactly("no class OtherTest");
        assertThat(faultsOf("`SomeTest.claim`", sources)).containsExactly("no method SomeTest.claim");
        assertThat(faultsOf("`SomeTest.claims` \"another\"", sources))
                .containsExactly("no case \"another\" in SomeTest");
    }

    private static List<String> faultsOf(String cell, TestSources sources) {
        List<TestSources.Named> tests = TestSources.namedIn(cell).toList();
        return tests.isEmpty()
                ? List.of("names no test")
                : tests.stream().flatMap(sources::faultsOf).toList();
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
}
