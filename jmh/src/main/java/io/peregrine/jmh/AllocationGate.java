package io.peregrine.jmh;

import io.peregrine.allocation.AllocationProbe;
import io.peregrine.jmh.AllocationLimits.Outcome;
import io.peregrine.jmh.AllocationLimits.Verdict;
import io.peregrine.jmh.driver.Load;
import io.peregrine.jmh.driver.Workload;
import io.peregrine.jmh.peer.ClientSetup;
import io.peregrine.jmh.peer.Peer;
import io.peregrine.jmh.server.EchoServer;
import io.peregrine.jmh.server.ServerProcess;
import io.peregrine.jmh.server.StreamServer;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Fails the build when a call allocates more heap than the file of limits allows.
 *
 * <p>The figure of a case is the least of many windows: all threads of this process are counted to the byte, so what
 * a call allocates is in each window, while what a window has besides comes from the JVM (a compilation, a class).
 */
public final class AllocationGate {
    private static final long WINDOW_MS = 500;

    /** For a case over its limit: long enough for C2 to have compiled the path, on two cores shared with the server. */
    private static final int MIN_WINDOWS = 16;

    private static final int MAX_WINDOWS = 50;

    /** So many windows without a lower figure end a case that is over its limit. */
    private static final int STEADY_WINDOWS = 8;

    /** And so many one within it: what comes later can only be lower, and show that the limit may be. */
    private static final int STEADY_WINDOWS_WITHIN = 3;

    private static final double STEADY_BYTES = 0.5;

    private static final String PEREGRINE = Peer.PEREGRINE.toString();
    private static final String FACADE_DIRECT = Peer.FACADE_DIRECT.toString();
    private static final String DRIVEN = Peer.PEREGRINE_DRIVEN.toString();

    private static final List<Case> CASES = List.of(
            new Case("async-100-reusable", PEREGRINE, "100", "reusable"),
            new Case("async-1-reusable", PEREGRINE, "1", "reusable"),
            new Case("blocking-1-reusable", PEREGRINE, "blocking", "reusable"),
            new Case("driven-1-reusable", DRIVEN, "blocking", "reusable"),
            new Case("async-100-bytes", PEREGRINE, "100", "bytes"),
            new Case("blocking-1-bytes", PEREGRINE, "blocking", "bytes"),
            new Case("async-100-protobuf", PEREGRINE, "100", "protobuf"),
            new Case("ping-pong-reusable", PEREGRINE, "ping-pong-loop", "reusable"),
            new Case("facade-async-100-protobuf", FACADE_DIRECT, "100", "protobuf"),
            new Case("facade-blocking-1-protobuf", FACADE_DIRECT, "blocking", "protobuf"));

    private AllocationGate() {}

    /** Measures all cases; exits with 1 if one is over its limit. The argument is the file of limits. */
    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length != 1) {
            System.err.println("usage: AllocationGate LIMITS-FILE");
            System.exit(2);
        }
        AllocationLimits limits;
        try (Reader file = Files.newBufferedReader(Path.of(args[0]))) {
            limits = AllocationLimits.read(file);
        }
        boolean exceeded = false;
        try (EchoServer server = EchoServer.givenOrStarted();
                ServerProcess streams = ServerProcess.start(StreamServer.class.getName())) {
            for (Case measured : CASES) {
                String address = measured.isStream() ? streams.address() : server.address();
                Verdict verdict =
                        limits.judge(measured.name, measured.bytesPerCall(address, limits.limit(measured.name)));
                System.out.println("allocation gate: " + verdict);
                exceeded |= verdict.outcome() == Outcome.EXCEEDED;
            }
        }
        if (exceeded) {
            System.err.println("allocation gate: a call allocates more than " + args[0] + " allows. Find the new object"
                    + " with an allocation profiler, or raise the limit in the commit that says why.");
            System.exit(1);
        }
    }

    /** What is measured, in the words of {@link Workload#open}. */
    private record Case(String name, String peer, String mode, String payload) {
        boolean isStream() {
            return mode.startsWith("ping-pong");
        }

        double bytesPerCall(String address, double limit) throws InterruptedException {
            try (Workload workload = Workload.open(mode, peer, ClientSetup.plaintext(address), payload)) {
                Load load = workload.load();
                load.start();
                double least = leastOfWindows(load, limit);
                load.stop();
                return least;
            }
        }

        private static double leastOfWindows(Load load, double limit) throws InterruptedException {
            double least = Double.MAX_VALUE;
            int steady = 0;
            for (int i = 0; i < MAX_WINDOWS && !isEnough(i, steady, least <= limit); i++) {
                double bytes = window(load);
                steady = bytes < least - STEADY_BYTES ? 0 : steady + 1;
                least = Math.min(least, bytes);
            }
            return least;
        }

        private static boolean isEnough(int windows, int steady, boolean within) {
            return within ? steady >= STEADY_WINDOWS_WITHIN : windows >= MIN_WINDOWS && steady >= STEADY_WINDOWS;
        }

        private static double window(Load load) throws InterruptedException {
            Set<Thread> threads = Thread.getAllStackTraces().keySet();
            long calls = load.calls();
            long bytes = AllocationProbe.allocatedBytesOfAllThreads();
            TimeUnit.MILLISECONDS.sleep(WINDOW_MS);
            long allocated = AllocationProbe.allocatedBytesOfAllThreads() - bytes;
            // Counted after the bytes, so that a call under way cannot make the figure too low by much.
            long made = load.calls() - calls;
            // A thread that has ended, as those of the case before do, has taken its bytes out of the sum.
            boolean whole = threads.stream().allMatch(Thread::isAlive);
            return made == 0 || !whole ? Double.MAX_VALUE : (double) allocated / made;
        }
    }
}
