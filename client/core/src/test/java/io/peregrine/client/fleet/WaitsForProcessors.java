package io.peregrine.client.fleet;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * How long the threads of this process were ready to run and had no processor, which the kernel counts for each: what a
 * machine that others use adds to the time of calls, and a fault of the client does not. Linux only; elsewhere it is 0.
 */
final class WaitsForProcessors implements AutoCloseable {
    private static final Path TASKS = Path.of("/proc/self/task");
    private static final long INTERVAL_NS = Duration.ofMillis(50).toNanos();

    /** All waits together until then. */
    private record Sample(long atNs, long waitedNs) {}

    private final List<Sample> samples = new ArrayList<>();
    private final Map<Path, Long> known = new HashMap<>();
    private final Thread thread = new Thread(this::run, "fleet-waits");
    private long waitedNs;
    private volatile boolean stopped;

    WaitsForProcessors() {
        thread.setDaemon(true);
        thread.start();
    }

    /** An interrupt of the caller is kept for it; what was sampled by then counts. */
    @Override
    public void close() {
        stopped = true;
        LockSupport.unpark(thread);
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        while (!stopped) {
            sample();
            LockSupport.parkNanos(INTERVAL_NS);
        }
        sample();
    }

    private void sample() {
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(TASKS)) {
            for (Path task : tasks) {
                waitedNs += newWaitsOf(task);
            }
        } catch (IOException notLinux) {
            stopped = true;
        }
        samples.add(new Sample(System.nanoTime(), waitedNs));
    }

    private long newWaitsOf(Path task) {
        try {
            long all =
                    Long.parseLong(Files.readString(task.resolve("schedstat")).split(" ", 3)[1]);
            Long before = known.put(task, all);
            return before == null ? 0 : all - before;
        } catch (IOException hasEnded) {
            known.remove(task);
            return 0;
        }
    }

    /** How long all threads together waited between two times, to the sample; of one that is closed. */
    Duration between(long fromNs, long toNs) {
        long before = 0;
        for (Sample sample : samples) {
            if (sample.atNs - fromNs <= 0) {
                before = sample.waitedNs;
            }
            if (sample.atNs - toNs >= 0) {
                return Duration.ofNanos(sample.waitedNs - before);
            }
        }
        return Duration.ofNanos(waitedNs - before);
    }
}
