package io.peregrine.client.hostile;

import static io.peregrine.client.hostile.HostileConnection.MAX_CONCURRENT_STREAMS;
import static io.peregrine.client.hostile.HostileStream.REFUSED_STREAM;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.StatusCode;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.transport.http2.TransportOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** GOAWAY, REFUSED_STREAM and MAX_CONCURRENT_STREAMS in the forms of HOSTILE.md 2.5. */
class ConnectionManagementIT {
    private static final CallOptions SHORT = CallOptions.deadlineAfter(Duration.ofMillis(300));

    /** Requests of the first connection wait here for the test; later connections echo. */
    private static final class Held implements HostileServer.Script {
        final BlockingQueue<HostileStream> streams = new LinkedBlockingQueue<>();
        private final int[] settings;

        Held(int... settings) {
            this.settings = settings;
        }

        @Override
        public void onPreface(HostileConnection connection) throws IOException {
            connection.settings(connection.number() == 1 ? settings : new int[0]);
            connection.settingsAck();
        }

        @Override
        public void onRequest(HostileStream stream) throws IOException {
            if (stream.connection().number() == 1) {
                streams.add(stream);
            } else {
                stream.echo();
            }
        }

        HostileStream next() throws InterruptedException {
            HostileStream stream = streams.poll(20, TimeUnit.SECONDS);
            if (stream == null) {
                throw new AssertionError("no request within 20 s");
            }
            return stream;
        }
    }

    // ---- GOAWAY ----------------------------------------------------------------------------------------------

    @Test
    void h213AGracefulDoubleGoAwayIsNotNoticed() throws Exception {
        Held held = new Held();
        try (HostileServer server = HostileServer.start(held);
                ClientConn conn = connect(server)) {
            RecordedCall running = RecordedCall.start(conn);
            HostileStream stream = held.next();

            stream.connection().goAway(Integer.MAX_VALUE, 0, "");
            awaitPing(stream.connection());
            RecordedCall next = RecordedCall.start(conn);
            assertThat(next.code()).isEqualTo(StatusCode.OK);
            stream.connection().goAway(stream.id(), 0, "");
            awaitPing(stream.connection(), 2);
            assertThat(running.hasEnded()).isFalse();
            stream.echo();

            assertThat(running.code()).isEqualTo(StatusCode.OK);
            server.connection(1).awaitEnd();
            assertThat(server.connections()).isEqualTo(2);
            assertThat(server.requests()).isEqualTo(2);
            running.assertEndedOnce();
        }
    }

    /** D13: the error code does not matter, only the id does. */
    @ParameterizedTest
    @ValueSource(ints = {0, 2, 0xb})
    void h213AStreamAboveTheLastOneIsSentAgainAndTheOthersGoOn(int errorCode) throws Exception {
        Held held = new Held();
        try (HostileServer server = HostileServer.start(held);
                ClientConn conn = connect(server)) {
            RecordedCall below = RecordedCall.start(conn);
            HostileStream kept = held.next();
            RecordedCall above = RecordedCall.start(conn);
            HostileStream refused = held.next();
            assertThat(refused.id()).isGreaterThan(kept.id());

            kept.connection().goAway(kept.id(), errorCode, "");

            assertThat(above.code()).isEqualTo(StatusCode.OK);
            assertThat(below.hasEnded()).isFalse();
            kept.echo();
            assertThat(below.code()).isEqualTo(StatusCode.OK);
            assertThat(server.connections()).isEqualTo(2);
            assertThat(server.requests()).isEqualTo(3);
            above.assertEndedOnce();
            below.assertEndedOnce();
        }
    }

    /** The first connection that is of no use is forgiven; in a backoff this call, which does not wait, would fail. */
    @Test
    void rt8ACallRefusedByTheGoAwayOfAFreshConnectionIsSentAgainAtOnce() throws Exception {
        Held held = new Held();
        try (HostileServer server = HostileServer.start(held);
                ClientConn conn = connect(server)) {
            RecordedCall call = RecordedCall.start(conn);

            held.next().connection().goAway(0, 0, "restarting");

            assertThat(call.code()).isEqualTo(StatusCode.OK);
            assertThat(server.connections()).isEqualTo(2);
            assertThat(server.requests()).isEqualTo(2);
            call.assertEndedOnce();
        }
    }

