package io.peregrine.client.hostile;

import static io.peregrine.client.hostile.HostileStream.REFUSED_STREAM;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientConnBuilder;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Metadata;
import io.peregrine.client.StatusCode;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.NameResolverProvider;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.Target;
import io.peregrine.transport.io.EventLoops;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What ends around a call: the channel, its subchannel, its event loop, its executor (SPEC CH-11, SC-7, SC-10). */
class ShutdownIT {
    private static final String SECRET = "s3cr3t-marker";

    private final BlockingQueue<HostileStream> held = new LinkedBlockingQueue<>();

    /** The first connection of a server leaves requests to the test, the others echo. */
    private HostileServer heldServer() throws IOException {
        return HostileServer.start(stream -> {
            if (stream.connection().number() == 1) {
                held.add(stream);
            } else {
                stream.echo();
            }
        });
    }

    private HostileStream next() throws InterruptedException {
        HostileStream stream = held.poll(20, TimeUnit.SECONDS);
        if (stream == null) {
            throw new AssertionError("no request within 20 s");
        }
        return stream;
    }

    // ---- The channel -----------------------------------------------------------------------------------------

    @Test
    void ch11ACallThatIsRefusedAfterShutdownIsSentAgainOnANewConnection() throws Exception {
        try (HostileServer server = heldServer();
                ClientConn conn = connect(server).build()) {
            RecordedCall call = RecordedCall.start(conn);
            HostileStream stream = next();
            conn.shutdown();
            assertThat(RecordedCall.start(conn).code()).isEqualTo(StatusCode.UNAVAILABLE);
            awaitTurns(stream.connection());

            stream.connection().goAway(0, 0, "");

            assertThat(call.code()).isEqualTo(StatusCode.OK);
            assertThat(conn.awaitTermination(Duration.ofSeconds(20))).isTrue();
            assertThat(conn.state()).isEqualTo(ConnectivityState.SHUTDOWN);
            server.connection(1).awaitEnd();
            server.connection(2).awaitEnd();
            assertThat(server.connections()).isEqualTo(2);
            assertThat(server.requests()).isEqualTo(2);
            call.assertEndedOnce();
        }
    }

    @Test
    void ch11AStreamThatIsRefusedAfterShutdownIsSentAgainOnItsConnection() throws Exception {
        try (HostileServer server = heldServer();
                ClientConn conn = connect(server).build()) {
            RecordedCall call = RecordedCall.start(conn);
            HostileStream stream = next();
            conn.shutdown();
            awaitTurns(stream.connection());

            stream.reset(REFUSED_STREAM);
            next().echo();

            assertThat(call.code()).isEqualTo(StatusCode.OK);
            assertThat(conn.awaitTermination(Duration.ofSeconds(5))).isTrue();
            server.connection(1).awaitEnd();
            assertThat(server.connections()).isEqualTo(1);
            call.assertEndedOnce();
        }
    }

    @Test
    void ch11ConnectAfterShutdownDoesNotKeepTheChannelAlive() throws Exception {
        try (HostileServer server = heldServer();
                ClientConn conn = connect(server).build()) {
            RecordedCall call = RecordedCall.start(conn);
            HostileStream stream = next();
            conn.shutdown();
            stream.connection().goAway(Integer.MAX_VALUE, 0, "");
            conn.connect();
            stream.echo();

            assertThat(call.code()).isEqualTo(StatusCode.OK);
            assertThat(conn.awaitTermination(Duration.ofSeconds(20))).isTrue();
        }
    }

    /** A policy that keeps all its servers connected finds no reason to do so anew while the last calls end. */
    @Test
    void ch11WhatIsConnectedStaysSoUntilTheLastCallHasEnded() throws Exception {
        ScriptedResolver resolver = new ScriptedResolver();
        try (HostileServer busy = heldServer();
                HostileServer free = HostileServer.start(HostileStream::echo);
                ClientConn conn = ClientConn.builder("scripted:///any")
                        .credentials(InsecureCredentials.create())
                        .resolver(resolver)
                        .serviceConfigJson("{\"loadBalancingConfig\":[{\"round_robin\":{}}]}")
                        .build()) {
            conn.connect();
            resolver.resolveTo(busy, free);
            busy.connection(1);
            HostileConnection kept = free.connection(1);
            // The free one may be ready first, and then gets the first calls.
            RecordedCall call = RecordedCall.start(conn);
            HostileStream stream = held.poll(1, TimeUnit.MILLISECONDS);
            while (stream == null) {
                if (call.hasEnded()) {
                    assertThat(call.code()).isEqualTo(StatusCode.OK);
                    call = RecordedCall.start(conn);
                }
                stream = held.poll(1, TimeUnit.MILLISECONDS);
            }

            conn.shutdown();
            assertThat(conn.state()).isEqualTo(ConnectivityState.SHUTDOWN);
            awaitTurns(stream.connection());
            awaitTurns(kept);
            stream.echo();

            assertThat(call.code()).isEqualTo(StatusCode.OK);
            assertThat(conn.awaitTermination(Duration.ofSeconds(20))).isTrue();
            kept.awaitEnd();
            assertThat(kept.goAways()).containsExactly(0);
        }
    }

