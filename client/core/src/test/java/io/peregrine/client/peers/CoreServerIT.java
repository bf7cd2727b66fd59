package io.peregrine.client.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientStream;
import io.peregrine.client.Marshallers;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.credentials.ChannelCredentials;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.credentials.TlsCredentials;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Calls to a server on gRPC's C core, by its Python package (Debian: python3-grpcio). */
@ParameterizedClass
@ValueSource(booleans = {false, true})
class CoreServerIT {
    private static final String PYTHON = "/usr/bin/python3";
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(60));

    private final boolean secure;
    private PeerProcess server;
    private ClientConn conn;

    CoreServerIT(boolean secure) {
        this.secure = secure;
    }

    @BeforeEach
    void start(@TempDir Path folder) throws Exception {
        PeerProcess.assumeRuns("gRPC for Python", PYTHON, "-c", "import grpc");
        URI resource = Objects.requireNonNull(CoreServerIT.class.getResource("/peers/echo_server.py"))
                .toURI();
        String script = Path.of(resource).toString();
        ChannelCredentials credentials;
        if (secure) {
            X509Bundle certificate = new CertificateBuilder()
                    .ecp256()
                    .subject("CN=Core")
                    .addSanDnsName("localhost")
                    .setIsCertificateAuthority(true)
                    .buildSelfSigned();
            Path chain = Files.writeString(folder.resolve("chain.pem"), certificate.getCertificatePathPEM());
            Path key = Files.writeString(folder.resolve("key.pem"), certificate.getPrivateKeyPEM());
            server = new PeerProcess(PYTHON, script, chain.toString(), key.toString());
            credentials = TlsCredentials.builder().trust(chain).build();
        } else {
            server = new PeerProcess(PYTHON, script);
            credentials = InsecureCredentials.create();
        }
        conn = ClientConn.builder("127.0.0.1:" + server.line())
                .authority("localhost")
                .credentials(credentials)
                .maxInboundMessageBytes(8 << 20)
                .build();
    }

    @AfterEach
    void stop() throws Exception {
        if (conn != null) {
            conn.close();
        }
        if (server != null) {
            server.close();
        }
    }

    private static MethodDescriptor<byte[], byte[]> method(String name) {
        return MethodDescriptor.unary("peers.Echo/" + name, Marshallers.bytes(), Marshallers.bytes());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 16_379, 16_384, 65_536, 1 << 20, 5 << 20})
    void echoesMessagesOfAnySize(int bytes) {
        byte[] message = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            message[i] = (byte) (i * 31);
        }

        assertThat(conn.invoke(method("Echo"), message, OPTIONS)).isEqualTo(message);
    }

    @Test
    void answersAThousandCallsAtOnce() throws Exception {
        List<CompletableFuture<byte[]>> answers = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            answers.add(conn.invokeFuture(method("Echo"), new byte[i], OPTIONS));
        }

        for (int i = 0; i < 1000; i++) {
            assertThat(answers.get(i).get(60, TimeUnit.SECONDS)).hasSize(i);
        }
    }

    @Test
    void carriesStatusMessageAndTrailers() {
        String message = "tab\t, line\n, ☺ and 😈";

        StatusException failure = catchThrowableOfType(
                StatusException.class,
                () -> conn.invoke(method("Fail"), message.getBytes(StandardCharsets.UTF_8), OPTIONS));

        assertThat(failure.code()).isEqualTo(StatusCode.DATA_LOSS);
        assertThat(failure.status().message()).isEqualTo(message);
        assertThat(failure.trailers().get(Metadata.Key.of("x-why"))).isEqualTo("asked");
        assertThat(failure.trailers().get(Metadata.Key.binary("x-octets-bin"))).isEqualTo(new byte[] {0, (byte) 0xff});
    }

    @Test
    void sendsMetadata() {
        CallOptions options = OPTIONS.withMetadata(Metadata.builder()
                .put(Metadata.Key.of("x-text"), "value")
                .put(Metadata.Key.binary("x-octets-bin"), new byte[] {0, 1, (byte) 0xff})
                .build());

        String seen = new String(conn.invoke(method("Metadata"), new byte[0], options), StandardCharsets.UTF_8);

        assertThat(seen).contains("('x-text', 'value')").contains("('x-octets-bin', b'\\x00\\x01\\xff')");
    }

    @Test
    void endsAtTheDeadline() {
        CallOptions options = CallOptions.deadlineAfter(Duration.ofMillis(100));

        StatusException failure =
                catchThrowableOfType(StatusException.class, () -> conn.invoke(method("Sleep"), new byte[1], options));

        assertThat(failure.code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
    }

    @Test
    void sumsUpAStreamOfRequests() {
        MethodDescriptor<byte[], byte[]> sum =
                MethodDescriptor.clientStreaming("peers.Echo/Sum", Marshallers.bytes(), Marshallers.bytes());
        try (ClientStream<byte[], byte[]> stream = conn.newStream(sum, OPTIONS)) {
            for (int size : new int[] {27_182, 0, 8, 1828, 5 << 20, 45_904}) {
                assertThat(stream.send(new byte[size])).isTrue();
            }

            String answer = new String(stream.closeAndReceive(), StandardCharsets.UTF_8);

            assertThat(answer).isEqualTo(String.valueOf(74_922 + (5 << 20)));
        }
    }

    @Test
    void streamsResponsesToAReaderInTheirOrder() {
        MethodDescriptor<byte[], byte[]> repeat =
                MethodDescriptor.serverStreaming("peers.Echo/Repeat", Marshallers.bytes(), Marshallers.bytes());
        byte[] count = "2000".getBytes(StandardCharsets.UTF_8);
        try (ClientStream<byte[], byte[]> stream = conn.newStream(repeat, count, OPTIONS)) {
            int size = 0;
            for (byte[] message : stream) {
                assertThat(message).hasSize(size++);
            }

            assertThat(size).isEqualTo(2000);
        }
    }

    @Test
    void chatsInBothDirections() {
        try (ClientStream<byte[], byte[]> stream = chat()) {
            assertThat(stream.headers().get(Metadata.Key.of("x-server"))).isEqualTo("core");
            for (int size : new int[] {0, 1, 16_384, 1 << 20, 100}) {
                stream.send(new byte[size]);
                assertThat(stream.receive()).hasSize(size);
            }
            stream.closeSend();

            assertThat(stream.receive()).isNull();
        }
    }

    @Test
    void ca4TheServerMayEndAChatThatTheClientHasNot() {
        try (ClientStream<byte[], byte[]> stream = chat()) {
            stream.send("end".getBytes(StandardCharsets.UTF_8));

            assertThat(stream.receive()).isNull();
            assertThat(stream.send(new byte[1]))
                    .as("whether the server wants more")
                    .isFalse();
        }
        try (ClientStream<byte[], byte[]> stream = chat()) {
            stream.send("fail".getBytes(StandardCharsets.UTF_8));

            StatusException failure = catchThrowableOfType(StatusException.class, stream::receive);

            assertThat(failure.code()).isEqualTo(StatusCode.DATA_LOSS);
            assertThat(failure.trailers().get(Metadata.Key.of("x-why"))).isEqualTo("asked");
        }
    }

    @Test
    void aChatThatIsCancelledLeavesOthersAlone() {
        try (ClientStream<byte[], byte[]> cancelled = chat();
                ClientStream<byte[], byte[]> goesOn = chat()) {
            cancelled.send(new byte[10]);
            assertThat(cancelled.receive()).hasSize(10);

            cancelled.cancel();

            assertThat(catchThrowableOfType(StatusException.class, cancelled::receive)
                            .code())
                    .isEqualTo(StatusCode.CANCELLED);
            goesOn.send(new byte[20]);
            assertThat(goesOn.receive()).hasSize(20);
        }
    }

    private ClientStream<byte[], byte[]> chat() {
        MethodDescriptor<byte[], byte[]> chat =
                MethodDescriptor.bidiStreaming("peers.Echo/Chat", Marshallers.bytes(), Marshallers.bytes());
        return conn.newStream(chat, OPTIONS);
    }

    @Test
    void anUnknownMethodIsUnimplemented() {
        StatusException failure =
                catchThrowableOfType(StatusException.class, () -> conn.invoke(method("Nothing"), new byte[1], OPTIONS));

        assertThat(failure.code()).isEqualTo(StatusCode.UNIMPLEMENTED);
    }

    @Test
    void aServerThatDrainsFinishesWhatItHas() throws Exception {
        assertThat(conn.invoke(method("Echo"), new byte[1], OPTIONS)).hasSize(1);
        CompletableFuture<byte[]> sleeping = conn.invokeFuture(method("Sleep"), new byte[5], OPTIONS);
        assertThat(server.line()).isEqualTo("sleeping");

        server.say("drain");

        assertThat(server.line()).isEqualTo("drained");
        assertThat(sleeping.get(30, TimeUnit.SECONDS)).hasSize(5);
    }
}
