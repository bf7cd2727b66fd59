package io.peregrine.client;

import static io.peregrine.client.GatedServer.ECHO;
import static io.peregrine.client.GatedServer.WAIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.client.connection.CallPlacement;
import io.peregrine.client.connection.ConnectionScaling;
import io.peregrine.client.connection.ConnectionStats.State;
import io.peregrine.client.connection.PoolStats;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.transport.io.EventLoops;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** SPEC 2.15 against grpc-java's server. */
class ConnectionScalingIT {
    private static final byte[] REQUEST = {1, 2, 3};
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(60));

    @Test
    void cs3CallsThatTheServersLimitWouldHoldUpGetConnectionsOfTheirOwn() throws Exception {
        try (GatedServer server = GatedServer.startWith(options -> options.maxConcurrentCallsPerConnection(2));
                ClientConn conn = builder(server.target())
                        .connectionScaling(
                                ConnectionScaling.builder().maxConnections(3).build())
                        .build()) {
            List<CompletableFuture<byte[]>> replies = new ArrayList<>();
            for (byte n = 0; n < 7; n++) {
                replies.add(conn.invokeFuture(WAIT, new byte[] {n}, OPTIONS));
            }

            PoolStats stats = await(conn, now -> now.openStreams() == 6 && now.waitingStreams() == 1);
            server.awaitWaiting(6);
            assertThat(stats.connections(State.READY)).isEqualTo(3);
            server.release();
            server.awaitWaiting(1);
            server.release();

            for (byte n = 0; n < 7; n++) {
                assertThat(replies.get(n).get(30, TimeUnit.SECONDS)).containsExactly(n);
            }
            assertThat(server.arrivals().values())
                    .as("also those that moved came once")
                    .hasSize(7)
                    .containsOnly(1);
            assertThat(server.connections()).isEqualTo(3);
        }
    }

    @Test
    void cs3StreamsThatWaitAndHaveSentNothingMoveToo() throws Exception {
        MethodDescriptor<byte[], byte[]> streaming =
                MethodDescriptor.clientStreaming("test.Gated/Wait", Marshallers.bytes(), Marshallers.bytes());
        try (GatedServer server = GatedServer.startWith(options -> options.maxConcurrentCallsPerConnection(1));
                ClientConn conn = builder(server.target())
                        .connectionScaling(
                                ConnectionScaling.builder().maxConnections(2).build())
                        .build()) {
            CompletableFuture<byte[]> held = conn.invokeFuture(WAIT, REQUEST, OPTIONS);
            server.awaitWaiting(1);
            try (ClientStream<byte[], byte[]> stream = conn.newStream(streaming, OPTIONS)) {
                stream.send(REQUEST);
                stream.closeSend();

                server.awaitWaiting(1);
                server.release();

                assertThat(stream.receive()).isEqualTo(REQUEST);
            }
            assertThat(held.get(30, TimeUnit.SECONDS)).isEqualTo(REQUEST);
            assertThat(server.connections()).isEqualTo(2);
        }
    }

    @Test
    void cs1TheServiceConfigMayAskForMore() throws Exception {
        try (GatedServer server = GatedServer.startWith(options -> options.maxConcurrentCallsPerConnection(1));
                ClientConn conn = builder(server.target())
                        .serviceConfigJson("{\"connectionScaling\":{\"maxConnectionsPerSubchannel\":2}}")
                        .build()) {
            List<CompletableFuture<byte[]>> replies =
                    List.of(conn.invokeFuture(WAIT, REQUEST, OPTIONS), conn.invokeFuture(WAIT, REQUEST, OPTIONS));

            server.awaitWaiting(2);
            server.release();

            for (CompletableFuture<byte[]> reply : replies) {
                assertThat(reply.get(30, TimeUnit.SECONDS)).isEqualTo(REQUEST);
            }
            assertThat(server.connections()).isEqualTo(2);
        }
    }

    @Test
    void cs1AndCs9WithoutScalingThereIsOneConnectionAndCallsWaitInTurn() throws Exception {
        try (GatedServer server = GatedServer.startWith(options -> options.maxConcurrentCallsPerConnection(1));
                ClientConn conn = builder(server.target()).build()) {
            List<CompletableFuture<byte[]>> replies = new ArrayList<>();
            for (int n = 0; n < 3; n++) {
                replies.add(conn.invokeFuture(WAIT, REQUEST, OPTIONS));
            }
            for (CompletableFuture<byte[]> reply : replies) {
                server.awaitWaiting(1);
                server.release();
                assertThat(reply.get(30, TimeUnit.SECONDS)).isEqualTo(REQUEST);
            }

            assertThat(server.connections()).isEqualTo(1);
        }
    }

    /** What the server had seen fails; what still waited for its turn on that connection is sent again, once. */
    @Test
    void cs6CallsThatWaitForTheLastConnectionAreSentAgainAndNoOthers() throws Exception {
        try (GatedServer server = GatedServer.startWith(options -> options.maxConcurrentCallsPerConnection(1));
                CuttingProxy relay = new CuttingProxy(server.port());
                ClientConn conn = builder("dns:///127.0.0.1:" + relay.port()).build()) {
            CompletableFuture<byte[]> seen = conn.invokeFuture(WAIT, REQUEST, OPTIONS);
            server.awaitWaiting(1);
            List<CompletableFuture<byte[]>> waiting = new ArrayList<>();
            for (byte n = 0; n < 5; n++) {
                waiting.add(conn.invokeFuture(ECHO, new byte[] {n}, OPTIONS));
            }
            await(conn, now -> now.waitingStreams() == 5);

            relay.cut();

            for (byte n = 0; n < 5; n++) {
                assertThat(waiting.get(n).get(30, TimeUnit.SECONDS)).containsExactly(n);
            }
            assertThatThrownBy(() -> seen.get(30, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(StatusException.class)
                    .hasMessageContaining("UNAVAILABLE");
            assertThat(server.arrivals().values()).hasSize(6).containsOnly(1);
            assertThat(server.connections()).isEqualTo(2);
        }
    }

    /** Each of three loops calls back for the call of its connection. */
    @Test
    void cs10TheConnectionsOfAnAddressAreOnDifferentEventLoops() throws Exception {
        try (EventLoops loops = EventLoops.create(3);
                GatedServer server = GatedServer.startWith(options -> options.maxConcurrentCallsPerConnection(1));
                ClientConn conn = builder(server.target())
                        .eventLoops(loops)
                        .connectionScaling(
                                ConnectionScaling.builder().minConnections(3).build())
                        .build()) {
            List<CompletableFuture<Thread>> answeredOn = new ArrayList<>();
            conn.connect();
            await(conn, now -> now.connections(State.READY) == 3);
            for (int n = 0; n < 3; n++) {
                CompletableFuture<Thread> thread = new CompletableFuture<>();
                answeredOn.add(thread);
                conn.invokeAsync(WAIT, REQUEST, OPTIONS, new UnaryCallback<>() {
                    @Override
                    public void onSuccess(byte[] response, Metadata trailers) {
                        thread.complete(Thread.currentThread());
                    }

                    @Override
                    public void onFailure(StatusException failure) {
                        thread.completeExceptionally(failure);
                    }
                });
            }
            server.awaitWaiting(3);
            server.release();

            Set<Thread> threads = new HashSet<>();
            for (CompletableFuture<Thread> thread : answeredOn) {
                threads.add(thread.get(30, TimeUnit.SECONDS));
            }
            assertThat(threads).hasSize(3);
        }
    }

    @Test
    void sc11ConnectionsThatAreLostAreCountedByTheirReasons() throws Exception {
        try (GatedServer server = GatedServer.start();
                CuttingProxy relay = new CuttingProxy(server.port());
                ClientConn conn = builder("dns:///127.0.0.1:" + relay.port()).build()) {
            conn.invoke(ECHO, REQUEST, OPTIONS);
            relay.cut();
            await(conn, now -> now.disconnections().containsKey("connection reset"));
            conn.invoke(ECHO, REQUEST, OPTIONS);
            server.shutdown();
            await(conn, now -> now.disconnections().containsKey("GOAWAY NO_ERROR"));
            try (GatedServer next = GatedServer.start()) {
                relay.relayTo(next.port());
                conn.invoke(ECHO, REQUEST, OPTIONS.withWaitForReady(true));

                conn.shutdownNow();

                await(conn, now -> now.disconnections().size() == 3);
                assertThat(conn.connectionStats().disconnections())
                        .containsExactly(
                                Map.entry("GOAWAY NO_ERROR", 1L),
                                Map.entry("connection reset", 1L),
                                Map.entry("subchannel shutdown", 1L));
            }
        }
    }

    @Test
    void cs10AServerThatSendsConnectionsAwayFindsOneStandingBy() throws Exception {
        try (GatedServer server = GatedServer.startWith(options ->
                        options.maxConnectionAge(2, TimeUnit.SECONDS).maxConnectionAgeGrace(10, TimeUnit.SECONDS));
                ClientConn conn = builder(server.target())
                        .connectionScaling(
                                ConnectionScaling.builder().warmStandby(true).build())
                        .build()) {
            conn.invoke(ECHO, REQUEST, OPTIONS);
            // The server counts a connection when it has read of the client's SETTINGS, which may be later.
            await(conn, now -> now.connections(State.STANDBY) == 1 && server.connections() >= 2);

            long untilNs = System.nanoTime() + Duration.ofSeconds(30).toNanos();
            while (server.connections() <= 4 && System.nanoTime() < untilNs) {
                assertThat(conn.invoke(ECHO, REQUEST, OPTIONS)).isEqualTo(REQUEST);
            }

            assertThat(server.connections()).as("it sent some away").isGreaterThan(4);
        }
    }

    /** What was under way on a connection of the old age ends there; nothing ends UNAVAILABLE. */
    @Test
    void cs10AConnectionIsReplacedForItsAgeWithoutACallNoticing() throws Exception {
        try (GatedServer server = GatedServer.start();
                ClientConn conn = builder(server.target())
                        .connectionScaling(ConnectionScaling.builder()
                                .maxAge(Duration.ofSeconds(1))
                                .build())
                        .build()) {
            CompletableFuture<byte[]> old = conn.invokeFuture(WAIT, REQUEST, OPTIONS);
            server.awaitWaiting(1);
            await(conn, now -> now.connections(State.DRAINING) == 1 && now.connections(State.READY) == 1);

            assertThat(conn.invoke(ECHO, REQUEST, OPTIONS)).isEqualTo(REQUEST);
            server.release();

            assertThat(old.get(30, TimeUnit.SECONDS)).isEqualTo(REQUEST);
            assertThat(server.connections()).isGreaterThanOrEqualTo(2);
        }
    }

    /** Many threads call while the server sends connections away all the time: no call is lost, none answered twice. */
    @ParameterizedTest
    @EnumSource(CallPlacement.class)
    void cs5NoCallIsLostWhileConnectionsComeAndGo(CallPlacement placement) throws Exception {
        int threads = 6;
        try (GatedServer server = GatedServer.startWith(options -> options.maxConcurrentCallsPerConnection(2)
                        .maxConnectionAge(2, TimeUnit.SECONDS)
                        .maxConnectionAgeGrace(10, TimeUnit.SECONDS));
                ClientConn conn = builder(server.target())
                        .connectionScaling(ConnectionScaling.builder()
                                .maxConnections(4)
                                .warmStandby(true)
                                .placement(placement)
                                .build())
                        .build()) {
            AtomicInteger answers = new AtomicInteger();
            List<Throwable> failures = new ArrayList<>();
            List<Thread> callers = new ArrayList<>();
            long untilNs = System.nanoTime() + Duration.ofSeconds(3).toNanos();
            AtomicInteger calls = new AtomicInteger();
            for (int n = 0; n < threads; n++) {
                Thread caller = new Thread(() -> {
                    try {
                        while (System.nanoTime() < untilNs) {
                            calls.incrementAndGet();
                            byte[] request = new byte[16];
                            ThreadLocalRandom.current().nextBytes(request);
                            if (Arrays.equals(request, conn.invoke(ECHO, request, OPTIONS))) {
                                answers.incrementAndGet();
                            }
                        }
                    } catch (RuntimeException failed) {
                        synchronized (failures) {
                            failures.add(failed);
                        }
                    }
                });
                callers.add(caller);
                caller.start();
            }
            for (Thread caller : callers) {
                caller.join(60_000);
            }

            assertThat(failures).isEmpty();
            assertThat(answers.get()).isEqualTo(calls.get()).isPositive();
            assertThat(server.arrivals().values())
                    .as("none came twice")
                    .hasSize(calls.get())
                    .containsOnly(1);
            PoolStats stats = await(conn, now -> now.openStreams() == 0 && now.waitingStreams() == 0);
            assertThat(stats.waitingCalls()).isZero();
            assertThat(server.connections()).isGreaterThan(2);
        }
    }

    /** A dead server is told from a slow one within milliseconds, and calls go on over another connection. */
    @Test
    void aConnectionThatFreezesIsReplacedAfterAFewDeadlines() throws Exception {
        try (GatedServer server = GatedServer.start();
                CuttingProxy relay = new CuttingProxy(server.port());
                ClientConn conn = builder("dns:///127.0.0.1:" + relay.port())
                        .probeAfterDeadlines(3, Duration.ofMillis(20))
                        .build()) {
            assertThat(conn.invoke(ECHO, REQUEST, OPTIONS)).isEqualTo(REQUEST);
            relay.freeze();

            CallOptions brief = CallOptions.deadlineAfter(Duration.ofMillis(50));
            int missed = 0;
            boolean answered = false;
            while (!answered && missed < 400) {
                try {
                    conn.invoke(ECHO, REQUEST, brief);
                    answered = true;
                } catch (StatusException late) {
                    missed++;
                }
            }

            assertThat(answered).isTrue();
            assertThat(missed).isGreaterThanOrEqualTo(3);
            assertThat(relay.accepted())
                    .as("a connection in place of the frozen one")
                    .isGreaterThanOrEqualTo(2);
        }
    }

    private static PoolStats await(ClientConn conn, Predicate<PoolStats> wanted) {
        long untilNs = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        PoolStats stats = conn.connectionStats();
        while (!wanted.test(stats)) {
            assertThat(System.nanoTime()).as("still %s", stats).isLessThan(untilNs);
            LockSupport.parkNanos(1_000_000);
            stats = conn.connectionStats();
        }
        return stats;
    }

    private static ClientConnBuilder builder(String target) {
        return ClientConn.builder(target).credentials(InsecureCredentials.create());
    }
}
