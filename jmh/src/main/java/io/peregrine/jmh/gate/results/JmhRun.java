package io.peregrine.jmh.gate.results;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * One invocation of JMH: the machine was the same for all its results, and as fast.
 *
 * @param file where it was read, for messages
 * @param results at least one
 */
public record JmhRun(Path file, List<JmhResult> results) {
    private static final String EXPECTED = " (expected: results of JMH, written with -rf json)";

    /** Reads the file that JMH wrote with {@code -rf json -rff FILE}. */
    private static JmhRun read(Path file) {
        JmhResult[] results;
        try (Reader reader = Files.newBufferedReader(file)) {
            results = new Gson().fromJson(reader, JmhResult[].class);
        } catch (IOException | JsonParseException e) {
            throw new UnusableInputException(
                    "results: " + file + " cannot be read: " + UnusableInputException.reasonOf(e) + EXPECTED, e);
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
    public static List<JmhRun> readAll(List<Path> files) {
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
}