    @Test
    void h213CallsThatWaitForAStreamSlotMoveToTheNextConnection() throws Exception {
        Held held = new Held(MAX_CONCURRENT_STREAMS, 1);
        try (HostileServer server = HostileServer.start(held);
                ClientConn conn = connect(server)) {
            RecordedCall running = RecordedCall.start(conn);
            HostileStream stream = held.next();
            List<RecordedCall> waiting = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                waiting.add(RecordedCall.start(conn));
            }

            stream.connection().goAway(stream.id(), 0, "");

            for (RecordedCall moved : waiting) {
                assertThat(moved.code()).isEqualTo(StatusCode.OK);
                moved.assertEndedOnce();
            }
            stream.echo();
            assertThat(running.code()).isEqualTo(StatusCode.OK);
            assertThat(server.connections()).isEqualTo(2);
            assertThat(server.requests()).isEqualTo(6);
        }
    }

    @Test
    void p4AGoAwayThatDeniesAStreamItHasAnsweredDoesNotReplayIt() throws Exception {
        Held held = new Held();
        try (HostileServer server = HostileServer.start(held);
                ClientConn conn = connect(server)) {
            RecordedCall call = RecordedCall.start(conn);
            HostileStream stream = held.next();

            stream.headers();
            stream.message(new byte[10]);
            stream.connection().goAway(0, 0, "never saw it");

            assertThat(call.code()).isEqualTo(StatusCode.UNAVAILABLE);
            assertThat(call.message()).contains("never saw it");
            assertThat(RecordedCall.start(conn).code()).isEqualTo(StatusCode.OK);
            assertThat(server.requests()).isEqualTo(2);
            call.assertEndedOnce();
        }
    }

    // ---- REFUSED_STREAM --------------------------------------------------------------------------------------

    @Test
    void rt8RefusedOnceIsSentOnceMore() throws Exception {
        try (HostileServer server = HostileServer.start(stream -> {
                    if (stream.number() == 1) {
                        stream.reset(REFUSED_STREAM);
                    } else {
                        stream.echo();
                    }
                });
                ClientConn conn = connect(server)) {
            RecordedCall call = RecordedCall.start(conn);

            assertThat(call.code()).isEqualTo(StatusCode.OK);
            assertThat(server.requests()).isEqualTo(2);
            assertThat(server.connections()).isEqualTo(1);
            call.assertEndedOnce();
        }
    }

    @Test
    void rt8RefusedForEverIsUnavailableAfterTwoRequests() throws Exception {
        try (HostileServer server = HostileServer.start(stream -> stream.reset(REFUSED_STREAM));
                ClientConn conn = connect(server)) {
            RecordedCall call = RecordedCall.start(conn);

            assertThat(call.code()).isEqualTo(StatusCode.UNAVAILABLE);
            assertThat(call.message()).contains("REFUSED_STREAM");
            assertThat(server.requests()).isEqualTo(2);
            assertThat(server.connections()).isEqualTo(1);
            call.assertEndedOnce();
        }
    }

    @Test
    void p4RefusedAfterTheResponseBeganIsNotSentAgain() throws Exception {
        try (HostileServer server = HostileServer.start(stream -> {
                    stream.headers();
                    stream.reset(REFUSED_STREAM);
                });
                ClientConn conn = connect(server)) {
            RecordedCall call = RecordedCall.start(conn);

            assertThat(call.code()).isEqualTo(StatusCode.UNAVAILABLE);
            assertThat(server.requests()).isEqualTo(1);
            call.assertEndedOnce();
        }
    }

    // ---- MAX_CONCURRENT_STREAMS ------------------------------------------------------------------------------

    @Test
    void h23LoweringTheLimitLeavesOpenStreamsAloneAndHoldsNewOnes() throws Exception {
        Held held = new Held(MAX_CONCURRENT_STREAMS, 3);
        try (HostileServer server = HostileServer.start(held);
                ClientConn conn = connect(server)) {
            List<RecordedCall> open = new ArrayList<>();
            Queue<HostileStream> streams = new ConcurrentLinkedQueue<>();
            for (int i = 0; i < 3; i++) {
                open.add(RecordedCall.start(conn));
                streams.add(held.next());
            }
            HostileConnection connection = server.connection(1);
            connection.settings(MAX_CONCURRENT_STREAMS, 1);
            connection.awaitSettingsAcks(2);

            RecordedCall waiting = RecordedCall.start(conn);
            streams.remove().echo();
            streams.remove().echo();
            awaitPing(connection);
            assertThat(server.requests()).isEqualTo(3);
            streams.remove().echo();

            held.next().echo();
            for (RecordedCall call : open) {
                assertThat(call.code()).isEqualTo(StatusCode.OK);
            }
            assertThat(waiting.code()).isEqualTo(StatusCode.OK);
            assertThat(server.connections()).isEqualTo(1);
        }
    }

    @Test
    void h24ALimitOfZeroHoldsCallsUntilItIsRaised() throws Exception {
        Held held = new Held(MAX_CONCURRENT_STREAMS, 0);
        try (HostileServer server = HostileServer.start(held);
                ClientConn conn = connect(server)) {
            conn.connect();
            server.connection(1).awaitSettingsAcks(1);
            RecordedCall late = RecordedCall.start(conn, SHORT);
            RecordedCall cancelled = RecordedCall.start(conn);
            RecordedCall patient = RecordedCall.start(conn);

            assertThat(late.code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
            assertThat(late.message()).contains("stream slot");
            cancelled.cancel();
            assertThat(cancelled.code()).isEqualTo(StatusCode.CANCELLED);
            assertThat(server.requests()).isZero();
            server.connection(1).settings(MAX_CONCURRENT_STREAMS, 10);
            held.next().echo();

            assertThat(patient.code()).isEqualTo(StatusCode.OK);
            assertThat(server.requests()).isEqualTo(1);
            assertThat(server.connection(1).resets())
                    .as("nothing was open to be reset")
                    .isZero();
            late.assertEndedOnce();
            cancelled.assertEndedOnce();
        }
    }

    @Test
    void p9OneCallTooManyForALimitOfZeroIsResourceExhausted() throws Exception {
        Held held = new Held(MAX_CONCURRENT_STREAMS, 0);
        try (HostileServer server = HostileServer.start(held);
                ClientConn conn = ClientConn.builder(server.target())
                        .credentials(InsecureCredentials.create())
                        .transportOptions(
                                TransportOptions.builder().maxWaitingStreams(2).build())
                        .build()) {
            conn.connect();
            server.connection(1).awaitSettingsAcks(1);
            RecordedCall first = RecordedCall.start(conn, CallOptions.DEFAULT);
            RecordedCall second = RecordedCall.start(conn, CallOptions.DEFAULT);
            RecordedCall third = RecordedCall.start(conn, CallOptions.DEFAULT);

            assertThat(third.code()).isEqualTo(StatusCode.RESOURCE_EXHAUSTED);
            assertThat(third.message()).contains("MAX_CONCURRENT_STREAMS is 0");
            assertThat(first.hasEnded() || second.hasEnded()).isFalse();
            conn.shutdownNow();
            assertThat(first.code()).isEqualTo(StatusCode.CANCELLED);
            assertThat(second.code()).isEqualTo(StatusCode.CANCELLED);
        }
    }

    // ---- Reconnecting ----------------------------------------------------------------------------------------

    private enum Useless implements HostileServer.Script {
        GOAWAY_AT_ONCE {
            @Override
            public void onPreface(HostileConnection connection) throws IOException {
                super.onPreface(connection);
                connection.goAway(0, 0, "not now");
            }
        },
        GOAWAY_ON_REQUEST {
            @Override
            public void onRequest(HostileStream stream) throws IOException {
                stream.connection().goAway(0, 0, "not now");
            }
        },
        CLOSE_AFTER_SETTINGS {
            @Override
            public void onPreface(HostileConnection connection) throws IOException {
                super.onPreface(connection);
                connection.close();
            }
        },
        CLOSE_ON_ACCEPT {
            @Override
            public void onAccept(HostileConnection connection) throws IOException {
                connection.close();
            }
        },
        CLOSE_ON_REQUEST {
            @Override
            public void onRequest(HostileStream stream) throws IOException {
                stream.connection().close();
            }
        };

        @Override
        public void onPreface(HostileConnection connection) throws IOException {
            connection.settings();
            connection.settingsAck();
        }

        @Override
        public void onRequest(HostileStream stream) throws IOException {
            // GOAWAY or the end of the connection has said it already.
        }
    }

    /** With jitter, attempts come at 0 s, 0 s if the first is forgiven, and then not before 0.8, 1.28 and 3.3 s. */
    @ParameterizedTest
    @EnumSource(Useless.class)
    void p15AServerThatIsOfNoUseIsNotStormed(Useless useless) throws Exception {
        long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(1500);
        int calls = 0;
        try (HostileServer server = HostileServer.start(useless);
                ClientConn conn = connect(server)) {
            for (long leftNs = endNs - System.nanoTime(); leftNs > 0; leftNs = endNs - System.nanoTime()) {
                RecordedCall call = RecordedCall.start(
                        conn,
                        CallOptions.deadlineAfter(Duration.ofNanos(leftNs)).withWaitForReady(true));

                assertThat(call.code()).isIn(StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED);
                call.assertEndedOnce();
                calls++;
            }

            assertThat(server.connections()).isBetween(2, 4);
            assertThat(calls).isLessThanOrEqualTo(5);
        }
    }

    @Test
    void aCallThatDoesNotWaitIsToldWhyTheServerIsNotTried() throws Exception {
        try (HostileServer server = HostileServer.start(Useless.GOAWAY_ON_REQUEST);
                ClientConn conn = connect(server)) {
            assertThat(RecordedCall.start(conn).code()).isEqualTo(StatusCode.UNAVAILABLE);

            RecordedCall next = RecordedCall.start(conn);

            assertThat(next.code()).isEqualTo(StatusCode.UNAVAILABLE);
            assertThat(next.message()).contains("GOAWAY NO_ERROR: not now").contains("backoff");
            assertThat(server.connections()).isEqualTo(2);
        }
    }

    /** Somebody has to read then, or the server takes the connection for lost. */
    @Test
    void pingsAreAnsweredWhileNobodyDrivesTheConnection() throws Exception {
        try (HostileServer server = HostileServer.start(HostileStream::echo);
                ClientConn conn = ClientConn.builder(server.target())
                        .credentials(InsecureCredentials.create())
                        .callerDriven(true)
                        .build()) {
            assertThat(conn.invoke(RecordedCall.METHOD, RecordedCall.REQUEST, RecordedCall.OPTIONS))
                    .isEqualTo(RecordedCall.REQUEST);

            for (int number = 1; number <= 10; number++) {
                awaitPing(server.connection(1), number);
            }

            assertThat(conn.invoke(RecordedCall.METHOD, RecordedCall.REQUEST, RecordedCall.OPTIONS))
                    .isEqualTo(RecordedCall.REQUEST);
            assertThat(server.connections()).isEqualTo(1);
        }
    }

    private static void awaitPing(HostileConnection connection) throws Exception {
        awaitPing(connection, 1);
    }

    /** What the client was sent before has been dealt with once it answers. */
    private static void awaitPing(HostileConnection connection, int number) throws Exception {
        connection.ping();
        connection.awaitPingAcks(number);
    }

    private static ClientConn connect(HostileServer server) {
        return ClientConn.builder(server.target())
                .credentials(InsecureCredentials.create())
                .build();
    }
}
