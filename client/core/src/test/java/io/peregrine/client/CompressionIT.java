package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.ByteString;
import io.grpc.Metadata.AsciiMarshaller;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerStreamTracer;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.testing.integration.Messages.BoolValue;
import io.grpc.testing.integration.Messages.Payload;
import io.grpc.testing.integration.Messages.SimpleRequest;
import io.grpc.testing.integration.Messages.SimpleResponse;
import io.peregrine.client.compression.Codecs;
import io.peregrine.client.compression.DeflateCodec;
import io.peregrine.client.credentials.InsecureCredentials;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The cases client_compressed_unary and server_compressed_unary of gRPC's interop test descriptions, against
 * grpc-java's own server, which tells what was on the wire. It does not implement the probe of the first.
 */
class CompressionIT {
    private static final MethodDescriptor<SimpleRequest, SimpleResponse> UNARY_CALL = MethodDescriptor.unary(
            "grpc.testing.TestService/UnaryCall",
            Marshallers.protobuf(SimpleRequest.parser()),
            Marshallers.protobuf(SimpleResponse.parser()));
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(30));
    private static final int REQUEST_BYTES = 271_828;
    private static final int RESPONSE_BYTES = 314_159;

    private final BlockingQueue<Wire> wires = new LinkedBlockingQueue<>();
    private final BlockingQueue<io.grpc.Metadata> requests = new LinkedBlockingQueue<>();
    private InteropServer server;

    /** The bytes of one call's messages, as the server counted them. */
    private static final class Wire extends ServerStreamTracer {
        private final AtomicLong inbound = new AtomicLong();
        private final AtomicLong outbound = new AtomicLong();
        private final BlockingQueue<Wire> ended;

        Wire(BlockingQueue<Wire> ended) {
            this.ended = ended;
        }

        @Override
        public void inboundWireSize(long bytes) {
            inbound.addAndGet(bytes);
        }

        @Override
        public void outboundWireSize(long bytes) {
            outbound.addAndGet(bytes);
        }

        @Override
        public void streamClosed(io.grpc.Status status) {
            ended.add(this);
        }
    }

    @BeforeEach
    void start() throws Exception {
        NettyServerBuilder builder = NettyServerBuilder.forAddress(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .addStreamTracerFactory(new ServerStreamTracer.Factory() {
                    @Override
                    public ServerStreamTracer newServerStreamTracer(String method, io.grpc.Metadata headers) {
                        return new Wire(wires);
                    }
                })
                .intercept(new ServerInterceptor() {
                    @Override
                    public <Q, R> ServerCall.Listener<Q> interceptCall(
                            ServerCall<Q, R> call, io.grpc.Metadata headers, ServerCallHandler<Q, R> next) {
                        requests.add(headers);
                        return next.startCall(call, headers);
                    }
                });
        server = InteropServer.on(builder, false);
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
    }

    @Test
    void clientCompressedUnary() throws Exception {
        try (ClientConn conn = connect(Codecs.defaults())) {
            SimpleResponse response = conn.invoke(UNARY_CALL, request(false), OPTIONS.withCompressor("gzip"));

            assertThat(response.getPayload().getBody()).hasSize(RESPONSE_BYTES);
            Wire compressed = nextWire();
            assertThat(compressed.inbound.get()).as("the request").isBetween(1L, 10_000L);
            assertThat(compressed.outbound.get()).as("the response").isGreaterThan(RESPONSE_BYTES);

            conn.invoke(UNARY_CALL, request(false), OPTIONS);
            assertThat(nextWire().inbound.get())
                    .as("the request without a compressor")
                    .isGreaterThan(REQUEST_BYTES);
        }
    }

    @Test
    void serverCompressedUnary() throws Exception {
        try (ClientConn conn = connect(Codecs.defaults())) {
            SimpleResponse response = conn.invoke(UNARY_CALL, request(true), OPTIONS);

            assertThat(response.getPayload().getBody()).isEqualTo(ByteString.copyFrom(new byte[RESPONSE_BYTES]));
            Wire compressed = nextWire();
            assertThat(compressed.outbound.get()).as("the response").isBetween(1L, 10_000L);
            assertThat(compressed.inbound.get()).as("the request").isGreaterThan(REQUEST_BYTES);
        }
    }

    @Test
    void bothCompressTheirMessagesOnManyCalls() throws Exception {
        try (ClientConn conn = connect(Codecs.defaults().with(Codecs.gzip(1)))) {
            for (int i = 0; i < 50; i++) {
                conn.invoke(UNARY_CALL, request(true), OPTIONS.withCompressor("gzip"));

                Wire wire = nextWire();
                assertThat(wire.inbound.get()).isLessThan(10_000);
                assertThat(wire.outbound.get()).isLessThan(10_000);
            }
        }
    }

    @Test
    void ms2TheLimitHoldsForWhatIsDecompressed() throws Exception {
        try (ClientConn conn = connect(Codecs.defaults(), RESPONSE_BYTES / 2)) {
            assertThatExceptionOfType(StatusException.class)
                    .isThrownBy(() -> conn.invoke(UNARY_CALL, request(true), OPTIONS))
                    .satisfies(failure -> assertThat(failure.code()).isEqualTo(StatusCode.RESOURCE_EXHAUSTED))
                    .withMessageContaining("exceeds maximum size of " + RESPONSE_BYTES / 2 + " bytes");
        }
    }

    @Test
    void ms3NamesItsEncodings() throws Exception {
        try (ClientConn conn = connect(Codecs.defaults().with(new DeflateCodec()))) {
            conn.invoke(UNARY_CALL, request(false), OPTIONS.withCompressor("gzip"));

            io.grpc.Metadata headers = requests.poll(10, TimeUnit.SECONDS);
            assertThat(headers.get(key("grpc-encoding"))).isEqualTo("gzip");
            assertThat(headers.get(key("grpc-accept-encoding"))).isEqualTo("gzip,deflate");
        }
    }

    @Test
    void ms4AnEncodingThatTheServerDoesNotKnowIsItsToRefuse() throws Exception {
        try (ClientConn conn = connect(Codecs.defaults().with(new DeflateCodec()))) {
            assertThatExceptionOfType(StatusException.class)
                    .isThrownBy(() -> conn.invoke(UNARY_CALL, request(false), OPTIONS.withCompressor("deflate")))
                    .satisfies(failure -> assertThat(failure.code()).isEqualTo(StatusCode.UNIMPLEMENTED))
                    .withMessageContaining("deflate");
        }
    }

    private ClientConn connect(Codecs codecs) {
        return connect(codecs, 1 << 20);
    }

    private ClientConn connect(Codecs codecs, int maxInboundMessageBytes) {
        return ClientConn.builder(server.target())
                .credentials(InsecureCredentials.create())
                .compression(codecs)
                .maxInboundMessageBytes(maxInboundMessageBytes)
                .build();
    }

    private Wire nextWire() throws InterruptedException {
        Wire wire = wires.poll(10, TimeUnit.SECONDS);
        assertThat(wire).as("the end of a call at the server").isNotNull();
        return wire;
    }

    private static SimpleRequest request(boolean compressedResponse) {
        return SimpleRequest.newBuilder()
                .setResponseCompressed(BoolValue.newBuilder().setValue(compressedResponse))
                .setResponseSize(RESPONSE_BYTES)
                .setPayload(Payload.newBuilder().setBody(ByteString.copyFrom(new byte[REQUEST_BYTES])))
                .build();
    }

    private static io.grpc.Metadata.Key<String> key(String name) {
        AsciiMarshaller<String> ascii = io.grpc.Metadata.ASCII_STRING_MARSHALLER;
        return io.grpc.Metadata.Key.of(name, ascii);
    }
}
