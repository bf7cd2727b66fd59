package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.data;
import static io.peregrine.transport.http2.Frames.grpcHeaders;
import static io.peregrine.transport.http2.Frames.hex;
import static io.peregrine.transport.http2.Frames.response;
import static io.peregrine.transport.http2.Frames.settings;
import static io.peregrine.transport.http2.StreamFailure.Kind.CONNECTION_LOST;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.peregrine.transport.io.EventLoops;
import io.peregrine.transport.io.IoBackend;
import io.peregrine.transport.io.SocketTuning;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A server that ends its half of the TCP connection, or resets it, on real sockets: what the event loops make of FIN
 * and RST differs between back ends.
 */
class HalfCloseIT {
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
    void aFinInMidMessageFailsTheCallAndClosesThisHalfToo(IoBackend backend) throws Exception {
        try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Ends ends = new Ends();
            AwaitedStream call = connectAndCall(backend, listening, ends);
            try (Socket server = answer(listening, grpcHeaders(1), data(1, hex("000000000561")))) {
                server.shutdownOutput();

                assertThat(call.awaitFailure(SOON).kind()).isEqualTo(CONNECTION_LOST);
                assertThat(ends.reason()).contains("closed the connection");
                assertThat(readToEnd(server)).as("the end of the client's half").isTrue();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void aFinBehindAWholeResponseLeavesItAlone(IoBackend backend) throws Exception {
        try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Ends ends = new Ends();
            AwaitedStream call = connectAndCall(backend, listening, ends);
            try (Socket server = answer(listening, response(1, "whole"))) {
                server.shutdownOutput();

                assertThat(call.await()).asString(ISO_8859_1).isEqualTo("whole");
                assertThat(ends.reason()).contains("closed the connection");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void aResetInMidMessageFailsTheCall(IoBackend backend) throws Exception {
        try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Ends ends = new Ends();
            AwaitedStream call = connectAndCall(backend, listening, ends);
            try (Socket server = answer(listening, grpcHeaders(1), data(1, hex("000000000561")))) {
                // Zero seconds to linger: close() sends RST.
                server.setSoLinger(true, 0);
            }

            assertThat(call.awaitFailure(SOON).kind()).isEqualTo(CONNECTION_LOST);
            assertThat(ends.reason()).isNotEmpty();
        }
    }

    private AwaitedStream connectAndCall(IoBackend backend, ServerSocket listening, Ends ends) {
        assumeTrue(backend.isAvailable(), backend.reason());
        loops = EventLoops.create(backend, 1, "half-close-it");
        AwaitedStream call = AwaitedStream.sending(new byte[3]);
        ends.call = call;
        ends.transport = new Http2Connector(loops, SocketTuning.defaults(), TransportOptions.defaults(), null)
                .connect(listening.getLocalSocketAddress(), "greeter.test", ends);
        return call;
    }

    /** Plays the server as far as the answer to the first request. */
    private static Socket answer(ServerSocket listening, byte[]... frames) throws IOException {
        Socket server = listening.accept();
        server.setSoTimeout((int) SOON.toMillis());
        server.getOutputStream().write(settings());
        readRequest(server.getInputStream());
        server.getOutputStream().write(Frames.join(frames));
        return server;
    }

    /** Reads the preface and frames up to DATA, which ends the request. */
    static void readRequest(InputStream in) throws IOException {
        in.readNBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".length());
        int type;
        do {
            byte[] header = in.readNBytes(9);
            assertThat(header).hasSize(9);
            type = header[3];
            in.readNBytes((header[0] & 0xff) << 16 | (header[1] & 0xff) << 8 | (header[2] & 0xff));
        } while (type != Frames.DATA);
    }

    private static boolean readToEnd(Socket server) throws IOException {
        server.getInputStream().readAllBytes();
        return true;
    }

    /** Starts one call on a connection that is ready, and knows how the connection ended. */
    private static final class Ends implements TransportListener {
        private final CompletableFuture<String> terminated = new CompletableFuture<>();
        private volatile @Nullable ClientTransport transport;
        private volatile @Nullable AwaitedStream call;

        String reason() throws Exception {
            return terminated.get(SOON.toSeconds(), TimeUnit.SECONDS);
        }

        @Override
        public void onReady() {
            ClientTransport ready = transport;
            AwaitedStream waiting = call;
            if (ready == null || waiting == null || ready.start(waiting) != ClientTransport.StartResult.ACCEPTED) {
                throw new AssertionError("the call was not accepted");
            }
        }

        @Override
        public void onDraining(String reason) {}

        @Override
        public void onTerminated(String reason, @Nullable Throwable cause) {
            terminated.complete(reason);
        }

        @Override
        public void onReleased() {}
    }
}
