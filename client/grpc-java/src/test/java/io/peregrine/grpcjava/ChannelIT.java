package io.peregrine.grpcjava;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientStreamTracer;
import io.grpc.Codec;
import io.grpc.CompressorRegistry;
import io.grpc.ConnectivityState;
import io.grpc.DecompressorRegistry;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The channel as a whole: its states and its end, and what its builder was told. */
class ChannelIT {
    private EchoServer server;
    private final List<ManagedChannel> channels = new ArrayList<>();

    @BeforeEach
    void start() throws Exception {
        server = EchoServer.start();
    }

    @AfterEach
    void stop() throws Exception {
        for (ManagedChannel channel : channels) {
            assertThat(channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS))
                    .isTrue();
        }
        server.close();
    }

    // ---- States ----------------------------------------------------------------------------------------------

    @Test
    void connectsWhenAskedAndTellsItsStates() throws Exception {
        PeregrineChannel channel = keep(plaintext().build());
        assertThat(channel.getState(false)).isEqualTo(ConnectivityState.IDLE);
        CompletableFuture<Void> left = new CompletableFuture<>();
        channel.notifyWhenStateChanged(ConnectivityState.IDLE, () -> left.complete(null));

        assertThat(channel.getState(true)).isEqualTo(ConnectivityState.IDLE);
        left.get(20, TimeUnit.SECONDS);
        awaitState(channel, ConnectivityState.READY);

        channel.enterIdle();
        awaitState(channel, ConnectivityState.IDLE);
    }

    @Test
    void aCallbackForAnotherStateThanTheCurrentOneRunsAtOnce() throws Exception {
        PeregrineChannel channel = keep(plaintext().build());
        CompletableFuture<Void> told = new CompletableFuture<>();
        channel.notifyWhenStateChanged(ConnectivityState.READY, () -> told.complete(null));

        told.get(20, TimeUnit.SECONDS);
    }

    @Test
    void shutdownLetsCallsEndAndRefusesOthers() throws Exception {
        PeregrineChannel channel = keep(plaintext().build());
        RecordedCall<String> running = new RecordedCall<>();
        ClientCall<String, String> call = channel.newCall(EchoServer.BIDI, CallOptions.DEFAULT);
        call.start(running, new Metadata());
        call.request(2);
        call.sendMessage("one");
        assertThat(running.nextMessage()).isEqualTo("one");

        assertThat(channel.isShutdown()).isFalse();
        assertThat(channel.shutdown()).isSameAs(channel);
        assertThat(channel.isShutdown()).isTrue();
        assertThat(channel.isTerminated()).isFalse();
        assertThat(channel.awaitTermination(1, TimeUnit.MILLISECONDS)).isFalse();
        assertThatThrownBy(() -> unary(channel, "two"))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        refused -> assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE));

        call.sendMessage("three");
        call.halfClose();
        assertThat(running.await()).isEqualTo(Status.OK);
        assertThat(channel.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
        assertThat(channel.isTerminated()).isTrue();
        assertThat(channel.getState(true)).isEqualTo(ConnectivityState.SHUTDOWN);
    }

    @Test
    void shutdownNowEndsCalls() throws Exception {
        PeregrineChannel channel = keep(plaintext().build());
        RecordedCall<String> running = new RecordedCall<>();
        ClientCall<String, String> call = channel.newCall(EchoServer.BIDI, CallOptions.DEFAULT);
        call.start(running, new Metadata());
        call.request(1);
        call.sendMessage("one");
        running.nextMessage();

        channel.shutdownNow();
        assertThat(running.await().getCode()).isEqualTo(Status.Code.CANCELLED);
        assertThat(channel.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aCallThatWaitsForReadyOutlastsAServerThatIsNotThereYet() throws Exception {
        int port;
        try (ServerSocket reserved = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = reserved.getLocalPort();
        }
        PeregrineChannel channel = keep(PeregrineChannelBuilder.forAddress("localhost", port)
                .usePlaintext()
                .build());
        assertThatThrownBy(() -> unary(channel, "now")).isInstanceOfSatisfying(StatusRuntimeException.class, failed -> {
            assertThat(failed.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
            assertThat(failed.getStatus().getCause()).isNotNull();
        });

        RecordedCall<String> waiting = new RecordedCall<>();
        ClientCall<String, String> call = channel.newCall(EchoServer.UNARY, CallOptions.DEFAULT.withWaitForReady());
        call.start(waiting, new Metadata());
        call.request(2);
        call.sendMessage("later");
        call.halfClose();
        try (EchoServer late = EchoServer.startOn(port)) {
            channel.resetConnectBackoff();
            assertThat(waiting.await()).isEqualTo(Status.OK);
            assertThat(late.received).hasSize(1);
        }
    }

    // ---- What stands between ---------------------------------------------------------------------------------

    @Test
    void theInterceptorThatWasAddedLastSeesACallFirst() {
        List<String> seen = new CopyOnWriteArrayList<>();
        PeregrineChannel channel = keep(plaintext()
                .intercept(named("first", seen), named("second", seen))
                .intercept(List.of(named("third", seen)))
                .build());

        assertThat(unary(channel, "x")).isEqualTo("x");
        assertThat(seen).containsExactly("third", "second", "first");
    }

    @Test
    void anInterceptorMayAddHeadersAndOptions() throws Exception {
        Metadata.Key<String> token = Metadata.Key.of("x-token", Metadata.ASCII_STRING_MARSHALLER);
        PeregrineChannel channel = keep(plaintext()
                .intercept(new ClientInterceptor() {
                    @Override
                    public <Q, R> ClientCall<Q, R> interceptCall(
                            MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
                        return new SimpleForwardingClientCall<>(
                                next.newCall(method, options.withAuthority("other.example"))) {
                            @Override
                            public void start(Listener<R> listener, Metadata headers) {
                                headers.put(token, "secret");
                                super.start(listener, headers);
                            }
                        };
                    }
                })
                .userAgent("mine/1")
                .build());

        assertThat(unary(channel, "x")).isEqualTo("x");
        Metadata received = RecordedCall.next(server.received);
        assertThat(received.get(token)).isEqualTo("secret");
        assertThat(received.get(Metadata.Key.of("user-agent", Metadata.ASCII_STRING_MARSHALLER)))
                .startsWith("mine/1 ");
    }

    @Test
    void streamTracersSeeTheCall() {
        List<String> seen = new CopyOnWriteArrayList<>();
        Metadata.Key<String> added = Metadata.Key.of("x-traced", Metadata.ASCII_STRING_MARSHALLER);
        ClientStreamTracer.Factory factory = new ClientStreamTracer.Factory() {
            @Override
            public ClientStreamTracer newClientStreamTracer(ClientStreamTracer.StreamInfo info, Metadata headers) {
                headers.put(added, "yes");
                return new Tracer(seen);
            }
        };
        PeregrineChannel channel = keep(plaintext().build());
        CallOptions options = CallOptions.DEFAULT.withStreamTracerFactory(factory);
        for (MethodDescriptor<String, String> method : List.of(EchoServer.UNARY, EchoServer.BIDI)) {
            seen.clear();
            RecordedCall<String> listener = new RecordedCall<>();
            ClientCall<String, String> call = channel.newCall(method, options);
            call.start(listener, new Metadata());
            call.request(2);
            call.sendMessage("abc");
            call.halfClose();

            assertThat(listener.await()).isEqualTo(Status.OK);
            assertThat(seen)
                    .containsExactly(
                            "created",
                            "headers out",
                            "message 0 out of 3",
                            "headers in",
                            "message 0 in",
                            "trailers in",
                            "closed OK");
            assertThat(RecordedCall.next(server.received).get(added)).isEqualTo("yes");
        }
    }

    // ---- Limits and codecs -----------------------------------------------------------------------------------

    @Test
    void theSizeLimitsOfChannelAndCallHold() {
        PeregrineChannel channel = keep(plaintext().maxInboundMessageSize(10).build());

        assertThat(codeOf(() -> unary(channel, "x".repeat(11)))).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(ClientCalls.blockingUnaryCall(
                        channel, EchoServer.UNARY, CallOptions.DEFAULT.withMaxInboundMessageSize(20), "x".repeat(11)))
                .hasSize(11);
        assertThatThrownBy(() -> ClientCalls.blockingUnaryCall(
                        channel, EchoServer.UNARY, CallOptions.DEFAULT.withMaxOutboundMessageSize(1), "xx"))
                .hasMessage("CANCELLED: Failed to stream message")
                .hasRootCauseMessage("RESOURCE_EXHAUSTED: message too large 2 > 1");
    }

    @Test
    void gzipIsThereAndOthersAreNot() {
        PeregrineChannel channel = keep(plaintext().build());

        assertThat(ClientCalls.blockingUnaryCall(
                        channel, EchoServer.UNARY, CallOptions.DEFAULT.withCompression("gzip"), "x".repeat(1000)))
                .hasSize(1000);
        assertThat(codeOf(() -> ClientCalls.blockingUnaryCall(
                        channel, EchoServer.UNARY, CallOptions.DEFAULT.withCompression("zstd"), "x")))
                .isEqualTo(Status.Code.INTERNAL);
        assertThat(RecordedCall.next(server.received)
                        .get(Metadata.Key.of("grpc-encoding", Metadata.ASCII_STRING_MARSHALLER)))
                .isEqualTo("gzip");
    }

    @Test
    void aCodecOfTheRegistriesIsUsed() {
        CompressorRegistry compressors = CompressorRegistry.newEmptyInstance();
        compressors.register(new Flip());
        PeregrineChannel channel = keep(plaintext()
                .compressorRegistry(compressors)
                .decompressorRegistry(DecompressorRegistry.emptyInstance().with(new Flip(), true))
                .build());
        CallOptions options = CallOptions.DEFAULT.withCompression("flip");

        // The server does not know it, and says so: the request left with that encoding.
        assertThat(codeOf(() -> ClientCalls.blockingUnaryCall(channel, EchoServer.UNARY, options, "x")))
                .isEqualTo(Status.Code.UNIMPLEMENTED);
    }

    @Test
    void aServiceConfigInMapFormRetries() {
        Map<String, ?> config = Map.of(
                "methodConfig",
                List.of(Map.of(
                        "name", List.of(Map.of()),
                        "retryPolicy",
                                Map.of(
                                        "maxAttempts",
                                        3.0,
                                        "initialBackoff",
                                        "0.001s",
                                        "maxBackoff",
                                        "0.001s",
                                        "backoffMultiplier",
                                        1.0,
                                        "retryableStatusCodes",
                                        List.of("FAILED_PRECONDITION")))));
        PeregrineChannel channel =
                keep(plaintext().defaultServiceConfig(config).enableRetry().build());
        assertThat(codeOf(() -> unary(channel, "fail"))).isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(server.received).hasSize(3);

        server.received.clear();
        PeregrineChannel without =
                keep(plaintext().defaultServiceConfig(config).disableRetry().build());
        assertThat(codeOf(() -> unary(without, "fail"))).isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(server.received).hasSize(1);
    }

    @Test
    void aDirectExecutorRunsListenersOnTheEventLoop() {
        PeregrineChannel channel = keep(plaintext().directExecutor().build());
        assertThat(unary(channel, "warm")).isEqualTo("warm");
        RecordedCall<String> listener = new RecordedCall<>();
        ClientCall<String, String> call = channel.newCall(EchoServer.UNARY, CallOptions.DEFAULT);
        call.start(listener, new Metadata());
        call.request(2);
        call.sendMessage("x");
        call.halfClose();
        listener.await();

        assertThat(listener.threadName())
                .doesNotStartWith("peregrine-callbacks")
                .isNotEqualTo(Thread.currentThread().getName());
    }

    @Test
    void aConnectionMayHaveBothFaces() {
        PeregrineChannel built = keep(plaintext().build());
        PeregrineChannel second = PeregrineChannel.over(built.conn());

        assertThat(unary(second, "x")).isEqualTo("x");
        assertThat(second.authority()).isEqualTo(built.authority());
    }

    // ---- Parts -----------------------------------------------------------------------------------------------

    private PeregrineChannelBuilder plaintext() {
        return PeregrineChannelBuilder.forTarget(server.target()).usePlaintext();
    }

    private PeregrineChannel keep(PeregrineChannel channel) {
        channels.add(channel);
        return channel;
    }

    private static String unary(Channel channel, String message) {
        return ClientCalls.blockingUnaryCall(channel, EchoServer.UNARY, CallOptions.DEFAULT, message);
    }

    private static Status.Code codeOf(Runnable call) {
        try {
            call.run();
            return Status.Code.OK;
        } catch (StatusRuntimeException failed) {
            return failed.getStatus().getCode();
        }
    }

    private static void awaitState(ManagedChannel channel, ConnectivityState wanted) throws Exception {
        for (ConnectivityState state = channel.getState(false); state != wanted; state = channel.getState(false)) {
            CompletableFuture<Void> changed = new CompletableFuture<>();
            channel.notifyWhenStateChanged(state, () -> changed.complete(null));
            changed.get(20, TimeUnit.SECONDS);
        }
    }

    private static ClientInterceptor named(String name, List<String> seen) {
        return new ClientInterceptor() {
            @Override
            public <Q, R> ClientCall<Q, R> interceptCall(
                    MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
                seen.add(name);
                return next.newCall(method, options);
            }
        };
    }

    private static final class Tracer extends ClientStreamTracer {
        private final List<String> seen;

        Tracer(List<String> seen) {
            this.seen = seen;
        }

        @Override
        public void streamCreated(Attributes transport, Metadata headers) {
            seen.add("created");
        }

        @Override
        public void outboundHeaders() {
            seen.add("headers out");
        }

        @Override
        public void outboundMessageSent(int number, long wireBytes, long bytes) {
            seen.add("message " + number + " out of " + bytes);
        }

        @Override
        public void inboundHeaders(Metadata headers) {
            seen.add("headers in");
        }

        @Override
        public void inboundMessage(int number) {
            seen.add("message " + number + " in");
        }

        @Override
        public void inboundTrailers(Metadata trailers) {
            seen.add("trailers in");
        }

        @Override
        public void streamClosed(Status status) {
            seen.add("closed " + status.getCode());
        }
    }

    /** Turns each bit. */
    private static final class Flip implements Codec {
        @Override
        public String getMessageEncoding() {
            return "flip";
        }

        @Override
        public InputStream decompress(InputStream in) {
            return new FilterInputStream(in) {
                @Override
                public int read() throws IOException {
                    int octet = super.read();
                    return octet < 0 ? octet : ~octet & 0xFF;
                }

                @Override
                public int read(byte[] to, int offset, int length) throws IOException {
                    int read = super.read(to, offset, length);
                    for (int i = offset; i < offset + read; i++) {
                        to[i] = (byte) ~to[i];
                    }
                    return read;
                }
            };
        }

        @Override
        public OutputStream compress(OutputStream out) {
            return new FilterOutputStream(out) {
                @Override
                public void write(int octet) throws IOException {
                    super.write(~octet);
                }
            };
        }
    }
}
