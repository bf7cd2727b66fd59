package io.peregrine.client;

import static io.peregrine.client.GatedServer.ECHO;
import static io.peregrine.client.GatedServer.WAIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.NameResolverProvider;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.Target;
import io.peregrine.transport.io.EventLoops;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The life of a channel against a grpc-java server that comes and goes (SPEC 2.1; HOSTILE.md 2.5, P10, P11). */
class ChannelLifecycleIT {
    private static final byte[] REQUEST = {1, 2, 3};
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(30));
    private static final CallOptions WAIT_FOR_READY = OPTIONS.withWaitForReady(true);

    private GatedServer server;
    private ClientConn conn;

    @BeforeEach
    void start() throws Exception {
        server = GatedServer.start();
        conn = connect(server.target());
    }

    @AfterEach
    void stop() throws Exception {
        conn.close();
        assertThat(conn.awaitTermination(Duration.ofSeconds(20))).isTrue();
        server.close();
    }

    // ---- Servers that come and go ----------------------------------------------------------------------------

    @Test
    void ch2LeavesIdleWithTheFirstCall() {
        assertThat(conn.state()).isEqualTo(ConnectivityState.IDLE);

        assertThat(conn.invoke(ECHO, REQUEST, OPTIONS)).isEqualTo(REQUEST);

        assertThat(conn.state()).isEqualTo(ConnectivityState.READY);
    }

    @Test
    void ch2LeavesIdleWithConnect() throws Exception {
        conn.connect();

        awaitState(ConnectivityState.READY);
    }

    @Test
    void connectsAgainAfterTheServerRestartedOnTheSamePort() throws Exception {
        conn.invoke(ECHO, REQUEST, OPTIONS);
        int port = server.port();
        server.close();
        awaitState(ConnectivityState.IDLE);

        server = GatedServer.startOn(port);

        assertThat(conn.invoke(ECHO, REQUEST, WAIT_FOR_READY)).isEqualTo(REQUEST);
    }

    @Test
    void waitForReadyWaitsUntilTheServerStarts() throws Exception {
        int port = GatedServer.unusedPort();
        try (ClientConn early = connect("dns:///127.0.0.1:" + port)) {
            CompletableFuture<byte[]> reply = early.invokeFuture(ECHO, REQUEST, WAIT_FOR_READY);
            while (early.state() != ConnectivityState.TRANSIENT_FAILURE) {
                early.stateChangedFrom(early.state()).get(20, TimeUnit.SECONDS);
            }
            assertThat(reply).isNotDone();

            try (GatedServer late = GatedServer.startOn(port)) {
                assertThat(late.port()).isEqualTo(port);
                assertThat(reply.get(20, TimeUnit.SECONDS)).isEqualTo(REQUEST);
            }
        }
    }

    @Test
    void goAwayLetsRunningCallsFinishAndTheNextCallsGoToTheNextConnection() throws Exception {
        CompletableFuture<byte[]> running = conn.invokeFuture(WAIT, REQUEST, OPTIONS);
        server.awaitWaiting(1);

        server.shutdown();
        awaitState(ConnectivityState.IDLE);
        try (GatedServer next = GatedServer.startOn(server.port())) {
            assertThat(conn.invoke(ECHO, REQUEST, WAIT_FOR_READY)).isEqualTo(REQUEST);
            assertThat(running).isNotDone();
            server.release();
            assertThat(running.get(20, TimeUnit.SECONDS)).isEqualTo(REQUEST);
            assertThat(next.port()).isEqualTo(server.port());
        }
    }

    // ---- Shutdown --------------------------------------------------------------------------------------------

    @Test
    void ch11ShutdownLetsRunningCallsFinishAndRefusesNewOnes() throws Exception {
        CompletableFuture<byte[]> running = conn.invokeFuture(WAIT, REQUEST, OPTIONS);
        server.awaitWaiting(1);

        conn.shutdown();
        conn.shutdown();
        assertThat(codeOf(() -> conn.invoke(ECHO, REQUEST, WAIT_FOR_READY))).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(conn.awaitTermination(Duration.ofMillis(1))).isFalse();
        server.release();

        assertThat(running.get(20, TimeUnit.SECONDS)).isEqualTo(REQUEST);
        assertThat(conn.awaitTermination(Duration.ofSeconds(20))).isTrue();
        assertThat(conn.state()).isEqualTo(ConnectivityState.SHUTDOWN);
    }

    @Test
    void ch11ShutdownNowCancelsRunningCalls() throws Exception {
        CompletableFuture<byte[]> running = conn.invokeFuture(WAIT, REQUEST, OPTIONS);
        server.awaitWaiting(1);

        conn.shutdownNow();

        assertThat(codeOf(running)).isEqualTo(StatusCode.CANCELLED);
        assertThat(conn.awaitTermination(Duration.ofSeconds(20))).isTrue();
        assertThat(codeOf(() -> conn.invoke(ECHO, REQUEST, OPTIONS))).isEqualTo(StatusCode.UNAVAILABLE);
    }

    @Test
    void ch11CallsThatWaitForTheirConnectionFinishAfterShutdown() throws Exception {
        ScriptedResolver resolver = new ScriptedResolver();
        try (ClientConn waiting = connect("scripted:///any", resolver)) {
            CompletableFuture<byte[]> reply = waiting.invokeFuture(ECHO, REQUEST, OPTIONS);

            waiting.shutdown();
            resolver.resolveTo(server.port());

            assertThat(reply.get(20, TimeUnit.SECONDS)).isEqualTo(REQUEST);
            assertThat(waiting.awaitTermination(Duration.ofSeconds(20))).isTrue();
        }
    }

    @Test
    void ch11ShutdownNowCancelsCallsThatWaitForTheirConnection() throws Exception {
        ClientConn waiting = connect("scripted:///any", new ScriptedResolver());
        CompletableFuture<byte[]> reply = waiting.invokeFuture(ECHO, REQUEST, CallOptions.DEFAULT);

        waiting.shutdownNow();

        assertThat(codeOf(reply)).isEqualTo(StatusCode.CANCELLED);
        assertThat(waiting.awaitTermination(Duration.ofSeconds(20))).isTrue();
    }

    @Test
    void p11CloseLeavesNoThreadBehind() throws Exception {
        EventLoops shared = EventLoops.shared();
        conn.invoke(ECHO, REQUEST, OPTIONS);
        List<Thread> loops = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().matches("peregrine-(epoll|nio|kqueue).*"))
                .toList();
        assertThat(loops).isNotEmpty();

        conn.close();
        shared.close();

        shared.closeFuture().toCompletableFuture().get(20, TimeUnit.SECONDS);
        for (Thread loop : loops) {
            loop.join(20_000);
            assertThat(loop.isAlive()).as(loop.getName()).isFalse();
        }
    }

    // ---- Faults of plug-ins ----------------------------------------------------------------------------------

    @Test
    void ch2AResolverThatThrowsFailsCallsWithWhatItThrewAndIsMadeAnew() throws Exception {
        ScriptedResolver resolver = new ScriptedResolver();
        resolver.fault = new IllegalStateException("resolver fault");
        try (ClientConn broken = connect("scripted:///any", resolver)) {
            CompletableFuture<byte[]> reply = broken.invokeFuture(ECHO, REQUEST, OPTIONS);

            assertThatExceptionOfType(ExecutionException.class)
                    .isThrownBy(() -> reply.get(20, TimeUnit.SECONDS))
                    .withMessageContaining("the resolver of scripted:///any could not be started")
                    .withMessageContaining("resolver fault");
            assertThat(broken.state()).isEqualTo(ConnectivityState.TRANSIENT_FAILURE);
            assertThat(broken.lastFailure()).contains("resolver fault");
            CompletableFuture<byte[]> patient = broken.invokeFuture(ECHO, REQUEST, WAIT_FOR_READY);
            resolver.fault = null;
            broken.resetConnectBackoff();
            resolver.resolveTo(server.port());

            assertThat(patient.get(20, TimeUnit.SECONDS)).isEqualTo(REQUEST);
            assertThat(broken.lastFailure()).isEmpty();
        }
    }

    @Test
    void rs2AResolverErrorFailsCallsWithItsMessageAndALaterAnswerHeals() throws Exception {
        ScriptedResolver resolver = new ScriptedResolver();
        try (ClientConn resolving = connect("scripted:///any", resolver)) {
            CompletableFuture<byte[]> reply = resolving.invokeFuture(ECHO, REQUEST, OPTIONS);
            resolver.listener().onError(Status.of(StatusCode.UNAVAILABLE, "SERVFAIL for any"));

            assertThatExceptionOfType(ExecutionException.class)
                    .isThrownBy(() -> reply.get(20, TimeUnit.SECONDS))
                    .withMessageContaining("SERVFAIL for any");
            resolver.resolveTo(server.port());

            assertThat(resolving.invoke(ECHO, REQUEST, WAIT_FOR_READY)).isEqualTo(REQUEST);
        }
    }

    // ---- Threads ---------------------------------------------------------------------------------------------

    @Test
    void p10AnInterruptCancelsABlockingCallAndStaysSet() {
        Thread.currentThread().interrupt();

        StatusCode code = codeOf(() -> conn.invoke(WAIT, REQUEST, OPTIONS));

        assertThat(Thread.interrupted()).isTrue();
        assertThat(code).isEqualTo(StatusCode.CANCELLED);
    }

    @Test
    void invokeOnAnEventLoopIsRefusedInsteadOfWaitingForItself() throws Exception {
        CompletableFuture<Object> outcome = new CompletableFuture<>();
        conn.invokeAsync(ECHO, REQUEST, OPTIONS, onEnd(() -> outcome.complete(tryInvoke(conn))));

        assertThat(outcome.get(20, TimeUnit.SECONDS)).isInstanceOf(IllegalStateException.class);
    }

    /** The failure comes from the control plane, which must not run the application's code. */
    @Test
    void invokeInTheCallbackOfACallThatFailedWhileItWaitedIsRefusedToo() throws Exception {
        ScriptedResolver resolver = new ScriptedResolver();
        try (ClientConn waiting = connect("scripted:///any", resolver)) {
            CompletableFuture<Object> outcome = new CompletableFuture<>();
            waiting.invokeAsync(ECHO, REQUEST, OPTIONS, onEnd(() -> outcome.complete(tryInvoke(waiting))));
            resolver.listener().onError(Status.of(StatusCode.UNAVAILABLE, "SERVFAIL for any"));

            assertThat(outcome.get(20, TimeUnit.SECONDS)).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void sixteenThreadsOfBlockingCallsAreEachAnswered() throws Exception {
        int threads = 16;
        int callsEach = 50;
        AtomicInteger answered = new AtomicInteger();
        List<Thread> callers = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            byte[] request = {(byte) t};
            Thread caller = new Thread(() -> {
                for (int i = 0; i < callsEach; i++) {
                    if (conn.invoke(ECHO, request, OPTIONS)[0] == request[0]) {
                        answered.incrementAndGet();
                    }
                }
            });
            callers.add(caller);
            caller.start();
        }
        for (Thread caller : callers) {
            caller.join();
        }

        assertThat(answered).hasValue(threads * callsEach);
    }

    @Test
    void aCallbackMayStartTheNextCallAnyNumberOfTimes() throws Exception {
        CountDownLatch calls = new CountDownLatch(500);
        conn.invokeAsync(ECHO, REQUEST, OPTIONS, new Chain(calls));

        assertThat(calls.await(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void dl4AnAnswerAfterTheDeadlineComesTooLateAndHurtsNobody() throws Exception {
        assertThat(conn.invoke(ECHO, REQUEST, OPTIONS)).isEqualTo(REQUEST);
        StatusCode code =
                codeOf(() -> conn.invoke(WAIT, REQUEST, WAIT_FOR_READY.withDeadlineAfter(Duration.ofSeconds(1))));
        server.awaitWaiting(1);
        server.release();

        assertThat(code).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
        assertThat(conn.invoke(ECHO, REQUEST, OPTIONS)).isEqualTo(REQUEST);
    }

    private void awaitState(ConnectivityState wanted) throws Exception {
        for (ConnectivityState now = conn.state(); now != wanted; now = conn.state()) {
            conn.stateChangedFrom(now).get(20, TimeUnit.SECONDS);
        }
    }

    private static Object tryInvoke(ClientConn conn) {
        try {
            return conn.invoke(ECHO, REQUEST, OPTIONS);
        } catch (RuntimeException refused) {
            return refused;
        }
    }

    private static StatusCode codeOf(Runnable call) {
        try {
            call.run();
            return StatusCode.OK;
        } catch (StatusException failure) {
            return failure.code();
        }
    }

    private static StatusCode codeOf(CompletableFuture<byte[]> reply) throws Exception {
        try {
            reply.get(20, TimeUnit.SECONDS);
            return StatusCode.OK;
        } catch (ExecutionException failure) {
            assertThat(failure).hasCauseInstanceOf(StatusException.class);
            return ((StatusException) Objects.requireNonNull(failure.getCause())).code();
        }
    }

    private static UnaryCallback<byte[]> onEnd(Runnable action) {
        return new UnaryCallback<>() {
            @Override
            public void onSuccess(byte[] response, Metadata trailers) {
                action.run();
            }

            @Override
            public void onFailure(StatusException failure) {
                action.run();
            }
        };
    }

    private static ClientConn connect(String target) {
        return ClientConn.builder(target)
                .credentials(InsecureCredentials.create())
                .build();
    }

    private static ClientConn connect(String target, ScriptedResolver resolver) {
        return ClientConn.builder(target)
                .credentials(InsecureCredentials.create())
                .resolver(resolver)
                .build();
    }

    private final class Chain implements UnaryCallback<byte[]> {
        private final CountDownLatch calls;

        Chain(CountDownLatch calls) {
            this.calls = calls;
        }

        @Override
        public void onSuccess(byte[] response, Metadata trailers) {
            calls.countDown();
            if (calls.getCount() > 0) {
                conn.invokeAsync(ECHO, response, OPTIONS, this);
            }
        }

        @Override
        public void onFailure(StatusException failure) {
            throw failure;
        }
    }

    /** A scheme whose answers the test gives. */
    private static final class ScriptedResolver implements NameResolverProvider {
        private final CompletableFuture<NameResolver.Listener> started = new CompletableFuture<>();
        private volatile @Nullable RuntimeException fault;

        @Override
        public String scheme() {
            return "scripted";
        }

        @Override
        public String authority(Target target) {
            return target.endpoint();
        }

        NameResolver.Listener listener() throws Exception {
            return started.get(20, TimeUnit.SECONDS);
        }

        void resolveTo(int port) throws Exception {
            listener().onEndpoints(List.of(Endpoint.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))));
        }

        @Override
        public NameResolver newResolver(Target target, ResolverContext context) {
            return new NameResolver() {
                @Override
                public void start(Listener listener) {
                    RuntimeException thrown = fault;
                    if (thrown != null) {
                        throw thrown;
                    }
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
