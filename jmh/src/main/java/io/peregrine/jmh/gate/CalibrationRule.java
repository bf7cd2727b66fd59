package io.peregrine.jmh.gate;

import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Which benchmarks are measured against which one. Both regular expressions are searched in the name with
 * parameters, as {@link BenchmarkId#nameWithParams} writes it.
 *
 * @param calibration finds exactly one benchmark
 * @param benchmarks finds those compared with it; a calibration benchmark is never among them
 * @param metric which of their metrics is compared, with the calibration's own if it has that one, else with its score
 */
record CalibrationRule(String calibration, String benchmarks, String metric) {
    CalibrationRule {
        compile("calibration", calibration);
        compile("benchmarks", benchmarks);
    }

    Pattern calibrationPattern() {
        return compile("calibration", calibration);
    }

    Pattern benchmarksPattern() {
        return compile("benchmarks", benchmarks);
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
