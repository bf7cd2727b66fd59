package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/rules.md has each rule of calls and channels, and tests that say of themselves that they show it: none is without. */
class RulesDocumentTest {
    private static final Path DOCUMENT = TestSources.REPOSITORY.resolve(Path.of("docs", "rules.md"));
    private static final Pattern ROW = Pattern.compile("\\| [A-Z]{2}[a-z]?-\\d+ \\|.*");
    private static final int CELLS = 4;

    /** In the order of the document. */
    private static final List<String> RULES = Stream.of(
                    rules("SV", 14),
                    rules("DL", 7),
                    rules("CA", 4),
                    rules("MS", 7),
                    rules("MD", 8),
                    rules("ST", 12),
                    rules("RT", 17),
                    rules("HG", 12),
                    rules("CR", 7),
                    Stream.of("PK-6"),
                    rules("CH", 13),
                    rules("SC", 11),
                    rules("CS", 10),
                    rules("TG", 7),
                    rules("RS", 6),
                    rules("DN", 11),
                    rules("PX", 6),
                    rules("ID", 5),
                    rules("PK", 11).filter(rule -> !rule.equals("PK-6")),
                    rules("LB", 7),
                    rules("PF", 12),
                    rules("RR", 3),
                    rules("WR", 8),
                    rules("LQ", 3),
                    rules("RH", 9),
                    rules("RSb", 1),
                    rules("OD", 9),
                    rules("PR", 2),
                    rules("EX", 5),
                    rules("HC", 6))
            .flatMap(rules -> rules)
            .toList();

    private static Stream<String> rules(String family, int last) {
        return IntStream.rangeClosed(1, last).mapToObj(number -> family + '-' + number);
    }

    @Test
    void everyRuleHasOneRow() throws Exception {
        List<List<String>> rows = rows();

        assertThat(rows).allSatisfy(cells -> assertThat(cells).hasSize(CELLS).noneMatch(String::isBlank));
        assertThat(rows.stream().map(cells -> cells.get(0))).containsExactlyElementsOf(RULES);
    }

    @Test
    void everyRuleNamesTestsThatExistAndCiteIt() throws Exception {
        TestSources sources = TestSources.ofAllModules();

        List<String> faults = rows().stream()
                .flatMap(cells -> faultsOf(cells.get(0), cells.get(CELLS - 1), sources))
                .toList();

        assertThat(faults).isEmpty();
    }

    @Test
    void findsWhatIsWrongWithARow() {
        String source = """
                /** Some (SPEC DL-2). */
                class SomeTest {
                    @Test
                    void dl1AndCa3Claims() {}

                    /** DL-4. */
                    @Test
                    void says() {}
                }
                """;
        TestSources sources = new TestSources(Map.of("SomeTest", source));

        assertThat(faultsOf("DL-1", "`SomeTest.dl1AndCa3Claims`", sources)).isEmpty();
        assertThat(faultsOf("CA-3", "`SomeTest.dl1AndCa3Claims`", sources)).isEmpty();
        assertThat(faultsOf("DL-2", "`SomeTest.says`", sources)).isEmpty();
        assertThat(faultsOf("DL-4", "`SomeTest.says`", sources)).isEmpty();
        assertThat(faultsOf("DL-4", "`SomeTest.dl1AndCa3Claims`", sources))
                .containsExactly("DL-4: SomeTest.dl1AndCa3Claims does not cite it");
        assertThat(faultsOf("DL-10", "`SomeTest.dl1AndCa3Claims`", sources)).hasSize(1);
        assertThat(faultsOf("DL-1", "none yet", sources)).containsExactly("DL-1: names no test");
        assertThat(faultsOf("DL-1", "`SomeTest.dl1`", sources)).containsExactly("DL-1: no method SomeTest.dl1");
    }

    private static Stream<String> faultsOf(String rule, String cell, TestSources sources) {
        List<TestSources.Named> tests = TestSources.namedIn(cell).toList();
        Stream<String> faults = tests.isEmpty()
                ? Stream.of("names no test")
                : tests.stream().flatMap(test -> faultsOf(rule, test, sources));
        return faults.map(fault -> rule + ": " + fault);
    }

    private static Stream<String> faultsOf(String rule, TestSources.Named test, TestSources sources) {
        String words = sources.wordsOf(test);
        boolean cited = words == null
                || isIn(test.method(), rule)
                || Pattern.compile("\\b" + rule + "\\b").matcher(words).find();
        return Stream.concat(sources.faultsOf(test), cited ? Stream.empty() : Stream.of(test + " does not cite it"));
    }

    /** Names begin with the rules that they show: {@code dl1AndCa3SomethingHappens}. */
    private static boolean isIn(String method, String rule) {
        String plain = rule.replace("-", "").toLowerCase(Locale.ROOT);
        return Pattern.compile("(?i:^|And)" + "(?i:" + plain + ")(?![0-9])")
                .matcher(method)
                .find();
    }

    private static List<List<String>> rows() throws IOException {
        return Files.readAllLines(DOCUMENT).stream()
                .filter(line -> ROW.matcher(line).matches())
                .map(RulesDocumentTest::cells)
                .toList();
    }

    private static List<String> cells(String row) {
        return Pattern.compile("\\|")
                .splitAsStream(row.substring(1))
                .map(String::strip)
                .toList();
    }
}
