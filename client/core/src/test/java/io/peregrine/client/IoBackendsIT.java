package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.ByteString;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.testing.integration.Messages.Payload;
import io.grpc.testing.integration.Messages.SimpleRequest;
import io.grpc.testing.integration.Messages.SimpleResponse;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.peregrine.client.credentials.ChannelCredentials;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.credentials.TlsCredentials;
import io.peregrine.transport.io.ConnectionInfo;
import io.peregrine.transport.io.EventLoops;
import io.peregrine.transport.io.IoBackend;
import io.peregrine.transport.io.UnixSocketAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Calls to grpc-java's own server through every backend that the machine has, loops that sleep and loops that poll,
 * and every kind of address, in plaintext and TLS.
 */
@ParameterizedClass(name = "{0}, busy polling: {1}")
@MethodSource("loops")
class IoBackendsIT {
    private static final MethodDescriptor<SimpleRequest, SimpleResponse> UNARY_CALL = MethodDescriptor.unary(
            "grpc.testing.TestService/UnaryCall",
            Marshallers.protobuf(SimpleRequest.parser()),
            Marshallers.protobuf(SimpleResponse.parser()));
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(30));
    private static final long LIMIT_S = 20;
    private static final byte[] IPV6_LOOPBACK = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    private static final int[] SIZES = {0, 1, 16_379, 65_536, 1 << 20};

    private final IoBackend backend;
    private final boolean busyPoll;
    private @Nullable EventLoops loops;
    private @Nullable EventLoopGroup serverLoops;

    @TempDir
    private Path directory;

    static List<Arguments> loops() {
        return Stream.of(IoBackend.values())
                .flatMap(backend -> Stream.of(false, true).map(busyPoll -> Arguments.of(backend, busyPoll)))
                .toList();
    }

    IoBackendsIT(IoBackend backend, boolean busyPoll) {
        this.backend = backend;
        this.busyPoll = busyPoll;
    }

    @BeforeEach
    void open() {
        assumeTrue(backend.isAvailable(), backend.reason());
        loops = EventLoops.builder()
                .backend(backend)
                .threads(1)
                .busyPoll(busyPoll)
                .build();
    }

    @AfterEach
    void close() throws Exception {
        EventLoops open = loops;
        if (open != null) {
            open.close();
            open.closeFuture().toCompletableFuture().get(LIMIT_S, TimeUnit.SECONDS);
        }
        EventLoopGroup group = serverLoops;
        if (group != null) {
            group.shutdownGracefully(0, LIMIT_S, TimeUnit.SECONDS).sync();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void callsOverTcp(boolean tls) throws Exception {
        try (InteropServer server = tls ? InteropServer.tls() : InteropServer.plaintext();
                ClientConn conn = connect(server, server.target(), tls)) {
            assertEchoes(conn);

            ConnectionInfo info = onlyConnection(conn);
            assertThat(info.isTls()).isEqualTo(tls);
            assertThat(info.backend()).isEqualTo(backend);
            assertThat(info.remoteAddress())
                    .isEqualTo(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
            Optional<?> telemetry = info.tcpTelemetry().toCompletableFuture().get(LIMIT_S, TimeUnit.SECONDS);
            assertThat(telemetry.isPresent()).isEqualTo(backend == IoBackend.EPOLL || backend == IoBackend.IO_URING);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void callsOverIpv6(boolean tls) throws Exception {
        InetAddress loopback = InetAddress.getByAddress(IPV6_LOOPBACK);
        assumeTrue(canListenOn(loopback), "this machine has no IPv6 loopback address");
        NettyServerBuilder builder = NettyServerBuilder.forAddress(new InetSocketAddress(loopback, 0));
        try (InteropServer server = InteropServer.on(builder, tls);
                ClientConn conn = connect(server, "dns:///[::1]:" + server.port(), tls)) {
            assertEchoes(conn);

            assertThat(onlyConnection(conn).remoteAddress()).isEqualTo(new InetSocketAddress(loopback, server.port()));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void callsOverAUnixSocket(boolean tls) throws Exception {
        String path = directory.resolve("a.sock").toString();
        try (InteropServer server = unixServer(new DomainSocketAddress(path), tls);
                ClientConn conn = connect(server, "unix://" + path, tls)) {
            assertEchoes(conn);

            ConnectionInfo info = onlyConnection(conn);
            assertThat(info.remoteAddress()).isEqualTo(UnixSocketAddress.ofPath(path));
            assertThat(info.tcpTelemetry().toCompletableFuture().get(LIMIT_S, TimeUnit.SECONDS))
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void callsOverAnAbstractUnixSocket(boolean tls) throws Exception {
        String name = directory.getFileName() + "-" + backend + busyPoll + tls;
        try (InteropServer server = unixServer(UnixSocketAddress.ofAbstractName(name), tls);
                ClientConn conn = connect(server, "unix-abstract:" + name, tls)) {
            if (backend == IoBackend.NIO) {
                assertThatExceptionOfType(StatusException.class)
                        .isThrownBy(() -> conn.invoke(UNARY_CALL, request(1), OPTIONS))
                        .withMessageContaining("I/O backend nio has no abstract unix sockets: \"unix-abstract:" + name);
                return;
            }
            assertEchoes(conn);

            assertThat(onlyConnection(conn).remoteAddress()).isEqualTo(UnixSocketAddress.ofAbstractName(name));
        }
    }

    @Test
    void saysWhichUnixSocketIsMissing() {
        String path = directory.resolve("missing.sock").toString();
        try (ClientConn conn = ClientConn.builder("unix:" + path)
                .credentials(InsecureCredentials.create())
                .eventLoops(openLoops())
                .build()) {
            assertThatExceptionOfType(StatusException.class)
                    .isThrownBy(() -> conn.invoke(UNARY_CALL, request(1), OPTIONS))
                    .satisfies(failure -> assertThat(failure.code()).isEqualTo(StatusCode.UNAVAILABLE))
                    .withMessageContaining("connecting to unix:" + path + " failed: ")
                    .withMessageContaining("No such file or directory");
            assertThat(conn.connections()).isEmpty();
        }
    }

    private EventLoops openLoops() {
        EventLoops open = loops;
        assert open != null;
        return open;
    }

    private ClientConn connect(InteropServer server, String target, boolean tls) {
        ChannelCredentials credentials =
                tls ? TlsCredentials.builder().trust(server.certificatePem()).build() : InsecureCredentials.create();
        ClientConnBuilder builder =
                ClientConn.builder(target).credentials(credentials).eventLoops(openLoops());
        if (tls && target.contains("::1")) {
            builder.authority(InteropServer.HOST);
        }
        return builder.build();
    }

    private InteropServer unixServer(DomainSocketAddress address, boolean tls) throws Exception {
        assumeTrue(Epoll.isAvailable(), "grpc-java listens on unix domain sockets with epoll only");
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        serverLoops = group;
        return InteropServer.on(
                NettyServerBuilder.forAddress(new DomainSocketAddress(address.path()))
                        .channelType(EpollServerDomainSocketChannel.class)
                        .bossEventLoopGroup(group)
                        .workerEventLoopGroup(group),
                tls);
    }

    private static void assertEchoes(ClientConn conn) {
        for (int size : SIZES) {
            SimpleResponse response = conn.invoke(UNARY_CALL, request(size), OPTIONS);

            assertThat(response.getPayload().getBody()).isEqualTo(ByteString.copyFrom(new byte[size]));
        }
    }

    private static ConnectionInfo onlyConnection(ClientConn conn) {
        List<ConnectionInfo> connections = conn.connections();
        assertThat(connections).hasSize(1);
        return connections.get(0);
    }

    private static SimpleRequest request(int bytes) {
        return SimpleRequest.newBuilder()
                .setResponseSize(bytes)
                .setPayload(Payload.newBuilder().setBody(ByteString.copyFrom(new byte[bytes])))
                .build();
    }

    private static boolean canListenOn(InetAddress address) {
        try (ServerSocket socket = new ServerSocket(0, 1, address)) {
            return socket.isBound();
        } catch (IOException noSuchAddress) {
            return false;
        }
    }
}
