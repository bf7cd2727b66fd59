package io.peregrine.load.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The back end as grpc-java, a client of another project, sees it. */
class EchoServerIT {
    private static final int FOUR_MIB = 4 << 20;
    private static final MethodDescriptor<byte[], byte[]> ANY_METHOD = MethodDescriptor.<byte[], byte[]>newBuilder()
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("some.Service/AnyMethod")
            .setRequestMarshaller(new BytesMarshaller())
            .setResponseMarshaller(new BytesMarshaller())
            .build();

    private final List<AutoCloseable> opened = new ArrayList<>();

    @AfterEach
    void closeAll() throws Exception {
        for (int i = opened.size() - 1; i >= 0; i--) {
            opened.get(i).close();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 100, 16_379, 16_380, 65_535, 1 << 20, FOUR_MIB, FOUR_MIB + 17})
    void echoesAMessageOfAnySize(int bytes) throws Exception {
        Channel channel = plaintext(serve(ServeOptions.embedded()));
        byte[] request = random(bytes);

        byte[] first = call(channel, request);
        byte[] second = call(channel, request);

        assertThat(first).isEqualTo(request);
        assertThat(second).isEqualTo(request);
    }

    @Test
    void echoesManyConcurrentCallsEachItsOwnMessage() throws Exception {
        Channel channel = plaintext(serve(ServeOptions.embedded()));
        List<byte[]> requests = new ArrayList<>();
        List<Future<byte[]>> replies = new ArrayList<>();

        for (int i = 0; i < 500; i++) {
            byte[] request = random(i * 97 % 40_000);
            requests.add(request);
            replies.add(ClientCalls.futureUnaryCall(channel.newCall(ANY_METHOD, CallOptions.DEFAULT), request));
        }

        for (int i = 0; i < requests.size(); i++) {
            assertThat(replies.get(i).get(30, TimeUnit.SECONDS)).isEqualTo(requests.get(i));
        }
    }

    @Test
    void answersWithTheConfiguredSize() throws Exception {
        Channel channel = plaintext(serve(new ServeOptions("127.0.0.1", 0, 0, 200_000, 1, null)));

        assertThat(call(channel, random(10))).hasSize(200_000);
        assertThat(call(channel, random(0))).hasSize(200_000);
    }

    @Test
    void keepsToASmallClientWindow() throws Exception {
        EchoServer server = serve(ServeOptions.embedded());
        ManagedChannel channel = open(NettyChannelBuilder.forAddress(server.address())
                .usePlaintext()
                .flowControlWindow(1_000)
                .build());
        byte[] request = random(300_000);

        assertThat(call(channel, request)).isEqualTo(request);
    }

    @Test
    void holdsAnAnswerBackForTheDelay() throws Exception {
        long delayNs = TimeUnit.MILLISECONDS.toNanos(50);
        Channel channel = plaintext(serve(new ServeOptions("127.0.0.1", 0, delayNs, ServeOptions.ECHO, 1, null)));
        byte[] request = random(100);

        long startNs = System.nanoTime();
        byte[] reply = call(channel, request);

        assertThat(System.nanoTime() - startNs).isGreaterThanOrEqualTo(delayNs);
        assertThat(reply).isEqualTo(request);
    }

    @Test
    void forgetsADelayedCallThatTheClientCancels() throws Exception {
        long delayNs = TimeUnit.MILLISECONDS.toNanos(150);
        Channel channel = plaintext(serve(new ServeOptions("127.0.0.1", 0, delayNs, ServeOptions.ECHO, 1, null)));
        CallOptions impatient = CallOptions.DEFAULT.withDeadlineAfter(50, TimeUnit.MILLISECONDS);

        assertThatThrownBy(() -> ClientCalls.blockingUnaryCall(channel, ANY_METHOD, impatient, random(10)))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED));

        byte[] request = random(20);
        assertThat(call(channel, request)).isEqualTo(request);
    }

    @Test
    void refusesACompressedMessageAsUnimplemented() throws Exception {
        Channel channel = plaintext(serve(ServeOptions.embedded()));

        assertThatThrownBy(() -> ClientCalls.blockingUnaryCall(
                        channel, ANY_METHOD, CallOptions.DEFAULT.withCompression("gzip"), random(1_000)))
                .isInstanceOf(StatusRuntimeException.class)
                .hasMessageStartingWith("UNIMPLEMENTED: the request message is compressed");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 100, 1 << 20, FOUR_MIB})
    void echoesOverTlsWithACertificateOfItsOwn(int bytes) throws Exception {
        ServerIdentity identity = ServerIdentity.selfSigned();
        EchoServer server = serve(ServeOptions.embedded().withTls(identity.context()));
        ManagedChannel channel = open(
                NettyChannelBuilder.forAddress("localhost", server.address().getPort())
                        .sslContext(GrpcSslContexts.forClient()
                                .trustManager(identity.caPem().toFile())
                                .build())
                        .maxInboundMessageSize(FOUR_MIB + 100)
                        .build());
        byte[] request = random(bytes);

        assertThat(call(channel, request)).isEqualTo(request);
    }

    @Test
    void saysWhichAddressCannotBeBound() throws Exception {
        int taken = serve(ServeOptions.embedded()).address().getPort();

        assertThatThrownBy(() -> EchoServer.start(new ServeOptions("127.0.0.1", taken, 0, -1, 1, null)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("127.0.0.1:" + taken);
    }

    private EchoServer serve(ServeOptions options) throws IOException {
        EchoServer server = EchoServer.start(options);
        opened.add(server);
        return server;
    }

    private ManagedChannel plaintext(EchoServer server) {
        return open(NettyChannelBuilder.forAddress(server.address())
                .usePlaintext()
                .maxInboundMessageSize(FOUR_MIB + 100)
                .build());
    }

    private ManagedChannel open(ManagedChannel channel) {
        opened.add(() -> {
            channel.shutdownNow();
            assertThat(channel.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
        });
        return channel;
    }

    private static byte[] call(Channel channel, byte[] request) {
        return ClientCalls.blockingUnaryCall(
                channel, ANY_METHOD, CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS), request);
    }

    private static byte[] random(int bytes) {
        byte[] content = new byte[bytes];
        new SplittableRandom(bytes).nextBytes(content);
        return content;
    }

    private static final class BytesMarshaller implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
