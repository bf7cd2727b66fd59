package io.peregrine.jmh.gate.report;

import io.peregrine.jmh.gate.judgement.Baseline;
import io.peregrine.jmh.gate.judgement.Comparison;
import io.peregrine.jmh.gate.judgement.Observed;
import io.peregrine.jmh.gate.judgement.Text;
import io.peregrine.jmh.gate.judgement.Tolerance;
import io.peregrine.jmh.gate.judgement.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A report for people. */
public final class TableReport {
    private static final List<String> HEADINGS =
            List.of("benchmark", "baseline", "now", "change", "allowed", "B/op", "verdict");
    private static final String NONE = "-";

    private TableReport() {}

    /** A table for each calibration, then what became of all. */
    public static String format(Report report) {
        StringBuilder text = new StringBuilder();
        report.comparisons().stream()
                .collect(Collectors.groupingBy(
                        comparison -> comparison.subject().calibration(), TreeMap::new, Collectors.toList()))
                .forEach((calibration, comparisons) -> {
                    text.append("Cost of an operation in units of ")
                            .append(calibration.shortName())
                            .append(":\n");
                    text.append(table(Stream.concat(
                                    Stream.of(HEADINGS), comparisons.stream().map(TableReport::row))
                            .toList()));
                    text.append('\n');
                });
        report.notes().forEach(note -> text.append("note: ").append(note).append('\n'));
        text.append(report.outcome()).append(": ");
        return text.append(Stream.of(Verdict.values())
                        .filter(verdict -> report.count(verdict) > 0)
                        .map(verdict -> report.count(verdict) + " " + name(verdict))
                        .collect(Collectors.joining(", ")))
                .append('\n')
                .toString();
    }

    /** What a baseline holds: the same table before there is anything to compare. */
    public static String format(Baseline baseline, Tolerance tolerance) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("benchmark", "calibration", "ratio", "noise", "runs", "found from", "B/op"));
        for (Baseline.Entry entry : baseline.entries()) {
            Double bytes = entry.bytesPerOperation();
            rows.add(List.of(
                    entry.subject().label(),
                    entry.subject().calibration().shortName(),
                    Text.figure(entry.ratio()),
                    Text.percent(entry.noise()),
                    String.valueOf(entry.observations()),
                    Text.change(Math.max(tolerance.minimumShare(), tolerance.noiseFactor() * entry.noise())),
                    bytes == null ? NONE : Text.figure(bytes)));
        }
        return table(rows);
    }

    private static List<String> row(Comparison comparison) {
        Baseline.Entry expected = comparison.expected();
        Observed observed = comparison.observed();
        boolean both = expected != null && observed != null;
        return List.of(
                comparison.subject().label(),
                expected == null ? NONE : Text.figure(expected.ratio()),
                observed == null ? NONE : Text.figure(observed.ratios().median()),
                both ? Text.change(comparison.change()) : NONE,
                both ? Text.percent(comparison.allowance()) : NONE,
                observed == null || observed.bytesPerOperation() == null
                        ? NONE
                        : Text.figure(observed.bytesPerOperation().median()),
                name(comparison.verdict()) + (comparison.reason().isEmpty() ? "" : ": " + comparison.reason()));
    }

    private static String name(Verdict verdict) {
        return verdict.name().toLowerCase(Locale.ROOT);
    }

    /** The first and the last column are words, those between are figures. */
    private static String table(List<List<String>> rows) {
        int columns = rows.get(0).size();
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < columns; column++) {
                int width = width(rows, column);
                boolean words = column == 0 || column == columns - 1;
                line.append(String.format(Locale.ROOT, (words ? "%-" : "%") + width + "s  ", row.get(column)));
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    private static int width(List<List<String>> rows, int column) {
        return rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(1);
    }
}
