package io.peregrine.client.stream;

import static io.peregrine.client.stream.TestService.STREAMING_INPUT_CALL;
import static io.peregrine.client.stream.TestService.STREAMING_OUTPUT_CALL;
import static io.peregrine.client.stream.TestService.UNARY_CALL;
import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerStreamTracer;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.testing.integration.Messages.BoolValue;
import io.grpc.testing.integration.Messages.SimpleRequest;
import io.grpc.testing.integration.Messages.SimpleResponse;
import io.grpc.testing.integration.Messages.StreamingInputCallRequest;
import io.grpc.testing.integration.Messages.StreamingInputCallResponse;
import io.grpc.testing.integration.Messages.StreamingOutputCallRequest;
import io.grpc.testing.integration.Messages.StreamingOutputCallResponse;
import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientStream;
import io.peregrine.transport.io.IoBackend;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The interop cases client_compressed_* (without the probe, which grpc-java's server does not know) and
 * server_compressed_*, with the server's word for what was compressed on the wire (SPEC MS-3, MS-4).
 */
@ParameterizedClass
@MethodSource("transports")
class StreamCompressionIT {
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(30));

    private final IoBackend backend;
    private final InteropPair.Security security;
    private final Wire wire = new Wire();
    private InteropPair pair;
    private ClientConn conn;

    StreamCompressionIT(IoBackend backend, InteropPair.Security security) {
        this.backend = backend;
        this.security = security;
    }

    static Stream<Arguments> transports() {
        return InteropPair.transports();
    }

    /** Whether each message of the one call was compressed, in their order. */
    private static final class Wire extends ServerStreamTracer {
        private final List<Boolean> received = new CopyOnWriteArrayList<>();
        private final List<Boolean> sent = new CopyOnWriteArrayList<>();
        private final CompletableFuture<io.grpc.Status> closed = new CompletableFuture<>();

        @Override
        public void inboundMessageRead(int number, long wireBytes, long bytes) {
            // It does not know how large a compressed message is without.
            received.add(bytes < 0);
        }

        @Override
        public void outboundMessageSent(int number, long wireBytes, long bytes) {
            sent.add(wireBytes < bytes);
        }

        @Override
        public void streamClosed(io.grpc.Status status) {
            closed.complete(status);
        }

        void awaitClosed() throws Exception {
            assertThat(closed.get(10, TimeUnit.SECONDS).isOk()).isTrue();
        }
    }

    /** Compresses every second response, from the first. */
    private static final class EverySecond implements ServerInterceptor {
        @Override
        public <Q, R> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, R> call, io.grpc.Metadata headers, ServerCallHandler<Q, R> next) {
            if (!call.getMethodDescriptor().getFullMethodName().endsWith("StreamingOutputCall")) {
                return next.startCall(call, headers);
            }
            call.setCompression("gzip");
            return next.startCall(
                    new SimpleForwardingServerCall<>(call) {
                        private boolean plain;

                        @Override
                        public void sendMessage(R message) {
                            setMessageCompression(!plain);
                            plain = !plain;
                            super.sendMessage(message);
                        }
                    },
                    headers);
        }
    }

    @BeforeEach
    void start() throws Exception {
        NettyServerBuilder builder = NettyServerBuilder.forAddress(InteropPair.loopback(0))
                .addStreamTracerFactory(new ServerStreamTracer.Factory() {
                    @Override
                    public ServerStreamTracer newServerStreamTracer(String method, io.grpc.Metadata headers) {
                        return wire;
                    }
                })
                .intercept(new EverySecond());
        pair = new InteropPair(backend, security, builder);
        conn = pair.connect();
    }

    @AfterEach
    void stop() throws Exception {
        conn.close();
        pair.close();
    }

    @Test
    void clientCompressedUnary() throws Exception {
        try (ClientStream<SimpleRequest, SimpleResponse> call =
                conn.newStream(UNARY_CALL, OPTIONS.withCompressor("gzip"))) {
            call.send(TestService.largeRequest());

            assertThat(call.receive().getPayload().getBody()).hasSize(TestService.LARGE_RESPONSE_BYTES);
            assertThat(call.receive()).isNull();
        }
        wire.awaitClosed();
        assertThat(wire.received).containsExactly(true);
    }

    @Test
    void clientUncompressedUnaryOfACallWithACompressor() throws Exception {
        try (ClientStream<SimpleRequest, SimpleResponse> call =
                conn.newStream(UNARY_CALL, OPTIONS.withCompressor("gzip"))) {
            call.compress(false);
            call.send(TestService.largeRequest());

            assertThat(call.receive().getPayload().getBody()).hasSize(TestService.LARGE_RESPONSE_BYTES);
        }
        assertThat(wire.received).containsExactly(false);
    }

    @Test
    void clientCompressedStreaming() throws Exception {
        try (ClientStream<StreamingInputCallRequest, StreamingInputCallResponse> call =
                conn.newStream(STREAMING_INPUT_CALL, OPTIONS.withCompressor("gzip"))) {
            call.send(TestService.input(27_182));
            call.compress(false);
            call.send(TestService.input(45_904));
            call.compress(true);

            assertThat(call.closeAndReceive().getAggregatedPayloadSize()).isEqualTo(73_086);
        }
        wire.awaitClosed();
        assertThat(wire.received).containsExactly(true, false);
    }

    @Test
    void serverCompressedUnary() throws Exception {
        SimpleRequest request = TestService.largeRequest().toBuilder()
                .setResponseCompressed(BoolValue.newBuilder().setValue(true))
                .build();
        try (ClientStream<SimpleRequest, SimpleResponse> call = conn.newStream(UNARY_CALL, request, OPTIONS)) {
            assertThat(call.receive().getPayload().getBody()).hasSize(TestService.LARGE_RESPONSE_BYTES);
            assertThat(call.receive()).isNull();
        }
        wire.awaitClosed();
        assertThat(wire.sent).containsExactly(true);
        assertThat(wire.received).containsExactly(false);
    }

    @Test
    void serverCompressedStreaming() throws Exception {
        StreamingOutputCallRequest request = TestService.outputs(31_415, 92_653);
        try (ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> call =
                conn.newStream(STREAMING_OUTPUT_CALL, request, OPTIONS)) {
            assertThat(StreamSupport.stream(call.spliterator(), false).mapToInt(TestService::size))
                    .containsExactly(31_415, 92_653);
        }
        wire.awaitClosed();
        assertThat(wire.sent).containsExactly(true, false);
    }
}
