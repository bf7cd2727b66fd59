package io.peregrine.jmh.gate.judgement;

import io.peregrine.jmh.gate.results.BenchmarkId;
import io.peregrine.jmh.gate.results.JmhResult;
import io.peregrine.jmh.gate.results.JmhRun;
import io.peregrine.jmh.gate.results.UnusableInputException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;

/**
 * Which benchmarks are measured against which one. Both regular expressions are searched in the name with
 * parameters, as {@link BenchmarkId#nameWithParams} writes it.
 *
 * @param calibration finds exactly one benchmark in each run that has any of those compared with it
 * @param benchmarks finds those compared with it; a calibration benchmark is never among them
 * @param metric which of their metrics is compared, with the calibration's own if it has that one, else with its score
 */
public record CalibrationRule(String calibration, String benchmarks, String metric) {
    /** Refuses what is no regular expression. */
    public CalibrationRule {
        compile("calibration", calibration);
        compile("benchmarks", benchmarks);
    }

    /**
     * The calibration of a run, if it has one.
     *
     * @throws UnusableInputException if more than one benchmark matches
     */
    Optional<JmhResult> calibrationIn(JmhRun run) {
        Pattern pattern = compile("calibration", calibration);
        List<JmhResult> matching = run.results().stream()
                .filter(result -> result.id().matches(pattern))
                .toList();
        if (matching.size() > 1) {
            throw refused(matching.size() + " benchmarks", run, matching);
        }
        return matching.stream().findFirst();
    }

    /** What to say of a run that should have the calibration and does not. */
    UnusableInputException missingIn(JmhRun run) {
        return refused("no benchmark", run, run.results());
    }

    private UnusableInputException refused(String found, JmhRun run, List<JmhResult> candidates) {
        return new UnusableInputException("calibration: " + calibration + " matches " + found + " in " + run.file()
                + " (expected: exactly one of "
                + candidates.stream()
                        .map(result -> result.id().nameWithParams())
                        .sorted()
                        .collect(Collectors.joining("; "))
                + ")");
    }

    /** The benchmarks of a run that are measured against the calibration; calibrations of any rule are none of them. */
    List<JmhResult> benchmarksIn(JmhRun run, Set<BenchmarkId> calibrations) {
        Pattern pattern = compile("benchmarks", benchmarks);
        return run.results().stream()
                .filter(result -> result.id().matches(pattern) && !calibrations.contains(result.id()))
                .toList();
    }

    private static Pattern compile(String what, String regex) {
        try {
            return Pattern.compile(regex);
        } catch (PatternSyntaxException e) {
            throw new UnusableInputException(
                    what + ": " + regex + " (expected: a regular expression: " + e.getDescription() + ")", e);
        }
    }
}
