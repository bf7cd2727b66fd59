package io.peregrine.client.fleet;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.credentials.InsecureCredentials;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;

/**
 * One policy over ten back ends: a calm time, a time in which at most three of them at once are in trouble, by a script
 * that a seed makes, and a calm time again.
 */
final class FleetRun {
    static final int BACKENDS = 10;
    private static final int MOST_CALLS_PER_SECOND = 1000;
    private static final int LEAST_CALLS_PER_SECOND = 50;

    /** What is measured before must be so many times what is offered then: the machine may become busier. */
    private static final int HEADROOM = 5;

    private static final int OUTSTANDING = 16;
    private static final Duration CALIBRATION = Duration.ofMillis(500);

    /** At most so many, while each carries more than the one before by a half: a JVM that has just begun becomes faster. */
    private static final int CALIBRATIONS = 4;

    private static final double RISE = 1.5;

    /** Far beyond what a machine that is busy with other things adds. */
    static final Duration DEADLINE = Duration.ofSeconds(1);

    private static final int MAX_IN_TROUBLE = 3;
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration STEP = Duration.ofMillis(250);

    /**
     * What came of it.
     *
     * @param startNs when the load began, on the clock of {@link System#nanoTime()}
     * @param troubleNs when the first back end got into trouble
     * @param calmNs when the last one was healed
     * @param callsPerSecond how many were started in a second, as the machine could carry
     * @param calls in the order of their ends
     * @param witness calls of another channel at the same time, to a back end that had no trouble
     */
    record Result(
            long startNs,
            long troubleNs,
            long calmNs,
            int callsPerSecond,
            List<CallRecord> calls,
            List<CallRecord> witness,
            List<Backend> backends) {
        /** Whether the machine itself stood still for longer than that while the call was under way. */
        boolean isMachineToBlame(CallRecord call, Duration patience) {
            return witness.stream()
                    .anyMatch(other -> other.latencyNs() > patience.toNanos()
                            && other.intendedNs() - call.endNs() <= 0
                            && call.intendedNs() - other.endNs() <= 0);
        }
    }

    private static final int WITNESS_CALLS_PER_SECOND = 100;
    private static final Duration WITNESS_DEADLINE = Duration.ofSeconds(60);

    /** It logs a warning for each stream of a connection that is reset, which is what this is about. Kept, or it is lost. */
    private static final Logger GRPC_LOG = Logger.getLogger("io.grpc.netty");

    private final String policyJson;
    private final SplittableRandom random;

    FleetRun(String policyJson, SplittableRandom random) {
        GRPC_LOG.setLevel(Level.SEVERE);
        this.policyJson = policyJson;
        this.random = random;
    }

    Result run(Duration calmBefore, Duration trouble, Duration calmAfter) throws InterruptedException {
        MultiThreadIoEventLoopGroup relays = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        List<Backend> backends = new ArrayList<>();
        try (Backend bystander = new Backend(relays.next(), timer);
                ClientConn toBystander = connect(List.of(bystander), "{\"pick_first\":{}}")) {
            for (int i = 0; i < BACKENDS; i++) {
                backends.add(new Backend(relays.next(), timer));
            }
            return run(backends, toBystander, calmBefore, trouble, calmAfter);
        } finally {
            backends.forEach(Backend::close);
            relays.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
            timer.shutdownNow();
        }
    }

    private static ClientConn connect(List<Backend> backends, String policyJson) {
        String target = backends.stream()
                .map(backend -> "127.0.0.1:" + backend.address().getPort())
                .collect(Collectors.joining(",", "static:///", ""));
        return ClientConn.builder(target)
                .credentials(InsecureCredentials.create())
                .serviceConfig(ServiceConfig.parse("{\"loadBalancingConfig\":[" + policyJson + "]}"))
                .build();
    }

    private static void awaitReady(ClientConn conn) throws InterruptedException {
        if (!conn.awaitReady(PATIENCE)) {
            throw new AssertionError("not ready: " + conn);
        }
    }

    private Result run(
            List<Backend> backends, ClientConn toBystander, Duration calmBefore, Duration trouble, Duration calmAfter)
            throws InterruptedException {
        try (ClientConn conn = connect(backends, policyJson)) {
            awaitReady(conn);
            awaitReady(toBystander);
            int callsPerSecond = carriedBy(conn);
            long startNs = System.nanoTime();
            try (OpenLoad load = new OpenLoad(conn, callsPerSecond, DEADLINE);
                    OpenLoad witness = new OpenLoad(toBystander, WITNESS_CALLS_PER_SECOND, WITNESS_DEADLINE)) {
                pause(calmBefore);
                long troubleNs = System.nanoTime();
                while (System.nanoTime() - troubleNs < trouble.toNanos()) {
                    step(backends);
                    pause(STEP);
                }
                backends.forEach(Backend::heal);
                long calmNs = System.nanoTime();
                pause(calmAfter);
                List<CallRecord> calls = load.stop(PATIENCE);
                return new Result(
                        startNs,
                        troubleNs,
                        calmNs,
                        callsPerSecond,
                        calls,
                        witness.stop(WITNESS_DEADLINE.plusSeconds(20)),
                        backends);
            }
        }
    }

    /** What the machine carries with ease, now that all is warm. Client, relays and servers share it with whoever else. */
    private static int carriedBy(ClientConn conn) {
        int calls = callsIn(CALIBRATION, conn);
        for (int i = 1, before = 0; i < CALIBRATIONS && calls > before * RISE; i++) {
            before = calls;
            calls = Math.max(before, callsIn(CALIBRATION, conn));
        }
        long perSecond = calls * Duration.ofSeconds(1).toNanos() / CALIBRATION.toNanos();
        return (int) Math.max(LEAST_CALLS_PER_SECOND, Math.min(MOST_CALLS_PER_SECOND, perSecond / HEADROOM));
    }

    private static int callsIn(Duration time, ClientConn conn) {
        int calls = 0;
        long startNs = System.nanoTime();
        while (System.nanoTime() - startNs < time.toNanos()) {
            List<CompletableFuture<byte[]>> batch = new ArrayList<>();
            for (int i = 0; i < OUTSTANDING; i++) {
                batch.add(conn.invokeFuture(Backend.CALL, new byte[100], CallOptions.deadlineAfter(PATIENCE)));
            }
            batch.forEach(CompletableFuture::join);
            calls += OUTSTANDING;
        }
        return calls;
    }

    /** Heals some that are in trouble, and troubles one that is not. */
    private void step(List<Backend> backends) {
        for (Backend backend : backends) {
            if (backend.trouble() != null && random.nextInt(3) == 0) {
                backend.heal();
            }
        }
        long inTrouble =
                backends.stream().filter(backend -> backend.trouble() != null).count();
        Backend next = backends.get(random.nextInt(backends.size()));
        if (inTrouble < MAX_IN_TROUBLE && next.trouble() == null) {
            Backend.Trouble[] kinds = Backend.Trouble.values();
            next.trouble(kinds[random.nextInt(kinds.length)]);
        }
    }

    private static void pause(Duration time) {
        long endNs = System.nanoTime() + time.toNanos();
        for (long leftNs = time.toNanos(); leftNs > 0; leftNs = endNs - System.nanoTime()) {
            LockSupport.parkNanos(leftNs);
        }
    }
}
