package io.peregrine.jmh.gate;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One invocation of JMH: the machine was the same for all its results, and as fast.
 *
 * @param file where it was read, for messages
 * @param results at least one
 */
record JmhRun(Path file, List<JmhResult> results) {
    private static final String EXPECTED = " (expected: results of JMH, written with -rf json)";

    /** Reads the file that JMH wrote with {@code -rf json -rff FILE}. */
    static JmhRun read(Path file) {
        JmhResult[] results;
        try (Reader reader = Files.newBufferedReader(file)) {
            results = new Gson().fromJson(reader, JmhResult[].class);
        } catch (IOException | JsonParseException e) {
            throw new UnusableInputException("results: " + file + " cannot be read: " + Text.reason(e) + EXPECTED, e);
        }
        if (results == null || results.length == 0) {
            throw new UnusableInputException("results: " + file + " has none" + EXPECTED);
        }
        for (JmhResult result : results) {
            if (result == null || !result.isComplete()) {
                throw new UnusableInputException(
                        "results: " + file + " has one without benchmark, mode, threads or score" + EXPECTED);
            }
        }
        return new JmhRun(file, List.of(results));
    }

    /** Reads several, each once: the same run again would seem to have no noise. */
    static List<JmhRun> readAll(List<Path> files) {
        List<JmhRun> runs = new ArrayList<>();
        Set<Path> seen = new HashSet<>();
        for (Path file : files) {
            if (!seen.add(file.toAbsolutePath().normalize())) {
                throw new UnusableInputException("results: " + file + " is given twice (expected: each run once)");
            }
            runs.add(read(file));
        }
        return runs;
    }

    /** The result of a benchmark, if the run has it. */
    Optional<JmhResult> find(BenchmarkId id) {
        return results.stream().filter(result -> result.id().equals(id)).findFirst();
    }

    /**
     * The one benchmark that a rule takes for calibration.
     *
     * @throws UnusableInputException if none matches, or more than one does
     */
    JmhResult calibration(CalibrationRule rule) {
        List<JmhResult> matching = results.stream()
                .filter(result -> result.id().matches(rule.calibrationPattern()))
                .toList();
        if (matching.size() != 1) {
            Stream<JmhResult> listed = matching.isEmpty() ? results.stream() : matching.stream();
            throw new UnusableInputException("calibration: " + rule.calibration() + " matches "
                    + (matching.isEmpty() ? "no benchmark" : matching.size() + " benchmarks") + " in " + file
                    + " (expected: exactly one of "
                    + listed.map(result -> result.id().nameWithParams())
                            .sorted()
                            .collect(Collectors.joining("; "))
                    + ")");
        }
        return matching.get(0);
    }
}
