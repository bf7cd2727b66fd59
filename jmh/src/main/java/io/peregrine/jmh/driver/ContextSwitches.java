package io.peregrine.jmh.driver;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * How often the threads of this process gave up their core to wait: each wait ends with a wake-up, so this is the number
 * of wake-ups to within the threads that wait now. Linux only.
 */
final class ContextSwitches {
    private static final Path TASKS = Path.of("/proc/self/task");
    private static final String VOLUNTARY = "voluntary_ctxt_switches:";

    private ContextSwitches() {}

    /** The sum over the threads that live, since each started. */
    static long voluntary() throws IOException {
        long sum = 0;
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(TASKS)) {
            for (Path task : tasks) {
                try {
                    sum += voluntary(Files.readAllLines(task.resolve("status")));
                } catch (IOException unreadable) {
                    // A thread that has ended since it was listed is none of ours.
                    if (Files.exists(task)) {
                        throw unreadable;
                    }
                }
            }
        }
        return sum;
    }

    static long voluntary(List<String> status) {
        for (String line : status) {
            if (line.startsWith(VOLUNTARY)) {
                return Long.parseLong(line.substring(VOLUNTARY.length()).strip());
            }
        }
        throw new IllegalArgumentException(
                "status: " + status + " (expected: a line that starts with " + VOLUNTARY + ')');
    }
}
