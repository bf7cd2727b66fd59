package io.peregrine.client;

import static io.peregrine.client.GatedServer.ECHO;
import static io.peregrine.client.GatedServer.WAIT;
import static io.peregrine.client.TestService.DUPLEX;
import static io.peregrine.client.TestService.OUTPUT;
import static io.peregrine.client.TestService.UNARY;
import static io.peregrine.client.TestService.responses;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.testing.integration.Messages.SimpleRequest;
import io.grpc.testing.integration.Messages.StreamingOutputCallRequest;
import io.grpc.testing.integration.Messages.StreamingOutputCallResponse;
import io.netty.buffer.ByteBuf;
import io.peregrine.client.credentials.ChannelCredentials;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.credentials.TlsCredentials;
import io.peregrine.client.interceptor.MetadataInterceptor;
import io.peregrine.transport.io.EventLoops;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections that blocking callers drive, against grpc-java's servers. */
@Timeout(120)
class CallerDrivenIT {
    private static final byte[] REQUEST = {1, 2, 3};
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(30));
    private static final int THREADS = 16;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private GatedServer server;
    private ClientConn conn;

    @BeforeEach
    void start() throws Exception {
        server = GatedServer.start();
        conn = driven(server.target(), InsecureCredentials.create());
    }

    @AfterEach
    void stop() throws Exception {
        conn.close();
        assertThat(conn.awaitTermination(Duration.ofSeconds(20))).isTrue();
        server.close();
        threads.shutdownNow();
        assertThat(threads.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
    }

    private static ClientConn driven(String target, ChannelCredentials credentials) {
        return ClientConn.builder(target)
                .credentials(credentials)
                .callerDriven(true)
                .build();
    }

    // ---- Who drives ------------------------------------------------------------------------------------------

    @Test
    void theCallingThreadReadsItsOwnResponse() {
        AtomicReference<Thread> reader = new AtomicReference<>();
        MethodDescriptor<byte[], byte[]> method =
                MethodDescriptor.unary("test.Gated/Echo", Marshallers.bytes(), new Marshaller<>() {
                    @Override
                    public int encodedSize(byte[] message) {
                        return message.length;
                    }

                    @Override
                    public void write(byte[] message, ByteBuf target) {
                        target.writeBytes(message);
                    }

                    @Override
                    public byte[] read(ByteBuf source) {
                        reader.set(Thread.currentThread());
                        byte[] message = new byte[source.readableBytes()];
                        source.readBytes(message);
                        return message;
                    }
                });
        // The first call finds the guard connecting, and may be late.
        for (int i = 0; i < 100 && reader.get() != Thread.currentThread(); i++) {
            assertThat(conn.invoke(method, REQUEST, OPTIONS)).isEqualTo(REQUEST);
        }

        assertThat(reader).hasValue(Thread.currentThread());
    }

    @Test
    void aBlockingCallFromWithinACallbackIsRefused() throws Exception {
        CompletableFuture<Throwable> refusal = new CompletableFuture<>();
        CompletableFuture<byte[]> running = conn.invokeFuture(WAIT, REQUEST, OPTIONS);
        CompletableFuture<Void> afterwards = running.thenAccept(reply -> {
            try {
                conn.invoke(ECHO, REQUEST, OPTIONS);
            } catch (RuntimeException refused) {
                refusal.complete(refused);
            }
        });
        server.awaitWaiting(1);
        Future<byte[]> driver = threads.submit(() -> conn.invoke(WAIT, REQUEST, OPTIONS));
        server.awaitWaiting(1);

        server.release();

        assertThat(refusal.get(20, TimeUnit.SECONDS))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("would wait for itself");
        afterwards.get(20, TimeUnit.SECONDS);
        assertThat(driver.get(20, TimeUnit.SECONDS)).isEqualTo(REQUEST);
    }

    @Test
    void interceptorsSeeCallsThatTheirCallersDrive() {
        Metadata.Key<String> key = Metadata.Key.of("x-test");
        try (ClientConn intercepted = ClientConn.builder(server.target())
                .credentials(InsecureCredentials.create())
                .callerDriven(true)
                .unaryInterceptor(MetadataInterceptor.of(
                        Metadata.builder().put(key, "value").build()))
                .build()) {
            for (int i = 0; i < 100; i++) {
                assertThat(intercepted.invoke(ECHO, REQUEST, OPTIONS)).isEqualTo(REQUEST);
            }
        }
    }

    // ---- Many callers ----------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void manyThreadsCallOverOneConnection(boolean tls) throws Exception {
        try (InteropServer interop = tls ? InteropServer.tls() : InteropServer.plaintext();
                ClientConn shared = driven(
                        interop.target(),
                        tls
                                ? TlsCredentials.builder()
                                        .trust(interop.certificatePem())
                                        .build()
                                : InsecureCredentials.create())) {
            SimpleRequest request =
                    SimpleRequest.newBuilder().setResponseSize(100).build();

            hammer(THREADS, () -> {
                for (int i = 0; i < 200; i++) {
                    assertThat(shared.invoke(UNARY, request, OPTIONS)
                                    .getPayload()
                                    .getBody()
                                    .size())
                            .isEqualTo(100);
                }
            });

            assertThat(shared.connections()).hasSize(1);
        }
    }

    @Test
    void blockingAndAsynchronousCallsMix() throws Exception {
        AtomicInteger answered = new AtomicInteger();

        hammer(4, () -> {
            for (int i = 0; i < 200; i++) {
                CompletableFuture<byte[]> reply = conn.invokeFuture(ECHO, REQUEST, OPTIONS);
                assertThat(conn.invoke(ECHO, REQUEST, OPTIONS)).isEqualTo(REQUEST);
                assertThat(reply.get(20, TimeUnit.SECONDS)).isEqualTo(REQUEST);
                answered.incrementAndGet();
            }
        });

        assertThat(answered).hasValue(800);
    }

    @Test
    void virtualThreadsCallAndDoNotDrive() throws Exception {
        Assumptions.assumeTrue(Runtime.version().feature() >= 21, "virtual threads came with JDK 21");
        ExecutorService virtual = (ExecutorService)
                Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
        List<Future<byte[]>> replies = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            replies.add(virtual.submit(() -> conn.invoke(ECHO, REQUEST, OPTIONS)));
            replies.add(threads.submit(() -> conn.invoke(ECHO, REQUEST, OPTIONS)));
        }

        for (Future<byte[]> reply : replies) {
            assertThat(reply.get(20, TimeUnit.SECONDS)).isEqualTo(REQUEST);
        }
        virtual.shutdown();
    }

    // ---- Ends ------------------------------------------------------------------------------------------------

    @Test
    void aDeadlinePassesWhileItsCallerDrives() {
        conn.invoke(ECHO, REQUEST, OPTIONS);
        CallOptions shortly = CallOptions.deadlineAfter(Duration.ofMillis(50));

        StatusException failure =
                catchThrowableOfType(StatusException.class, () -> conn.invoke(WAIT, REQUEST, shortly));

        assertThat(failure.code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
        assertThat(failure).hasMessageNotContaining("stuck");
        assertThat(conn.invoke(ECHO, REQUEST, OPTIONS)).isEqualTo(REQUEST);
    }

    @Test
    void anInterruptCancelsTheCallOfADriverAndStaysSet() throws Exception {
        conn.invoke(ECHO, REQUEST, OPTIONS);
        CompletableFuture<Boolean> flag = new CompletableFuture<>();
        CompletableFuture<StatusException> failure = new CompletableFuture<>();
        Thread caller = new Thread(() -> {
            failure.complete(catchThrowableOfType(StatusException.class, () -> conn.invoke(WAIT, REQUEST, OPTIONS)));
            flag.complete(Thread.interrupted());
        });
        caller.start();
        server.awaitWaiting(1);

        caller.interrupt();

        assertThat(failure.get(20, TimeUnit.SECONDS).code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(flag.get(20, TimeUnit.SECONDS)).isTrue();
        assertThat(conn.invoke(ECHO, REQUEST, OPTIONS)).isEqualTo(REQUEST);
    }

    @Test
    void interruptsAmongManyCallersEndOnlyTheirCalls() throws Exception {
        conn.invoke(ECHO, REQUEST, OPTIONS);

        hammer(8, () -> {
            for (int i = 0; i < 100; i++) {
                if (i % 10 == 5) {
                    Thread.currentThread().interrupt();
                    StatusException failure =
                            catchThrowableOfType(StatusException.class, () -> conn.invoke(WAIT, REQUEST, OPTIONS));
                    assertThat(Thread.interrupted()).isTrue();
                    assertThat(failure.code()).isEqualTo(StatusCode.CANCELLED);
                } else {
                    assertThat(conn.invoke(ECHO, REQUEST, OPTIONS)).isEqualTo(REQUEST);
                }
            }
        });
    }

    @Test
    void closingTheChannelEndsTheCallsOfDriverAndWaiters() throws Exception {
        List<Future<StatusException>> failures = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            failures.add(threads.submit(
                    () -> catchThrowableOfType(StatusException.class, () -> conn.invoke(WAIT, REQUEST, OPTIONS))));
        }
        server.awaitWaiting(4);

        conn.close();

        for (Future<StatusException> failure : failures) {
            assertThat(failure.get(20, TimeUnit.SECONDS).code()).isEqualTo(StatusCode.CANCELLED);
        }
    }

    @Test
    void aConnectionThatIsCutEndsTheCallsOfDriverAndWaiters() throws Exception {
        try (CuttingProxy proxy = new CuttingProxy(server.port());
                ClientConn cut = driven("dns:///127.0.0.1:" + proxy.port(), InsecureCredentials.create())) {
            List<Future<StatusException>> failures = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                failures.add(threads.submit(
                        () -> catchThrowableOfType(StatusException.class, () -> cut.invoke(WAIT, REQUEST, OPTIONS))));
            }
            server.awaitWaiting(4);

            proxy.cut();

            for (Future<StatusException> failure : failures) {
                assertThat(failure.get(20, TimeUnit.SECONDS).code()).isEqualTo(StatusCode.UNAVAILABLE);
            }
            assertThat(cut.invoke(ECHO, REQUEST, OPTIONS.withWaitForReady(true)))
                    .isEqualTo(REQUEST);
        }
    }

    @Test
    void callsGoToTheNextServerAfterAGoAway() throws Exception {
        CountDownLatch halfway = new CountDownLatch(THREADS);
        Future<?> load = threads.submit(() -> {
            hammer(THREADS, () -> {
                for (int i = 0; i < 100; i++) {
                    if (i == 50) {
                        halfway.countDown();
                    }
                    assertThat(conn.invoke(ECHO, REQUEST, OPTIONS.withWaitForReady(true)))
                            .isEqualTo(REQUEST);
                }
            });
            return null;
        });
        assertThat(halfway.await(20, TimeUnit.SECONDS)).isTrue();

        server.shutdown();
        try (GatedServer next = GatedServer.startOn(server.port())) {
            load.get(60, TimeUnit.SECONDS);
            assertThat(conn.invoke(ECHO, REQUEST, OPTIONS.withWaitForReady(true)))
                    .isEqualTo(REQUEST);
            assertThat(next.port()).isEqualTo(server.port());
        }
    }

    // ---- Nobody calls ----------------------------------------------------------------------------------------

    @Test
    void callsWithPausesLongerThanTheGraceSucceed() throws Exception {
        for (int i = 0; i < 20; i++) {
            assertThat(conn.invoke(ECHO, REQUEST, OPTIONS)).isEqualTo(REQUEST);
            CompletableFuture.runAsync(() -> {}, CompletableFuture.delayedExecutor(1 + i % 4, TimeUnit.MILLISECONDS))
                    .get(20, TimeUnit.SECONDS);
        }
    }

    @Test
    void loopsOfOnesOwnEndWithEveryOneOfThem() throws Exception {
        EventLoops loops = EventLoops.builder().callerDriven(true).threads(2).build();
        for (int i = 0; i < 3; i++) {
            try (ClientConn own = ClientConn.builder(server.target())
                    .credentials(InsecureCredentials.create())
                    .eventLoops(loops)
                    .build()) {
                hammer(4, () -> {
                    for (int call = 0; call < 50; call++) {
                        assertThat(own.invoke(ECHO, REQUEST, OPTIONS)).isEqualTo(REQUEST);
                    }
                });
            }
        }

        loops.close();

        loops.closeFuture().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    @Test
    void loopsThatAreClosedUnderADriverEndItsCall() throws Exception {
        EventLoops loops = EventLoops.builder().callerDriven(true).threads(1).build();
        ClientConn own = ClientConn.builder(server.target())
                .credentials(InsecureCredentials.create())
                .eventLoops(loops)
                .build();
        Future<StatusException> failure = threads.submit(
                () -> catchThrowableOfType(StatusException.class, () -> own.invoke(WAIT, REQUEST, OPTIONS)));
        server.awaitWaiting(1);

        loops.close();

        assertThat(failure.get(20, TimeUnit.SECONDS).code()).isEqualTo(StatusCode.UNAVAILABLE);
        loops.closeFuture().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    // ---- Streams ---------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void messagesGoBackAndForth(boolean tls) throws Exception {
        try (InteropServer interop = tls ? InteropServer.tls() : InteropServer.plaintext();
                ClientConn streams = driven(
                        interop.target(),
                        tls
                                ? TlsCredentials.builder()
                                        .trust(interop.certificatePem())
                                        .build()
                                : InsecureCredentials.create());
                ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> stream =
                        streams.newStream(DUPLEX, OPTIONS)) {
            for (int i = 1; i <= 500; i++) {
                stream.send(responses(i));
                StreamingOutputCallResponse response = Objects.requireNonNull(stream.receive());
                assertThat(response.getPayload().getBody().size()).isEqualTo(i);
            }
            stream.closeSend();
            assertThat(stream.receive()).isNull();
        }
    }

    @Test
    void oneThreadSendsWhileAnotherReceives() throws Exception {
        try (InteropServer interop = InteropServer.plaintext();
                ClientConn streams = driven(interop.target(), InsecureCredentials.create());
                ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> stream =
                        streams.newStream(DUPLEX, OPTIONS)) {
            Future<?> sender = threads.submit(() -> {
                for (int i = 0; i < 2_000; i++) {
                    stream.send(responses(1_000));
                }
                stream.closeSend();
            });

            int received = 0;
            while (stream.receive() != null) {
                received++;
            }

            assertThat(received).isEqualTo(2_000);
            sender.get(20, TimeUnit.SECONDS);
        }
    }

    @Test
    void streamsOfManyThreadsShareTheLoop() throws Exception {
        try (InteropServer interop = InteropServer.plaintext();
                ClientConn streams = driven(interop.target(), InsecureCredentials.create())) {
            hammer(8, () -> {
                for (int i = 0; i < 10; i++) {
                    try (ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> stream =
                            streams.newStream(OUTPUT, responses(10, 20_000, 30), OPTIONS)) {
                        assertThat(stream).hasSize(3);
                    }
                }
            });
        }
    }

    // ---- -----------------------------------------------------------------------------------------------------

    /** Work of one thread. */
    @FunctionalInterface
    private interface Work {
        void run() throws Exception;
    }

    private void hammer(int count, Work work) throws Exception {
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            running.add(threads.submit(() -> {
                work.run();
                return null;
            }));
        }
        for (Future<?> one : running) {
            one.get(60, TimeUnit.SECONDS);
        }
    }
}
