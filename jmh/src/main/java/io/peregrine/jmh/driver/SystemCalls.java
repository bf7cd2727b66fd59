package io.peregrine.jmh.driver;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Counts the system calls of this process, all its threads, with {@code strace -c -f}: which has to be installed and
 * allowed to trace its parent, and which makes each call many times as long, so that nothing else can be measured
 * meanwhile. What is counted per call may differ from an untraced run where batches grow with the time they take.
 */
final class SystemCalls {
    private static final String ATTACHED = "attached";
    private static final int SHOWN = 5;

    private final Process strace;
    private final Path summary;

    private SystemCalls(Process strace, Path summary) {
        this.strace = strace;
        this.summary = summary;
    }

    /** Begins to count, as soon as strace holds all threads. */
    static SystemCalls trace() throws IOException {
        Path summary = Files.createTempFile("system-calls-", ".txt");
        Process strace = new ProcessBuilder(
                        "strace",
                        "-c",
                        "-f",
                        "-o",
                        summary.toString(),
                        "-p",
                        Long.toString(ProcessHandle.current().pid()))
                .start();
        BufferedReader said = strace.errorReader();
        String line = said.readLine();
        if (line == null || !line.contains(ATTACHED)) {
            strace.destroy();
            throw new IOException("strace: " + line + " (expected: that it has attached to this process)");
        }
        return new SystemCalls(strace, summary);
    }

    /** Ends the count and gives what was counted, by the name of the system call. */
    Map<String, Long> stop() throws IOException, InterruptedException {
        strace.destroy();
        strace.waitFor();
        List<String> lines = Files.readAllLines(summary);
        Files.delete(summary);
        return parse(lines);
    }

    /** Reads strace's table: a line for each system call with its share first, the calls fourth and the name last. */
    static Map<String, Long> parse(List<String> lines) {
        Map<String, Long> counts = new TreeMap<>();
        for (String line : lines) {
            String[] columns = line.strip().split(" +");
            if (columns.length >= 5 && columns[0].matches("[0-9.]+") && !columns[columns.length - 1].equals("total")) {
                counts.put(columns[columns.length - 1], Long.parseLong(columns[3]));
            }
        }
        return counts;
    }

    /** The most frequent ones, per call, as {@code futex 3.10, recvfrom 1.00}. */
    static String perCall(Map<String, Long> counts, double calls) {
        return counts.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .limit(SHOWN)
                .map(count -> String.format(Locale.ROOT, "%s %.3f", count.getKey(), count.getValue() / calls))
                .collect(Collectors.joining(", "));
    }
}
