package io.peregrine.jmh.driver;

import io.peregrine.allocation.AllocationProbe;
import io.peregrine.jmh.process.ProcessCpu;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/** Reads off what a load costs its process, lap by lap. */
final class Meter {
    private final Load load;
    private final ProcessCpu cpu;
    private Histogram histogram;
    private long calls;
    private long bytes;
    private long switches;
    private long startedNs;

    Meter(Load load) throws IOException {
        this.load = load;
        this.cpu = new ProcessCpu();
        this.histogram = load.latencyNs().getIntervalHistogram();
    }

    /** Lets the load run for so many seconds and tells what they cost. */
    Window window(int seconds) throws IOException, InterruptedException {
        lap();
        TimeUnit.SECONDS.sleep(seconds);
        return lap();
    }

    private Window lap() throws IOException {
        long nowNs = System.nanoTime();
        long cpuNs = cpu.lapNs();
        long nowCalls = load.calls();
        long nowBytes = bytesOfOtherThreads();
        long nowSwitches = ContextSwitches.voluntary();
        histogram = load.latencyNs().getIntervalHistogram(histogram);
        double made = Math.max(1, nowCalls - calls);
        Window window = new Window(
                cpuNs / made / 1e3,
                (nowBytes - bytes) / made,
                (nowSwitches - switches) / made,
                made / ((nowNs - startedNs) / 1e9),
                histogram.getValueAtPercentile(50) / 1e3,
                histogram.getValueAtPercentile(99) / 1e3);
        startedNs = nowNs;
        calls = nowCalls;
        bytes = nowBytes;
        switches = nowSwitches;
        return window;
    }

    /** What this thread allocates is the measurement's own: it reads files, and the load has threads of its own. */
    private static long bytesOfOtherThreads() {
        long own = AllocationProbe.allocatedBytes();
        return AllocationProbe.allocatedBytesOfAllThreads() - own;
    }

    /** What one window showed, per call; the latencies are 0 if the load times none. */
    record Window(double cpuUs, double bytes, double wakeUps, double callsPerSecond, double p50Us, double p99Us) {}
}
