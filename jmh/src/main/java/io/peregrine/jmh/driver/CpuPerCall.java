package io.peregrine.jmh.driver;

import io.peregrine.allocation.AllocationProbe;
import io.peregrine.jmh.peer.EchoClient;
import io.peregrine.jmh.peer.Payload;
import io.peregrine.jmh.peer.Peer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.HdrHistogram.Histogram;

/**
 * Measures what a call costs the process of one client: CPU time, heap bytes and latency, as JSON on one line.
 *
 * <p>When the costs per second have come to rest, prints {@code warm PID} and gives the reader of that line
 * {@value #SETTLE_SECONDS} s to pin the process; then measures in windows of {@value #WINDOW_SECONDS} s.
 * {@code compare.sh} runs it for two clients in turns.
 */
public final class CpuPerCall {
    private static final int SETTLE_SECONDS = 3;
    private static final int WINDOW_SECONDS = 2;
    private static final int MIN_WARM_UP_SECONDS = 8;
    private static final int MAX_WARM_UP_SECONDS = 30;

    /** The seconds that have to agree, and how well, before the warm-up ends. */
    private static final int FLAT_SECONDS = 4;

    private static final double FLAT_RATIO = 1.04;

    private final Load load;
    private final ProcessCpu cpu;
    private Histogram histogram;
    private long calls;
    private long bytes;
    private long startedNs;

    private CpuPerCall(Load load) throws IOException {
        this.load = load;
        this.cpu = new ProcessCpu();
        this.histogram = load.latencyNs().getIntervalHistogram();
    }

    /**
     * Runs one measurement.
     *
     * @param args peer; {@code blocking} or the number of calls outstanding; seconds to measure; {@code host:port};
     *     optionally {@code bytes} (the default) or {@code protobuf}
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length != 4 && args.length != 5) {
            System.err.println("usage: CpuPerCall PEER blocking|OUTSTANDING SECONDS HOST:PORT [bytes|protobuf]");
            System.exit(2);
        }
        Payload<?> payload = Payload.named(args.length == 5 ? args[4] : "bytes");
        System.out.println(measure(args, payload));
    }

    private static <M> String measure(String[] args, Payload<M> payload) throws IOException, InterruptedException {
        Peer peer = Peer.named(args[0]);
        try (EchoClient<M> client = peer.connect(args[3], payload)) {
            client.call(payload.message());
            Load load = Load.of(args[1], client, payload);
            CpuPerCall measurement = new CpuPerCall(load);
            load.start();
            int warmUpSeconds = measurement.warmUp();
            System.out.println("warm " + ProcessHandle.current().pid());
            measurement.window(SETTLE_SECONDS);
            List<Window> windows = new ArrayList<>();
            for (int left = Integer.parseInt(args[2]); left > 0; left -= WINDOW_SECONDS) {
                windows.add(measurement.window(WINDOW_SECONDS));
            }
            load.stop();
            return json(peer, args[1], payload, warmUpSeconds, windows);
        }
    }

    private int warmUp() throws IOException, InterruptedException {
        List<Double> costs = new ArrayList<>();
        while (costs.size() < MAX_WARM_UP_SECONDS) {
            costs.add(window(1).cpuUs());
            if (costs.size() >= MIN_WARM_UP_SECONDS
                    && isFlat(costs.subList(costs.size() - FLAT_SECONDS, costs.size()))) {
                break;
            }
        }
        return costs.size();
    }

    private static boolean isFlat(List<Double> costs) {
        double lowest = costs.stream().mapToDouble(cost -> cost).min().orElseThrow();
        double highest = costs.stream().mapToDouble(cost -> cost).max().orElseThrow();
        return highest <= lowest * FLAT_RATIO;
    }

    /** Lets the load run for so many seconds and tells what they cost. */
    private Window window(int seconds) throws IOException, InterruptedException {
        lap();
        TimeUnit.SECONDS.sleep(seconds);
        return lap();
    }

    private Window lap() throws IOException {
        long nowNs = System.nanoTime();
        long cpuNs = cpu.lapNs();
        long nowCalls = load.calls();
        long nowBytes = AllocationProbe.allocatedBytesOfAllThreads();
        histogram = load.latencyNs().getIntervalHistogram(histogram);
        double made = Math.max(1, nowCalls - calls);
        Window window = new Window(
                cpuNs / made / 1e3,
                (nowBytes - bytes) / made,
                made / ((nowNs - startedNs) / 1e9),
                histogram.getValueAtPercentile(50) / 1e3,
                histogram.getValueAtPercentile(99) / 1e3);
        startedNs = nowNs;
        calls = nowCalls;
        bytes = nowBytes;
        return window;
    }

    private static String json(Peer peer, String mode, Payload<?> payload, int warmUpSeconds, List<Window> windows) {
        return String.format(
                Locale.ROOT,
                "{\"peer\":\"%s\",\"mode\":\"%s\",\"payload\":\"%s\",\"windows\":%d,\"warmUpSeconds\":%d,"
                        + "\"cpuUs\":%.3f,\"cpuUsMin\":%.3f,\"cpuUsMax\":%.3f,\"p50Us\":%.1f,\"p99Us\":%.1f,"
                        + "\"bytes\":%.1f,\"callsPerSecond\":%.0f}",
                peer,
                mode,
                payload.message() instanceof byte[] ? "bytes" : "protobuf",
                windows.size(),
                warmUpSeconds,
                median(windows, Window::cpuUs),
                windows.stream().mapToDouble(Window::cpuUs).min().orElseThrow(),
                windows.stream().mapToDouble(Window::cpuUs).max().orElseThrow(),
                median(windows, Window::p50Us),
                median(windows, Window::p99Us),
                median(windows, Window::bytes),
                median(windows, Window::callsPerSecond));
    }

    private static double median(List<Window> windows, ToDoubleFunction<Window> figure) {
        double[] sorted = windows.stream().mapToDouble(figure).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /** What one window showed, per call. */
    private record Window(double cpuUs, double bytes, double callsPerSecond, double p50Us, double p99Us) {}
}
