package io.peregrine.jmh.gate.report;

import io.peregrine.jmh.gate.judgement.Baseline;
import io.peregrine.jmh.gate.judgement.Comparison;
import io.peregrine.jmh.gate.judgement.Observed;
import io.peregrine.jmh.gate.judgement.Series;
import io.peregrine.jmh.gate.judgement.Subject;
import io.peregrine.jmh.gate.judgement.Tolerance;
import io.peregrine.jmh.gate.judgement.Verdict;
import io.peregrine.jmh.gate.results.JmhRun;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * All comparisons of one check, in the order of their subjects.
 *
 * @param comparisons one for each subject of the baseline and each new one
 * @param notes what the reader should know besides, in sentences
 * @param failures the verdicts that count as a failure
 * @param exitCode one of {@link ExitCodes}
 */
public record Report(List<Comparison> comparisons, List<String> notes, Set<Verdict> failures, int exitCode) {

    /**
     * Compares runs with a baseline.
     *
     * @param failing the verdicts that count as a failure; {@link Verdict#REGRESSED} always does
     */
    public static Report of(
            Baseline baseline, Series series, Tolerance tolerance, double maxCalibrationError, Set<Verdict> failing) {
        Map<Subject, Observed> observed = new TreeMap<>();
        series.observe(baseline.rules(), maxCalibrationError)
                .forEach(subject -> observed.put(subject.subject(), subject));
        List<Comparison> comparisons = new ArrayList<>();
        for (Baseline.Entry expected : baseline.entries()) {
            Observed now = observed.remove(expected.subject());
            comparisons.add(now == null ? missing(expected) : tolerance.compare(expected, now));
        }
        observed.values().forEach(now -> comparisons.add(added(now)));
        comparisons.sort(Comparator.comparing(Comparison::subject));
        Set<Verdict> failures = EnumSet.of(Verdict.REGRESSED);
        failures.addAll(failing);
        return new Report(comparisons, notes(baseline, series), failures, exitCode(comparisons, failures));
    }

    private static Comparison missing(Baseline.Entry expected) {
        return new Comparison(expected.subject(), Verdict.MISSING, "not in these runs", expected, null, 0);
    }

    private static Comparison added(Observed observed) {
        return new Comparison(observed.subject(), Verdict.NEW, "not in the baseline", null, observed, 0);
    }

    private static List<String> notes(Baseline baseline, Series series) {
        Set<String> notes = new LinkedHashSet<>();
        for (JmhRun run : series.runs()) {
            baseline.environment().differenceOf(run).ifPresent(notes::add);
        }
        return List.copyOf(notes);
    }

    /** What is known to be worse fails; else what could not be judged is no pass; nothing compared is none either. */
    private static int exitCode(List<Comparison> comparisons, Set<Verdict> failures) {
        if (comparisons.stream().anyMatch(comparison -> failures.contains(comparison.verdict()))) {
            return ExitCodes.REGRESSION;
        }
        boolean judged = comparisons.stream()
                .anyMatch(comparison -> comparison.expected() != null && comparison.observed() != null);
        boolean undecided = comparisons.stream().anyMatch(comparison -> comparison.verdict() == Verdict.UNDECIDED);
        return judged && !undecided ? ExitCodes.PASSED : ExitCodes.CANNOT_JUDGE;
    }

    /** How many comparisons ended so. */
    public long count(Verdict verdict) {
        return comparisons.stream()
                .filter(comparison -> comparison.verdict() == verdict)
                .count();
    }

    /** How many comparisons ended in one of these ways. */
    public long count(Set<Verdict> verdicts) {
        return comparisons.stream()
                .filter(comparison -> verdicts.contains(comparison.verdict()))
                .count();
    }

    /** The exit code in a word. */
    public String outcome() {
        return switch (exitCode) {
            case ExitCodes.PASSED -> "passed";
            case ExitCodes.REGRESSION -> "regression";
            default -> "cannot judge";
        };
    }
}
