package io.peregrine.client.fleet;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.peregrine.client.ClientConn;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.credentials.InsecureCredentials;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
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
    static final int CALLS_PER_SECOND = 1000;
    static final Duration DEADLINE = Duration.ofMillis(400);

    private static final int MAX_IN_TROUBLE = 3;
    private static final Duration STEP = Duration.ofMillis(250);

    /**
     * What came of it.
     *
     * @param startNs when the load began, on the clock of {@link System#nanoTime()}
     * @param troubleNs when the first back end got into trouble
     * @param calmNs when the last one was healed
     * @param calls in the order of their ends
     * @param witness calls of another channel at the same time, to a back end that had no trouble
     */
    record Result(
            long startNs,
            long troubleNs,
            long calmNs,
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
        if (!conn.awaitReady(Duration.ofSeconds(20))) {
            throw new AssertionError("not ready: " + conn);
        }
    }

    private Result run(
            List<Backend> backends, ClientConn toBystander, Duration calmBefore, Duration trouble, Duration calmAfter)
            throws InterruptedException {
        try (ClientConn conn = connect(backends, policyJson)) {
            awaitReady(conn);
            awaitReady(toBystander);
            long startNs = System.nanoTime();
            try (OpenLoad load = new OpenLoad(conn, CALLS_PER_SECOND, DEADLINE);
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
                List<CallRecord> calls = load.stop(Duration.ofSeconds(20));
                return new Result(
                        startNs, troubleNs, calmNs, calls, witness.stop(WITNESS_DEADLINE.plusSeconds(20)), backends);
            }
        }
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