    @Test
    void h214ShutdownSaysGoAwayAfterTheLastResponse() throws Exception {
        try (HostileServer server = heldServer();
                ClientConn conn = connect(server).build()) {
            RecordedCall call = RecordedCall.start(conn);
            HostileStream stream = next();
            conn.shutdown();
            stream.connection().ping();
            stream.connection().awaitPingAcks(1);
            assertThat(stream.connection().goAways()).isEmpty();

            stream.echo();

            assertThat(call.code()).isEqualTo(StatusCode.OK);
            stream.connection().awaitEnd();
            assertThat(stream.connection().goAways()).containsExactly(0);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void sc10AnAttemptUnderWayIsAbandonedWithItsChannel(boolean graceful) throws Exception {
        HostileServer.Script silent = new HostileServer.Script() {
            @Override
            public void onPreface(HostileConnection connection) {
                // SETTINGS never come.
            }

            @Override
            public void onRequest(HostileStream stream) {
                throw new AssertionError("a request before SETTINGS");
            }
        };
        try (HostileServer server = HostileServer.start(silent);
                ClientConn conn = connect(server).build()) {
            conn.connect();
            HostileConnection connection = server.connection(1);

            if (graceful) {
                conn.shutdown();
            } else {
                conn.shutdownNow();
            }

            assertThat(conn.awaitTermination(Duration.ofSeconds(20))).isTrue();
            connection.awaitEnd();
            assertThat(server.connections()).isEqualTo(1);
        }
    }

    /** SC-7: pick_first lets go of a server that the resolver does not name any more. */
    @Test
    void sc7ARemovedSubchannelLetsItsCallsFinishAndThenCloses() throws Exception {
        ScriptedResolver resolver = new ScriptedResolver();
        try (HostileServer old = heldServer();
                HostileServer fresh = HostileServer.start(HostileStream::echo);
                ClientConn conn = ClientConn.builder("scripted:///any")
                        .credentials(InsecureCredentials.create())
                        .resolver(resolver)
                        .build()) {
            RecordedCall running = RecordedCall.start(conn);
            resolver.resolveTo(old);
            HostileStream stream = next();

            resolver.resolveTo(fresh);
            assertThat(RecordedCall.start(conn).code()).isEqualTo(StatusCode.OK);
            assertThat(fresh.requests()).isEqualTo(1);
            assertThat(running.hasEnded()).isFalse();
            assertThat(stream.connection().hasEnded()).isFalse();
            stream.echo();

            assertThat(running.code()).isEqualTo(StatusCode.OK);
            stream.connection().awaitEnd();
            assertThat(stream.connection().goAways()).containsExactly(0);
            assertThat(old.requests()).isEqualTo(1);
        }
    }

    // ---- Loops and executors ---------------------------------------------------------------------------------

    @Test
    void p12ALoopThatIsShutDownUnderAChannelFailsItsCallsAtOnce() throws Exception {
        EventLoops loops = EventLoops.create(1);
        try (HostileServer server = heldServer();
                ClientConn conn = connect(server).eventLoops(loops).build()) {
            RecordedCall running = RecordedCall.start(conn, CallOptions.DEFAULT);
            next();

            loops.close();

            assertThat(running.code()).isEqualTo(StatusCode.UNAVAILABLE);
            loops.closeFuture().toCompletableFuture().get(20, TimeUnit.SECONDS);
            RecordedCall late = RecordedCall.start(conn);
            assertThat(late.code()).isEqualTo(StatusCode.UNAVAILABLE);
            assertThat(late.elapsed()).as("not at its deadline").isLessThan(Duration.ofSeconds(15));
            running.assertEndedOnce();
            late.assertEndedOnce();
        }
    }

    @Test
    void p14AnExecutorThatIsBlockedHoldsUpItsOwnCallsOnly() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        ExecutorService blocked = Executors.newSingleThreadExecutor();
        try (HostileServer server = HostileServer.start(HostileStream::echo);
                ClientConn conn = connect(server).build()) {
            blocked.execute(() -> {
                try {
                    gate.await();
                } catch (InterruptedException stopped) {
                    Thread.currentThread().interrupt();
                }
            });
            RecordedCall stalled = RecordedCall.start(conn, RecordedCall.OPTIONS.withExecutor(blocked));

            assertThat(RecordedCall.start(conn).code()).isEqualTo(StatusCode.OK);
            assertThat(stalled.hasEnded()).isFalse();
            gate.countDown();
            assertThat(stalled.code()).isEqualTo(StatusCode.OK);
            stalled.assertEndedOnce();
        } finally {
            blocked.shutdownNow();
        }
    }

    @Test
    void p14AnExecutorThatRejectsGetsACancelledCall() throws Exception {
        ExecutorService closed = Executors.newSingleThreadExecutor();
        closed.shutdownNow();
        try (HostileServer server = HostileServer.start(HostileStream::echo);
                ClientConn conn = connect(server).build()) {
            RecordedCall call = RecordedCall.start(conn, RecordedCall.OPTIONS.withExecutor(closed));

            assertThat(call.code()).isEqualTo(StatusCode.CANCELLED);
            assertThat(call.message()).contains("executor rejected");
            call.assertEndedOnce();
        }
    }

    // ---- Secrets ---------------------------------------------------------------------------------------------

    @Test
    void p17NoMetadataValueIsShownByWhatPrintsItself() throws Exception {
        Metadata.Key<String> key = Metadata.Key.of("authorization");
        Metadata secret = Metadata.builder().put(key, SECRET).build();
        CallOptions options = RecordedCall.OPTIONS.withMetadata(secret);
        try (HostileServer server = HostileServer.start(stream -> {
                    stream.headers(":status", "200", "content-type", "application/grpc", "x-token", SECRET);
                    stream.trailers("grpc-status", "16", "grpc-message", "denied", "x-token", SECRET);
                });
                ClientConn conn = connect(server).build()) {
            RecordedCall call = RecordedCall.start(conn, options);

            assertThat(call.code()).isEqualTo(StatusCode.UNAUTHENTICATED);
            assertThat(call.headers().get(Metadata.Key.of("x-token"))).isEqualTo(SECRET);
            assertThat(call.message()).doesNotContain(SECRET);
            assertThat(List.of(secret, options, conn, call.headers(), call.trailers(), RecordedCall.METHOD))
                    .allSatisfy(printed -> assertThat(printed.toString()).doesNotContain(SECRET));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"x-bin", "X-Upper", "x-token"})
    void p17AMalformedFieldIsNamedWithoutItsValue(String name) throws Exception {
        String value = name.equals("x-token") ? SECRET + "\r\n" : SECRET + "!!!";
        try (HostileServer server = HostileServer.start(stream -> {
                    stream.headers(":status", "200", "content-type", "application/grpc", name, value);
                    stream.message();
                    stream.ok();
                });
                ClientConn conn = connect(server).build()) {
            RecordedCall call = RecordedCall.start(conn);

            assertThat(call.code()).isEqualTo(StatusCode.INTERNAL);
            assertThat(call.message()).doesNotContain(SECRET);
        }
    }

    /** The event loop may read before it empties its queue, but not twice: after two PINGs the shutdown is with it. */
    private static void awaitTurns(HostileConnection connection) throws Exception {
        for (int turn = 1; turn <= 2; turn++) {
            connection.ping();
            connection.awaitPingAcks(turn);
        }
    }

    private static ClientConnBuilder connect(HostileServer server) {
        return ClientConn.builder(server.target()).credentials(InsecureCredentials.create());
    }

    /** A scheme whose answers the test gives. */
    private static final class ScriptedResolver implements NameResolverProvider {
        private final CompletableFuture<NameResolver.Listener> started = new CompletableFuture<>();

        @Override
        public String scheme() {
            return "scripted";
        }

        @Override
        public String authority(Target target) {
            return target.endpoint();
        }

        void resolveTo(HostileServer... servers) throws Exception {
            started.get(20, TimeUnit.SECONDS)
                    .onEndpoints(Arrays.stream(servers)
                            .map(server -> Endpoint.of(server.address()))
                            .toList());
        }

        @Override
        public NameResolver newResolver(Target target, ResolverContext context) {
            return new NameResolver() {
                @Override
                public void start(Listener listener) {
                    started.complete(listener);
                }

                @Override
                public void resolveNow() {}

                @Override
                public void close() {}
            };
        }
    }
}
