package io.peregrine.client;

import static io.peregrine.client.GatedServer.ECHO;
import static io.peregrine.client.GatedServer.WAIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.connection.CallPlacement;
import io.peregrine.client.connection.ConnectionScaling;
import io.peregrine.client.connection.ConnectionStats.State;
import io.peregrine.client.connection.PoolStats;
import io.peregrine.client.credentials.InsecureCredentials;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
            for (int n = 0; n < 7; n++) {
                replies.add(conn.invokeFuture(WAIT, REQUEST, OPTIONS));
            }

            PoolStats stats = await(conn, now -> now.openStreams() == 6 && now.waitingStreams() == 1);
            server.awaitWaiting(6);
            assertThat(stats.connections(State.READY)).isEqualTo(3);
            server.release();
            server.awaitWaiting(1);
            server.release();

            for (CompletableFuture<byte[]> reply : replies) {
                assertThat(reply.get(30, TimeUnit.SECONDS)).isEqualTo(REQUEST);
            }
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

    @Test
    void cs10AServerThatSendsConnectionsAwayFindsOneStandingBy() throws Exception {
        try (GatedServer server = GatedServer.startWith(options ->
                        options.maxConnectionAge(2, TimeUnit.SECONDS).maxConnectionAgeGrace(10, TimeUnit.SECONDS));
                ClientConn conn = builder(server.target())
                        .connectionScaling(
                                ConnectionScaling.builder().warmStandby(true).build())
                        .build()) {
            conn.invoke(ECHO, REQUEST, OPTIONS);
            await(conn, now -> now.connections(State.STANDBY) == 1);
            int handshakes = server.connections();

            long untilNs = System.nanoTime() + Duration.ofSeconds(30).toNanos();
            while (server.connections() <= 4 && System.nanoTime() < untilNs) {
                assertThat(conn.invoke(ECHO, REQUEST, OPTIONS)).isEqualTo(REQUEST);
            }

            assertThat(handshakes).as("the first and its stand-by").isGreaterThanOrEqualTo(2);
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
                            byte[] request = new byte[8];
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
