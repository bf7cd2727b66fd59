package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.peregrine.client.credentials.ChannelCredentials;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.credentials.TlsCredentials;
import io.peregrine.transport.http2.TransportOptions;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A connection that does not come up is UNAVAILABLE, and the message says which address and why (ST-10). */
class ConnectionFailuresIT {
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(30));

    @ParameterizedTest
    @ValueSource(
            strings = {"dns:///127.0.0.1:", "127.0.0.1:", "passthrough:///127.0.0.1:", "passthrough:///localhost:"})
    void aServerThatRefusesIsNamed(String target) throws Exception {
        int port = GatedServer.unusedPort();

        StatusException failure = invoke(target + port, InsecureCredentials.create());

        assertThat(failure.code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(failure).hasMessageContaining("127.0.0.1:" + port + " refused");
        assertThat(failure).hasCauseInstanceOf(IOException.class);
    }

    @Test
    void aServerThatAcceptsAndClosesIsNamed() throws Exception {
        try (RawServer server = new RawServer(Socket::close)) {
            StatusException failure = invoke(server.target(), InsecureCredentials.create());

            assertThat(failure.code()).isEqualTo(StatusCode.UNAVAILABLE);
            assertThat(failure).hasMessageContaining("127.0.0.1:" + server.port());
        }
    }

    @Test
    void aServerThatSpeaksHttp1IsQuoted() throws Exception {
        try (RawServer server = new RawServer(socket -> {
            socket.getOutputStream()
                    .write("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().flush();
        })) {
            StatusException failure = invoke(server.target(), InsecureCredentials.create());

            assertThat(failure.code()).isEqualTo(StatusCode.UNAVAILABLE);
            assertThat(failure)
                    .hasMessageContaining("127.0.0.1:" + server.port())
                    .hasMessageContaining("does not speak HTTP/2")
                    .hasMessageContaining("HTTP/1.1 400");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aServerThatNeverAnswersIsGivenUpAfterTheConnectTimeout(boolean tls) throws Exception {
        try (RawServer server = new RawServer(socket -> {})) {
            StatusException failure = invoke(
                    server.target(),
                    tls ? TlsCredentials.create() : InsecureCredentials.create(),
                    it -> it.transportOptions(TransportOptions.builder()
                            .connectTimeout(Duration.ofMillis(200))
                            .build()));

            assertThat(failure.code()).isEqualTo(StatusCode.UNAVAILABLE);
            assertThat(failure)
                    .hasMessageContaining("127.0.0.1:" + server.port())
                    .hasMessageContaining("200");
        }
    }

    @Test
    void plaintextToATlsServerIsUnavailable() throws Exception {
        try (InteropServer server = InteropServer.tls()) {
            StatusException failure = invoke(server.target(), InsecureCredentials.create());

            assertThat(failure.code()).isEqualTo(StatusCode.UNAVAILABLE);
            assertThat(failure).hasMessageContaining(":" + server.port());
        }
    }

    @Test
    void tlsToAPlaintextServerSaysSo() throws Exception {
        try (InteropServer server = InteropServer.plaintext()) {
            StatusException failure = invoke(server.target(), TlsCredentials.create());

            assertThat(failure.code()).isEqualTo(StatusCode.UNAVAILABLE);
            assertThat(failure).hasMessageContaining("TLS handshake with ").hasMessageContaining(":" + server.port());
        }
    }

    @Test
    void sc9ACertificateForAnotherHostIsRefusedByName() throws Exception {
        try (InteropServer server = InteropServer.tls()) {
            StatusException failure = invoke(
                    server.target(),
                    TlsCredentials.builder().trust(server.certificatePem()).build(),
                    it -> it.authority("other.test:443"));

            assertThat(failure.code()).isEqualTo(StatusCode.UNAVAILABLE);
            assertThat(failure).hasMessageContaining("TLS handshake with ").hasMessageContaining("other.test");
        }
    }

    @Test
    void p18ACertificateOfAnUnknownIssuerIsRefused() throws Exception {
        try (InteropServer server = InteropServer.tls()) {
            StatusException failure = invoke(server.target(), TlsCredentials.create());

            assertThat(failure.code()).isEqualTo(StatusCode.UNAVAILABLE);
            assertThat(failure.getMessage())
                    .contains("TLS handshake with ")
                    .containsAnyOf("issuer", "trust", "certification path");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"dns:///", "passthrough:///"})
    void aNameThatDoesNotResolveIsNamed(String scheme) {
        StatusException failure = invoke(scheme + "nowhere.invalid:443", InsecureCredentials.create());

        assertThat(failure.code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(failure).hasMessageContaining("name resolution of \"nowhere.invalid\" failed");
    }

    @Test
    void pk8AWaitingCallsDeadlineNamesTheLastConnectionFailure() throws Exception {
        int port = GatedServer.unusedPort();
        try (ClientConn conn = ClientConn.builder("127.0.0.1:" + port)
                .credentials(InsecureCredentials.create())
                .build()) {
            conn.connect();
            for (ConnectivityState now = conn.state(); now != ConnectivityState.TRANSIENT_FAILURE; now = conn.state()) {
                conn.stateChangedFrom(now).get(20, TimeUnit.SECONDS);
            }

            StatusException failure = catchThrowableOfType(
                    StatusException.class,
                    () -> conn.invoke(
                            GatedServer.ECHO,
                            new byte[0],
                            CallOptions.deadlineAfter(Duration.ofMillis(100)).withWaitForReady(true)));

            assertThat(failure.code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
            assertThat(failure).hasMessageContaining("127.0.0.1:" + port + " refused");
        }
    }

    private static StatusException invoke(String target, ChannelCredentials credentials) {
        return invoke(target, credentials, it -> it);
    }

    private static StatusException invoke(
            String target, ChannelCredentials credentials, UnaryOperator<ClientConnBuilder> settings) {
        try (ClientConn conn = settings.apply(
                        ClientConn.builder(target).credentials(credentials).noProxy())
                .build()) {
            StatusException failure = catchThrowableOfType(
                    StatusException.class, () -> conn.invoke(GatedServer.ECHO, new byte[] {1}, OPTIONS));
            assertThat(failure).as("the call fails").isNotNull();
            return failure;
        }
    }

    /** Does one thing with each connection, and keeps it open until the test ends. */
    private static final class RawServer implements AutoCloseable {
        interface Behaviour {
            void accept(Socket socket) throws IOException;
        }

        private final ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final List<Socket> accepted = new CopyOnWriteArrayList<>();
        private final Thread acceptor;

        RawServer(Behaviour behaviour) throws IOException {
            acceptor = new Thread(() -> acceptAll(behaviour), "raw-server");
            acceptor.start();
        }

        int port() {
            return listening.getLocalPort();
        }

        String target() {
            return "dns:///127.0.0.1:" + port();
        }

        private void acceptAll(Behaviour behaviour) {
            while (!listening.isClosed()) {
                try {
                    Socket socket = listening.accept();
                    accepted.add(socket);
                    behaviour.accept(socket);
                } catch (IOException ended) {
                    if (!listening.isClosed()) {
                        throw new UncheckedIOException(ended);
                    }
                }
            }
        }

        @Override
        public void close() throws IOException {
            listening.close();
            try {
                acceptor.join();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while the server stopped");
            }
            for (Socket socket : accepted) {
                socket.close();
            }
        }
    }
}
