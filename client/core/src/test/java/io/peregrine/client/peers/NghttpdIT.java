package io.peregrine.client.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientStream;
import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.credentials.InsecureCredentials;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Calls to nghttp2's file server, which speaks HTTP/2 and knows nothing of gRPC (Debian: nghttp2-server). */
class NghttpdIT {
    private static final CallOptions OPTIONS =
            CallOptions.deadlineAfter(Duration.ofSeconds(30)).withWaitForReady(true);

    private PeerProcess server;
    private ClientConn conn;

    @BeforeEach
    void start(@TempDir Path folder) throws Exception {
        PeerProcess.assumeRuns("nghttpd", "nghttpd", "--version");
        Files.createDirectory(folder.resolve("files"));
        Files.writeString(folder.resolve("files").resolve("Present"), "a file, not a message");
        int port = freePort();
        server = new PeerProcess(
                "nghttpd",
                "--no-tls",
                "--address=127.0.0.1",
                "--max-concurrent-streams=7",
                "--htdocs=" + folder,
                String.valueOf(port));
        conn = ClientConn.builder("127.0.0.1:" + port)
                .credentials(InsecureCredentials.create())
                .build();
    }

    private static int freePort() throws IOException {
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return probe.getLocalPort();
        }
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
        return MethodDescriptor.unary("files/" + name, Marshallers.bytes(), Marshallers.bytes());
    }

    @Test
    void aMissingFileIsUnimplemented() {
        StatusException failure = catchThrowableOfType(
                StatusException.class, () -> conn.invoke(method("Missing"), new byte[10], OPTIONS));

        assertThat(failure.code()).isEqualTo(StatusCode.UNIMPLEMENTED);
        assertThat(failure).hasMessageContaining("404");
    }

    @Test
    void aFileIsNoResponse() {
        StatusException failure = catchThrowableOfType(
                StatusException.class, () -> conn.invoke(method("Present"), new byte[10], OPTIONS));

        assertThat(failure.code()).isEqualTo(StatusCode.UNKNOWN);
        assertThat(failure).hasMessageContaining("a file, not a message");
    }

    @Test
    void aStreamOfAServerWithoutGrpcEndsWithWhatHttpSays() {
        MethodDescriptor<byte[], byte[]> missing =
                MethodDescriptor.bidiStreaming("files/Missing", Marshallers.bytes(), Marshallers.bytes());
        MethodDescriptor<byte[], byte[]> present =
                MethodDescriptor.bidiStreaming("files/Present", Marshallers.bytes(), Marshallers.bytes());
        try (ClientStream<byte[], byte[]> none = conn.newStream(missing, OPTIONS);
                ClientStream<byte[], byte[]> file = conn.newStream(present, OPTIONS)) {
            none.send(new byte[10]);
            none.closeSend();
            file.send(new byte[10]);
            file.closeSend();

            StatusException noFile = catchThrowableOfType(StatusException.class, none::receive);
            StatusException noMessage = catchThrowableOfType(StatusException.class, file::receive);

            assertThat(noFile.code()).isEqualTo(StatusCode.UNIMPLEMENTED);
            assertThat(noFile).hasMessageContaining("404");
            assertThat(noMessage.code()).isEqualTo(StatusCode.UNKNOWN);
        }
    }

    @Test
    void callsBeyondItsLimitOfStreamsWait() {
        List<CompletableFuture<byte[]>> answers = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            answers.add(conn.invokeFuture(method("Missing"), new byte[100], OPTIONS));
        }

        assertThat(answers)
                .allSatisfy(answer -> assertThat(answer)
                        .failsWithin(Duration.ofSeconds(30))
                        .withThrowableThat()
                        .havingCause()
                        .isInstanceOfSatisfying(
                                StatusException.class,
                                failure -> assertThat(failure.code()).isEqualTo(StatusCode.UNIMPLEMENTED)));
        assertThat(server.isAlive()).isTrue();
    }
}
