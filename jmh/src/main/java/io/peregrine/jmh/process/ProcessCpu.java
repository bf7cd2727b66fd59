package io.peregrine.jmh.process;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * The CPU time of this process, user and system, less that of the JIT compilers' threads: they work for the program's
 * future, and how much of it falls into a window is chance. Linux only.
 */
public final class ProcessCpu {
    private static final Path TASKS = Path.of("/proc/self/task");

    private final OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private long processNs;
    private Map<String, Long> compilerNs = Map.of();

    /** Begins to count. */
    public ProcessCpu() throws IOException {
        lapNs();
    }

    /** The CPU time in nanoseconds since the last call. */
    public long lapNs() throws IOException {
        Map<String, Long> compilers = readCompilers();
        long process = system.getProcessCpuTime();
        long spent = process - processNs;
        for (Map.Entry<String, Long> thread : compilers.entrySet()) {
            spent -= thread.getValue() - compilerNs.getOrDefault(thread.getKey(), 0L);
        }
        processNs = process;
        compilerNs = compilers;
        return spent;
    }

    private static Map<String, Long> readCompilers() throws IOException {
        Map<String, Long> ns = new HashMap<>();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(TASKS)) {
            for (Path task : tasks) {
                try {
                    String name = Files.readString(task.resolve("comm"));
                    if (name.startsWith("C1 Compiler") || name.startsWith("C2 Compiler")) {
                        String[] schedule =
                                Files.readString(task.resolve("schedstat")).split(" ", 2);
                        ns.put(task.toString(), Long.parseLong(schedule[0]));
                    }
                } catch (IOException unreadable) {
                    // A thread that has ended since it was listed is none of ours.
                    if (Files.exists(task)) {
                        throw unreadable;
                    }
                }
            }
        }
        return ns;
    }
}
