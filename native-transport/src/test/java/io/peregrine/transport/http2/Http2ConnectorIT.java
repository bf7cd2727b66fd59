package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.StreamFailure.Kind.CONNECTION_LOST;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.handler.codec.http2.Http2SecurityUtil;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.peregrine.transport.http2.ClientTransport.StartResult;
import io.peregrine.transport.io.EventLoops;
import io.peregrine.transport.io.IoBackend;
import io.peregrine.transport.io.SocketTuning;
import io.peregrine.transport.tls.ClientTls;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Real sockets, against an HTTP/2 server of Netty's. */
class Http2ConnectorIT {
    private static final Duration SOON = Duration.ofSeconds(20);

    private @Nullable EventLoops loops;

    @AfterEach
    void closeLoops() throws Exception {
        EventLoops open = loops;
        if (open != null) {
            open.close();
            open.closeFuture().toCompletableFuture().get(20, TimeUnit.SECONDS);
        }
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void echoesMessagesOfAnySize(IoBackend backend) throws Exception {
        try (EchoServer server = new EchoServer(null, new Http2Settings())) {
            ClientTransport transport = connect(backend, server.address(), null).ready();

            for (int size : new int[] {0, 1, 100, 4091, 4092, 16_379, 16_380, 65_530, 65_531, 1 << 20, 4 << 20}) {
                assertThat(call(transport, ScriptedPeer.payload(size)).await()).isEqualTo(ScriptedPeer.payload(size));
            }
            transport.shutdown("done");
        }
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void echoesOverTls(IoBackend backend) throws Exception {
        X509Bundle certificate = new CertificateBuilder()
                .ecp256()
                .subject("CN=Echo")
                .addSanDnsName("greeter.test")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        ClientTls tls = ClientTls.builder()
                .trust(certificate.getCertificatePEM().getBytes(StandardCharsets.US_ASCII))
                .build();
        try (EchoServer server = new EchoServer(serverTls(certificate), new Http2Settings())) {
            ClientTransport transport = connect(backend, server.address(), tls).ready();

            for (int size : new int[] {0, 100, 16_380, 1 << 20}) {
                assertThat(call(transport, ScriptedPeer.payload(size)).await()).isEqualTo(ScriptedPeer.payload(size));
            }
            transport.shutdown("done");
        }
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void carriesAThousandStreamsUnderALimitOfTen(IoBackend backend) throws Exception {
        try (EchoServer server = new EchoServer(null, new Http2Settings().maxConcurrentStreams(10))) {
            ClientTransport transport = connect(backend, server.address(), null).ready();
            List<AwaitedStream> calls = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                calls.add(call(transport, ScriptedPeer.payload(i * 7)));
            }
            transport.shutdown("no more to come");

            for (int i = 0; i < 1000; i++) {
                assertThat(calls.get(i).await()).isEqualTo(ScriptedPeer.payload(i * 7));
            }
            assertThat(server.mostOpenStreams()).isBetween(1, 10);
        }
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void endsEachCallOnceWhileCallersCancelAndTheConnectionCloses(IoBackend backend) throws Exception {
        try (EchoServer server = new EchoServer(null, new Http2Settings().maxConcurrentStreams(50))) {
            Connection connection = connect(backend, server.address(), null);
            ClientTransport transport = connection.ready();
            List<Thread> callers = new ArrayList<>();
            List<AwaitedStream> calls = Collections.synchronizedList(new ArrayList<>());
            for (int caller = 0; caller < 3; caller++) {
                callers.add(new Thread(() -> callAndCancel(transport, calls)));
            }
            callers.forEach(Thread::start);
            callers.get(0).join(SOON.toMillis());
            transport.shutdownNow("the test is over");
            for (Thread caller : callers) {
                caller.join(SOON.toMillis());
                assertThat(caller.isAlive()).isFalse();
            }

            connection.awaitTermination();
            assertThat(calls).isNotEmpty();
            for (AwaitedStream call : calls) {
                assertThat(call.isOver(SOON)).isTrue();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void spreadsConnectionsOverTheLoops(IoBackend backend) throws Exception {
        assumeTrue(backend.isAvailable(), backend.reason());
        EventLoops two = EventLoops.create(backend, 2, "http2-it");
        loops = two;
        try (EchoServer server = new EchoServer(null, new Http2Settings())) {
            Map<Thread, List<Connection>> byLoop = new HashMap<>();
            for (int i = 0; i < 4; i++) {
                Connection connection = connect(two, server.address(), null);
                byLoop.computeIfAbsent(connection.readyOn(), thread -> new ArrayList<>())
                        .add(connection);
            }
            assertThat(byLoop)
                    .hasSize(2)
                    .allSatisfy((thread, connections) -> assertThat(connections).hasSize(2));
        }
    }

    private static void callAndCancel(ClientTransport transport, List<AwaitedStream> calls) {
        for (int i = 0; i < 500; i++) {
            AwaitedStream stream = AwaitedStream.sending(ScriptedPeer.payload(i));
            if (transport.start(stream) != StartResult.ACCEPTED) {
                stream.discard();
                return;
            }
            calls.add(stream);
            if (i % 3 == 0) {
                transport.cancel(stream);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void reportsARefusedConnection(IoBackend backend) throws Exception {
        InetSocketAddress nobody;
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = (InetSocketAddress) closed.getLocalSocketAddress();
        }

        assertThat(connect(backend, nobody, null).awaitTermination())
                .isEqualTo("connection to 127.0.0.1:" + nobody.getPort() + " refused");
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void reportsAServerThatClosesAtOnce(IoBackend backend) throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Connection connection = connect(backend, server.getLocalSocketAddress(), null);
            server.accept().close();

            assertThat(connection.awaitTermination()).contains("127.0.0.1:").containsAnyOf("closed", "lost");
        }
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void failsCallsOfAServerThatGoesAway(IoBackend backend) throws Exception {
        try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Connection connection = connect(backend, listening.getLocalSocketAddress(), null);
            Socket server = listening.accept();
            server.getOutputStream().write(Frames.settings());
            AwaitedStream call = call(connection.ready(), new byte[10]);
            HalfCloseIT.readRequest(server.getInputStream());

            server.close();

            assertThat(call.awaitFailure(SOON).kind()).isEqualTo(CONNECTION_LOST);
            connection.awaitTermination();
        }
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void endsACallByItsDeadline(IoBackend backend) throws Exception {
        try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Connection connection = connect(backend, listening.getLocalSocketAddress(), null);
            try (Socket server = listening.accept()) {
                server.getOutputStream().write(Frames.settings());
                ClientTransport transport = connection.ready();
                long start = System.nanoTime();
                AwaitedStream call = AwaitedStream.sending(new byte[10], start + TimeUnit.MILLISECONDS.toNanos(50));
                assertThat(transport.start(call)).isEqualTo(StartResult.ACCEPTED);

                assertThat(call.awaitFailure(SOON).kind()).isEqualTo(StreamFailure.Kind.DEADLINE_EXCEEDED);
                assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(50));
                transport.shutdownNow("done");
                connection.awaitTermination();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void leavesAStalledHandshakeAtOnceWhenItIsShutDown(IoBackend backend) throws Exception {
        ClientTls tls = ClientTls.builder().insecureTrustAll().build();
        try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Connection connection = connect(backend, listening.getLocalSocketAddress(), tls);
            try (Socket silent = listening.accept()) {
                silent.setSoTimeout((int) SOON.toMillis());
                assertThat(silent.getInputStream().read()).as("a TLS handshake").isEqualTo(0x16);
                connection.transport().shutdownNow("enough");

                assertThat(connection.awaitTermination()).isEqualTo("enough");
                byte[] rest = silent.getInputStream().readAllBytes();
                assertThat(rest).as("the end of the stream").isNotNull();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void reportsTheEndWhenTheLoopsAreGone(IoBackend backend) throws Exception {
        try (EchoServer server = new EchoServer(null, new Http2Settings())) {
            Connection connection = connect(backend, server.address(), null);
            ClientTransport transport = connection.ready();
            EventLoops open = Objects.requireNonNull(loops);
            AwaitedStream call = call(transport, new byte[1 << 20]);

            // From a task of the loop: the moment at which it must not leave before it has closed its channels.
            open.next().execute(open::close);
            open.closeFuture().toCompletableFuture().get(20, TimeUnit.SECONDS);

            connection.awaitTermination();
            assertThat(call.isOver(SOON)).isTrue();
            AwaitedStream late = AwaitedStream.sending(new byte[1]);
            assertThat(transport.start(late)).isEqualTo(StartResult.CLOSED);
            late.discard();
            transport.cancel(call);
            transport.shutdownNow("again");
        }
    }

    private static AwaitedStream call(ClientTransport transport, byte[] payload) {
        AwaitedStream stream = AwaitedStream.sending(payload);
        assertThat(transport.start(stream)).isEqualTo(StartResult.ACCEPTED);
        return stream;
    }

    private Connection connect(IoBackend backend, SocketAddress address, @Nullable ClientTls tls) {
        assumeTrue(backend.isAvailable(), backend.reason());
        EventLoops one = EventLoops.create(backend, 1, "http2-it");
        loops = one;
        return connect(one, address, tls);
    }

    private static Connection connect(EventLoops eventLoops, SocketAddress address, @Nullable ClientTls tls) {
        Connection connection = new Connection();
        connection.transport = new Http2Connector(eventLoops, SocketTuning.defaults(), TransportOptions.defaults(), tls)
                .connect(address, "greeter.test", connection);
        return connection;
    }

    private static SslContext serverTls(X509Bundle certificate) throws Exception {
        return SslContextBuilder.forServer(certificate.toKeyManagerFactory())
                .sslProvider(SslProvider.JDK)
                .ciphers(Http2SecurityUtil.CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
                .applicationProtocolConfig(new ApplicationProtocolConfig(
                        Protocol.ALPN,
                        SelectorFailureBehavior.NO_ADVERTISE,
                        SelectedListenerFailureBehavior.ACCEPT,
                        "h2"))
                .build();
    }

    /** A transport and what became of it. */
    private static final class Connection implements TransportListener {
        private final CompletableFuture<Thread> ready = new CompletableFuture<>();
        private final CompletableFuture<String> terminated = new CompletableFuture<>();
        private @Nullable ClientTransport transport;

        ClientTransport ready() throws Exception {
            ready.get(SOON.toSeconds(), TimeUnit.SECONDS);
            return transport();
        }

        /** The thread of the loop that it is on. */
        Thread readyOn() throws Exception {
            return ready.get(SOON.toSeconds(), TimeUnit.SECONDS);
        }

        ClientTransport transport() {
            return Objects.requireNonNull(transport);
        }

        String awaitTermination() throws Exception {
            return terminated.get(SOON.toSeconds(), TimeUnit.SECONDS);
        }

        @Override
        public void onReady() {
            ready.complete(Thread.currentThread());
        }

        @Override
        public void onDraining(String reason) {}

        @Override
        public void onTerminated(String reason, @Nullable Throwable cause) {
            ready.completeExceptionally(new AssertionError(reason, cause));
            if (!terminated.complete(reason)) {
                throw new AssertionError("terminated twice");
            }
        }

        @Override
        public void onReleased() {}
    }
}
