package io.peregrine.client;

import static io.peregrine.client.GatedServer.ECHO;
import static io.peregrine.client.GatedServer.WAIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.internal.PlatformDependent;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.testkit.LeakCheck;
import io.peregrine.testkit.Seeds;
import java.io.File;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * 100 000 calls while everything around them comes and goes: channels, servers (with GOAWAY and without), connections
 * (cut by a RST), cancels and deadlines. Every call ends once and as it may, and afterwards there is no more heap,
 * direct memory, thread or file descriptor than before (HOSTILE.md P1, P5, P11).
 */
@Tag("soak")
class ConnectionSoak {
    /** Held, or the level would be forgotten: grpc-java tells of each connection that is cut. */
    private static final Logger SERVER_LOG = Logger.getLogger("io.grpc");

    private static final int CALLS = 100_000;

    /** The first part warms up: code, pools and caches fill. */
    private static final int PHASES = 5;

    private static final int MAX_IN_FLIGHT = 64;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** What caches and pools of both sides may differ by between two looks: 100 bytes for each call between them. */
    private static final long HEAP_SLACK_BYTES = 6_000_000;

    /** One chunk of each pool, of the server's among them, may come or go. */
    private static final long DIRECT_SLACK_BYTES = 4L << 20;

    /** Answered, lost with its connection, or cancelled by its caller or with its channel. */
    private static final Set<StatusCode> ANY_END =
            EnumSet.of(StatusCode.OK, StatusCode.UNAVAILABLE, StatusCode.CANCELLED);

    private static final Set<StatusCode> ANY_END_IN_TIME =
            EnumSet.of(StatusCode.OK, StatusCode.UNAVAILABLE, StatusCode.CANCELLED, StatusCode.DEADLINE_EXCEEDED);

    private final Semaphore inFlight = new Semaphore(MAX_IN_FLIGHT);
    private final AtomicInteger ends = new AtomicInteger();
    private final AtomicReference<String> wrong = new AtomicReference<>();
    private final Map<StatusCode, Integer> statuses = new ConcurrentHashMap<>();
    private int calls;

    @Test
    void nothingIsLeftOfAHundredThousandCallsOverConnectionsThatComeAndGo() throws Exception {
        SERVER_LOG.setLevel(Level.OFF);
        SplittableRandom random = Seeds.random("a soak leaves nothing behind");
        Set<Thread> threadsBefore = Thread.getAllStackTraces().keySet();
        List<Usage> usages = new ArrayList<>();
        try (Surroundings surroundings = new Surroundings()) {
            for (int phase = 0; phase < PHASES; phase++) {
                runPhase(surroundings, random);
                usages.add(Usage.afterCollection());
            }
            surroundings.conn.close();
            assertThat(surroundings.conn.awaitTermination(PATIENCE)).isTrue();
            System.out.println("soak: " + statuses + ", " + surroundings + ", " + usages);
        }

        assertThat(wrong.get()).isNull();
        assertThat(ends).hasValue(CALLS);
        assertThat(statuses.getOrDefault(StatusCode.OK, 0)).isGreaterThan(CALLS / 2);
        assertFlat(usages);
        awaitEndOf(threadsBefore);
        assertThat(openFiles())
                .as("open files")
                .isLessThanOrEqualTo(usages.get(0).openFiles());
    }

    private void runPhase(Surroundings surroundings, SplittableRandom random) throws Exception {
        for (int i = 0; i < CALLS / PHASES; i++) {
            if (random.nextInt(500) == 0) {
                surroundings.change(random.nextInt(6));
            }
            acquire(1);
            start(surroundings, random);
        }
        surroundings.server.release();
        acquire(MAX_IN_FLIGHT);
        inFlight.release(MAX_IN_FLIGHT);
    }

