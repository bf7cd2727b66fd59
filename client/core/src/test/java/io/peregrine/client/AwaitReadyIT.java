package io.peregrine.client;

import static io.peregrine.client.GatedServer.ECHO;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.transport.io.EventLoops;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** {@link ClientConn#awaitReady} against a server that is there, is not, or comes late. */
class AwaitReadyIT {
    private static final Duration LONG = Duration.ofSeconds(20);

    @Test
    void leavesAConnectionForTheNextCall() throws Exception {
        try (GatedServer server = GatedServer.start();
                ClientConn conn = connect(server.target())) {
            assertThat(conn.awaitReady(LONG)).isTrue();

            assertThat(conn.connections()).hasSize(1);
            assertThat(conn.invoke(ECHO, new byte[] {1}, CallOptions.DEFAULT)).containsExactly(1);
            assertThat(conn.awaitReady(Duration.ZERO)).isTrue();
        }
    }

    @Test
    void givesUpWhenTheTimeIsOver() throws Exception {
        try (ClientConn conn = connect("dns:///127.0.0.1:" + GatedServer.unusedPort())) {
            assertThat(conn.awaitReady(Duration.ofMillis(50))).isFalse();
        }
    }

    @Test
    void waitsForAServerThatComesLate() throws Exception {
        int port = GatedServer.unusedPort();
        try (ClientConn conn = connect("dns:///127.0.0.1:" + port)) {
            assertThat(conn.awaitReady(Duration.ofMillis(50))).isFalse();
            try (GatedServer late = GatedServer.startOn(port)) {
                assertThat(late.port()).isEqualTo(port);
                assertThat(conn.awaitReady(LONG)).isTrue();
            }
        }
    }

    @Test
    void endsWithTheChannel() throws Exception {
        ClientConn conn = connect("dns:///127.0.0.1:" + GatedServer.unusedPort());
        CompletableFuture<Boolean> waiting = CompletableFuture.supplyAsync(() -> {
            try {
                return conn.awaitReady(LONG);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });

        conn.close();

        assertThat(waiting.get(20, TimeUnit.SECONDS)).isFalse();
        assertThat(conn.awaitReady(LONG)).isFalse();
    }

    @Test
    void isRefusedOnAnEventLoop() throws Exception {
        try (EventLoops loops = EventLoops.create(1);
                ClientConn conn = connect("dns:///127.0.0.1:1")) {
            assertThatIllegalStateException()
                    .isThrownBy(
                            () -> loops.next().submit(() -> awaitReady(conn)).sync())
                    .withMessageStartingWith("awaitReady() on an event loop");
        }
    }

    private static boolean awaitReady(ClientConn conn) throws InterruptedException {
        return conn.awaitReady(LONG);
    }

    private static ClientConn connect(String target) {
        return ClientConn.builder(target)
                .credentials(InsecureCredentials.create())
                .noProxy()
                .build();
    }
}
