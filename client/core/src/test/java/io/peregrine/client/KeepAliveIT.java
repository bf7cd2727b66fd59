package io.peregrine.client;

import static io.peregrine.client.GatedServer.ECHO;
import static io.peregrine.client.GatedServer.WAIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.internal.control.Transports;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.text.MessageFormat;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** SPEC 2.13 through a channel (HOSTILE.md 2.5: half-open TCP, a silent peer, too_many_pings). */
class KeepAliveIT {
    private static final byte[] REQUEST = {1, 2, 3};
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(60));

    @Test
    void ka2ACallToAServerThatFreezesEndsUnavailable() throws Exception {
        try (GatedServer server = GatedServer.start();
                LongLink link = new LongLink(server.port(), Duration.ZERO);
                ClientConn conn = builder(link.target())
                        .keepAlive(Duration.ofSeconds(10), Duration.ofMillis(500))
                        .build()) {
            long startNs = System.nanoTime();
            CompletableFuture<byte[]> reply = conn.invokeFuture(WAIT, REQUEST, OPTIONS);
            server.awaitWaiting(1);
            link.cut();

            ExecutionException failed =
                    catchThrowableOfType(ExecutionException.class, () -> reply.get(30, TimeUnit.SECONDS));

            assertThat(failed).cause().isInstanceOfSatisfying(StatusException.class, failure -> {
                assertThat(failure.code()).isEqualTo(StatusCode.UNAVAILABLE);
                assertThat(failure).hasMessageContaining("keepalive: nothing was heard from 127.0.0.1:");
            });
            // The time and the timeout; that the time is at most a quarter late is held on virtual time.
            assertThat(Duration.ofNanos(System.nanoTime() - startNs))
                    .isBetween(Duration.ofMillis(10_500), Duration.ofSeconds(30));
        }
    }

    @Test
    void ka6TooManyPingsDoubleTheTimeOfFutureConnectionsAndTheCallGoesThere() throws Exception {
        byte[] settings = HexFormat.of().parseHex("000000" + "04" + "00" + "00000000");
        byte[] goAway = HexFormat.of()
                .parseHex(
                        "000016" + "07" + "00" + "00000000" + "00000000" + "0000000b" + "746f6f5f6d616e795f70696e6773");
        try (Warnings warnings = new Warnings();
                Refusal refusal = new Refusal()) {
            try (ClientConn conn = builder("dns:///127.0.0.1:" + refusal.port)
                    .keepAlive(Duration.ofSeconds(10), Duration.ofSeconds(1))
                    .build()) {
                CompletableFuture<byte[]> reply = conn.invokeFuture(ECHO, REQUEST, OPTIONS.withWaitForReady(true));
                OutputStream out = refusal.accept(settings);
                try (GatedServer lenient = GatedServer.startOn(refusal.port)) {
                    out.write(goAway);

                    assertThat(reply.get(30, TimeUnit.SECONDS)).isEqualTo(REQUEST);
                    assertThat(lenient.port()).isEqualTo(refusal.port);
                }
            }
            assertThat(warnings.messages)
                    .singleElement()
                    .asString()
                    .contains("too many PINGs")
                    .contains("PT20S instead of PT10S");
        }
    }

    private static ClientConnBuilder builder(String target) {
        return ClientConn.builder(target).credentials(InsecureCredentials.create());
    }

    /** A server of one connection, whose port is free for another when that has come. */
    private static final class Refusal implements AutoCloseable {
        private final ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        final int port = listening.getLocalPort();
        private @Nullable Socket accepted;

        Refusal() throws IOException {}

        /** Accepts, greets, and returns when the client has begun to speak. */
        OutputStream accept(byte[] greeting) throws IOException {
            Socket socket = listening.accept();
            accepted = socket;
            listening.close();
            socket.getOutputStream().write(greeting);
            assertThat(socket.getInputStream().readNBytes(24)).hasSize(24);
            return socket.getOutputStream();
        }

        @Override
        public void close() throws IOException {
            listening.close();
            if (accepted != null) {
                accepted.close();
            }
        }
    }

    /** What the channel's machinery warns of. */
    private static final class Warnings extends Handler implements AutoCloseable {
        private final Logger logger = Logger.getLogger(Transports.class.getName());
        final List<String> messages = new CopyOnWriteArrayList<>();

        Warnings() {
            logger.addHandler(this);
        }

        @Override
        public void publish(LogRecord logged) {
            if (logged.getLevel().intValue() >= Level.WARNING.intValue()) {
                messages.add(MessageFormat.format(logged.getMessage(), logged.getParameters()));
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {
            logger.removeHandler(this);
        }
    }
}