    private void acquire(int permits) throws InterruptedException {
        assertThat(inFlight.tryAcquire(permits, PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .as("calls end within %s; %d of %d have", PATIENCE, ends.get(), calls)
                .isTrue();
    }

    private void start(Surroundings surroundings, SplittableRandom random) {
        calls++;
        byte[] request = new byte[random.nextInt(1 << random.nextInt(1, 14))];
        CallOptions patient = CallOptions.deadlineAfter(PATIENCE).withWaitForReady(true);
        switch (random.nextInt(20)) {
            case 0 -> {
                End end = new End(ANY_END);
                surroundings.conn.invokeAsync(ECHO, request, patient, end).cancel();
            }
            case 1 -> {
                End end = new End(ANY_END);
                surroundings.conn.invokeAsync(WAIT, request, patient, end).cancel();
            }
            case 2 -> {
                CallOptions hasty = CallOptions.deadlineAfter(Duration.ofMillis(1 + random.nextInt(20)));
                surroundings.conn.invokeAsync(WAIT, request, hasty, new End(ANY_END_IN_TIME));
            }
            default -> surroundings.conn.invokeAsync(ECHO, request, patient, new End(ANY_END));
        }
    }

    /** The heap and the direct memory after each part but the first are what they were after the second. */
    private static void assertFlat(List<Usage> usages) {
        Usage warm = usages.get(1);
        Usage last = usages.get(PHASES - 1);
        assertThat(last.heapBytes() - warm.heapBytes())
                .as("heap grew: %s", usages)
                .isLessThan(HEAP_SLACK_BYTES);
        assertThat(last.directBytes() - warm.directBytes())
                .as("direct memory grew: %s", usages)
                .isLessThan(DIRECT_SLACK_BYTES);
        assertThat(last.openFiles() - warm.openFiles())
                .as("open files: %s", usages)
                .isLessThan(8);
    }

    /** Only what belongs to the client and to this test; grpc-java keeps its own threads for a while. */
    private static void awaitEndOf(Set<Thread> before) throws InterruptedException {
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            boolean ours = thread.getName().startsWith("peregrine-")
                    || thread.getName().startsWith("cutting-proxy-");
            if (ours && !before.contains(thread)) {
                thread.join(PATIENCE.toMillis());
                assertThat(thread.isAlive()).as("thread %s", thread.getName()).isFalse();
            }
        }
    }

    /** How many descriptors this process has; 0 where the system does not say. */
    private static int openFiles() {
        String[] descriptors = new File("/proc/self/fd").list();
        return descriptors == null ? 0 : descriptors.length;
    }

    /** What the JVM counts, and what Netty takes beside it where it may. */
    private static long directBytes() {
        long counted = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
        return counted + Math.max(0, PlatformDependent.usedDirectMemory());
    }

    private record Usage(long heapBytes, long directBytes, int openFiles) {
        static Usage afterCollection() {
            assertThat(LeakCheck.collectLeaks()).as("leaked buffers").isEmpty();
            Runtime runtime = Runtime.getRuntime();
            return new Usage(
                    runtime.totalMemory() - runtime.freeMemory(),
                    ConnectionSoak.directBytes(),
                    ConnectionSoak.openFiles());
        }
    }

    /** Takes the end of one call. */
    private final class End implements UnaryCallback<byte[]> {
        private final Set<StatusCode> allowed;
        private final AtomicInteger count = new AtomicInteger();

        End(Set<StatusCode> allowed) {
            this.allowed = allowed;
        }

        @Override
        public void onSuccess(byte[] response, Metadata trailers) {
            end(StatusCode.OK, "");
        }

        @Override
        public void onFailure(StatusException failure) {
            end(failure.status().code(), String.valueOf(failure.getMessage()));
        }

        private void end(StatusCode code, String message) {
            statuses.merge(code, 1, Integer::sum);
            if (count.incrementAndGet() != 1) {
                wrong.compareAndSet(null, "a call ended twice, the last time with " + code + ": " + message);
                return;
            }
            if (!allowed.contains(code)) {
                wrong.compareAndSet(null, code + " (expected: one of " + allowed + "): " + message);
            }
            ends.incrementAndGet();
            inFlight.release();
        }
    }

    /** A channel through a proxy to a server, each of which is replaced now and then. */
    private static final class Surroundings implements AutoCloseable {
        private GatedServer server = GatedServer.start();
        private final CuttingProxy proxy = new CuttingProxy(server.port());
        private ClientConn conn = connect();
        private int channels = 1;
        private int servers = 1;
        private int cuts;

        Surroundings() throws Exception {}

        void change(int what) throws Exception {
            switch (what) {
                case 0 -> {
                    conn.close();
                    conn = connect();
                    channels++;
                }
                case 1 -> {
                    conn.shutdown();
                    ClientConn draining = conn;
                    conn = connect();
                    channels++;
                    server.release();
                    assertThat(draining.awaitTermination(PATIENCE))
                            .as("drained")
                            .isTrue();
                }
                case 2 -> replaceServer(true);
                case 3 -> replaceServer(false);
                default -> {
                    proxy.cut();
                    cuts++;
                }
            }
        }

        /** With GOAWAY first, or at once. */
        private void replaceServer(boolean gracefully) throws Exception {
            GatedServer old = server;
            server = GatedServer.start();
            servers++;
            proxy.relayTo(server.port());
            if (gracefully) {
                old.shutdown();
                old.release();
            }
            old.close();
        }

        private ClientConn connect() {
            return ClientConn.builder("dns:///127.0.0.1:" + proxy.port())
                    .credentials(InsecureCredentials.create())
                    .build();
        }

        @Override
        public void close() throws IOException {
            conn.close();
            proxy.close();
            server.close();
        }

        @Override
        public String toString() {
            return channels + " channels, " + servers + " servers, " + cuts + " cuts, " + proxy.accepted()
                    + " connections";
        }
    }
}
