package io.peregrine.jmh.driver;

import io.peregrine.jmh.driver.Meter.Window;
import io.peregrine.jmh.peer.ClientSetup;
import io.peregrine.jmh.peer.ServerTrust;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Measures what a call costs the process of one client: CPU time, heap bytes, wake-ups and latency, as JSON on one line.
 *
 * <p>When the costs per second have come to rest, prints {@code warm PID} and gives the reader of that line some seconds
 * to pin the process; then measures in windows of {@value #WINDOW_SECONDS} s. {@code compare.sh} and {@code table.sh} run
 * it for several clients in turns.
 */
public final class CpuPerCall {
    private static final int WINDOW_SECONDS = 2;
    private static final int SETTLE_SECONDS = 3;
    private static final int MIN_WARM_UP_SECONDS = 8;
    private static final int MAX_WARM_UP_SECONDS = 30;

    /** The seconds that have to agree, and how well, before the warm-up ends. */
    private static final int FLAT_SECONDS = 4;

    private static final double FLAT_RATIO = 1.04;

    private static final String USAGE = "PEER " + Workload.MODES + " SECONDS HOST:PORT [bytes|reusable|protobuf]"
            + " [--tls CERTIFICATE] [--min-warm-up SECONDS] [--max-warm-up SECONDS] [--settle SECONDS]"
            + " [--syscalls SECONDS]";
    private static final Set<String> OPTIONS =
            Set.of("--tls", "--min-warm-up", "--max-warm-up", "--settle", "--syscalls");

    private final Arguments arguments;

    private CpuPerCall(Arguments arguments) {
        this.arguments = arguments;
    }

    /**
     * Runs one measurement; exits with 2 if there is an argument that it does not know.
     *
     * @param args peer, mode, seconds to measure, {@code host:port}, and the payload if it is not to be
     *     {@code bytes}; then options. {@code --tls} names the PEM file that
     *     the server is trusted by; {@code --syscalls} counts system calls for so many seconds in the end
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        try {
            CpuPerCall measurement = new CpuPerCall(Arguments.parse(USAGE, 4, 5, OPTIONS, args));
            System.out.println(measurement.run());
        } catch (IllegalArgumentException refused) {
            System.err.println(refused.getMessage());
            System.exit(2);
        }
    }

    private JsonLine run() throws IOException, InterruptedException {
        String peer = arguments.value(0);
        String mode = arguments.value(1);
        String payload = arguments.value(4, "bytes");
        String certificate = arguments.option("--tls");
        ServerTrust trust = certificate == null ? null : ServerTrust.shared(Path.of(certificate));
        try (Workload work = Workload.open(mode, peer, ClientSetup.of(arguments.value(3), trust), payload)) {
            Meter meter = new Meter(work.load());
            work.load().start();
            int warmUpSeconds = warmUp(meter);
            System.out.println("warm " + ProcessHandle.current().pid());
            meter.window(arguments.option("--settle", SETTLE_SECONDS));
            List<Window> windows = new ArrayList<>();
            for (int left = arguments.number(2); left > 0; left -= WINDOW_SECONDS) {
                windows.add(meter.window(WINDOW_SECONDS));
            }
            JsonLine line = Results.newLine("CpuPerCall", peer, mode, trust != null)
                    .put("payload", payload)
                    .put("warmUpSeconds", warmUpSeconds, 0);
            addFigures(line, windows);
            if (work.messageBytes() > 0) {
                line.put("messageBytes", work.messageBytes(), 0);
            }
            if (arguments.option("--syscalls") != null) {
                addSystemCalls(line, work.load(), arguments.option("--syscalls", 1));
            }
            work.load().stop();
            return line;
        }
    }

    private int warmUp(Meter meter) throws IOException, InterruptedException {
        int least = arguments.option("--min-warm-up", MIN_WARM_UP_SECONDS);
        int most = arguments.option("--max-warm-up", MAX_WARM_UP_SECONDS);
        List<Double> costs = new ArrayList<>();
        while (costs.size() < most) {
            costs.add(meter.window(1).cpuUs());
            if (costs.size() >= Math.max(least, FLAT_SECONDS)
                    && isFlat(costs.subList(costs.size() - FLAT_SECONDS, costs.size()))) {
                break;
            }
        }
        return costs.size();
    }

    private static boolean isFlat(List<Double> costs) {
        return Statistics.greatest(costs) <= Statistics.least(costs) * FLAT_RATIO;
    }

    private static void addFigures(JsonLine line, List<Window> windows) {
        List<Double> cpuUs = figures(windows, Window::cpuUs);
        line.put("windows", windows.size(), 0)
                .put("cpuUs", Statistics.median(cpuUs), 3)
                .put("cpuUsMin", Statistics.least(cpuUs), 3)
                .put("cpuUsMax", Statistics.greatest(cpuUs), 3)
                .put("p50Us", Statistics.median(figures(windows, Window::p50Us)), 1)
                .put("p99Us", Statistics.median(figures(windows, Window::p99Us)), 1)
                .put("bytes", Statistics.median(figures(windows, Window::bytes)), 1)
                .put("wakeUps", Statistics.median(figures(windows, Window::wakeUps)), 3)
                .put("callsPerSecond", Statistics.median(figures(windows, Window::callsPerSecond)), 0);
    }

    private static List<Double> figures(List<Window> windows, Function<Window, Double> figure) {
        return windows.stream().map(figure).toList();
    }

    private static void addSystemCalls(JsonLine line, Load load, int seconds) throws IOException, InterruptedException {
        SystemCalls trace = SystemCalls.trace();
        long before = load.calls();
        TimeUnit.SECONDS.sleep(seconds);
        double calls = Math.max(1, load.calls() - before);
        Map<String, Long> counts = trace.stop();
        line.put(
                        "systemCalls",
                        counts.values().stream().mapToLong(count -> count).sum() / calls,
                        3)
                .put("systemCallsByName", SystemCalls.perCall(counts, calls));
    }
}
