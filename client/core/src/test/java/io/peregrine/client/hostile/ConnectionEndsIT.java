package io.peregrine.client.hostile;

import static io.peregrine.client.hostile.HostileConnection.HEADERS;
import static io.peregrine.client.hostile.HostileStream.GRPC;
import static io.peregrine.client.hostile.HostileStream.prefixed;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.StatusCode;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.transport.http2.TransportOptions;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Connections that end in every way there is, with calls on them (HOSTILE.md 2.5): once for each call, and named. */
class ConnectionEndsIT {
    private static final int ENHANCE_YOUR_CALM = 0xb;
    private static final CallOptions SHORT = CallOptions.deadlineAfter(Duration.ofMillis(300));

    /** How the server ends the connection under the first request, and what the call must make of it. */
    private record Cut(String name, StatusCode code, String message, Answer answer) {
        @Override
        public String toString() {
            return name;
        }
    }

    private interface Answer {
        void to(HostileStream stream) throws IOException;
    }

    private static Stream<Cut> cuts() {
        String closed = "closed the connection";
        return Stream.of(
                cut("fin_before_headers", closed, stream -> stream.connection().close()),
                cut("fin_after_headers", closed, stream -> {
                    stream.headers();
                    stream.connection().close();
                }),
                cut("fin_mid_message", closed, stream -> {
                    stream.headers();
                    stream.data(0, prefixed(0, 100, new byte[50]));
                    stream.connection().close();
                }),
                cut("fin_after_message", closed, stream -> {
                    stream.headers();
                    stream.message(new byte[100]);
                    stream.connection().close();
                }),
                cut("fin_mid_frame", closed, stream -> {
                    stream.headers();
                    stream.connection().write(new byte[] {0, 0, 100, 0, 0, 0, 0, 0, (byte) stream.id(), 1, 2, 3});
                    stream.connection().close();
                }),
                cut("fin_mid_frame_header", closed, stream -> {
                    stream.connection().write(new byte[] {0, 0, 100, 0});
                    stream.connection().close();
                }),
                cut("fin_mid_header_block", closed, stream -> {
                    stream.connection().frame(HEADERS, 0, stream.id(), HostileConnection.block(GRPC));
                    stream.connection().close();
                }),
                cut("half_close", closed, stream -> stream.connection().halfClose()),
                cut("half_close_mid_message", closed, stream -> {
                    stream.headers();
                    stream.data(0, prefixed(0, 100, new byte[50]));
                    stream.connection().halfClose();
                }),
                cut("tcp_rst", "127.0.0.1", stream -> stream.connection().cut()),
                cut("tcp_rst_mid_message", "127.0.0.1", stream -> {
                    stream.headers();
                    stream.data(0, prefixed(0, 100, new byte[50]));
                    stream.connection().cut();
                }),
                cut("goaway_last_equals_ours_then_close", "sent GOAWAY NO_ERROR: bye", stream -> {
                    stream.connection().goAway(stream.id(), 0, "bye");
                    stream.connection().close();
                }),
                cut("goaway_last_above_ours_then_close", "sent GOAWAY INTERNAL_ERROR: oops", stream -> {
                    stream.connection().goAway(Integer.MAX_VALUE, 2, "oops");
                    stream.connection().close();
                }),
                cut("goaway_then_tcp_rst", "127.0.0.1", stream -> {
                    stream.connection().goAway(Integer.MAX_VALUE, 0, "bye");
                    stream.connection().cut();
                }),
                cut("enhance_your_calm", "GOAWAY ENHANCE_YOUR_CALM: too_many_pings", stream -> {
                    stream.connection().goAway(Integer.MAX_VALUE, ENHANCE_YOUR_CALM, "too_many_pings");
                    stream.connection().close();
                }),
                cut("garbage", "connection error", stream -> {
                    stream.headers();
                    stream.connection()
                            .write("HTTP/1.1 400 Bad Request\r\n\r\n".repeat(8).getBytes(StandardCharsets.US_ASCII));
                }));
    }

    private static Cut cut(String name, String message, Answer answer) {
        return new Cut(name, StatusCode.UNAVAILABLE, message, answer);
    }

    /** P4: never sent again, since the server may have acted on it. */
    @ParameterizedTest
    @MethodSource("cuts")
    void st10ALostCallIsUnavailableOnceNamedAndNotReplayed(Cut cut) throws Exception {
        try (HostileServer server = HostileServer.start(stream -> {
                    if (stream.number() == 1) {
                        cut.answer.to(stream);
                    } else {
                        stream.echo();
                    }
                });
                ClientConn conn = connect(server)) {
            RecordedCall call = RecordedCall.start(conn);

            assertThat(call.code()).isEqualTo(cut.code);
            assertThat(call.message())
                    .contains(cut.message)
                    .contains("127.0.0.1:")
                    .doesNotContain("unknown reason");
            assertThat(server.requests()).as("requests on the wire").isEqualTo(1);
            RecordedCall next = RecordedCall.start(conn);
            assertThat(next.code()).isEqualTo(StatusCode.OK);
            assertThat(server.connections())
                    .as("the next call has a new connection")
                    .isEqualTo(2);
            server.connection(1).awaitEnd();
            assertThat(server.requests()).isEqualTo(2);
            call.assertEndedOnce();
        }
    }

    @Test
    void st11AConnectionErrorIsSaidToTheServerInGoAway() throws Exception {
        try (HostileServer server = HostileServer.start(
                        stream -> stream.connection().frame(HostileConnection.RST_STREAM, 0, 99, new byte[4]));
                ClientConn conn = connect(server)) {
            assertThat(RecordedCall.start(conn).code()).isEqualTo(StatusCode.UNAVAILABLE);

            server.connection(1).awaitEnd();
            assertThat(server.connection(1).goAways()).containsExactly(1);
        }
    }

    @Test
    void fiveHundredCallsCutAtOnceEndOnceEach() throws Exception {
        int count = 500;
        try (HostileServer server = HostileServer.start(stream -> {
                    if (stream.number() == count) {
                        stream.connection().cut();
                    }
                });
                ClientConn conn = connect(server)) {
            List<RecordedCall> calls = startAll(conn, count, RecordedCall.OPTIONS);

            for (RecordedCall call : calls) {
                assertThat(call.code()).isEqualTo(StatusCode.UNAVAILABLE);
            }
            assertThat(server.requests()).isEqualTo(count);
            for (RecordedCall call : calls) {
                call.assertEndedOnce();
            }
        }
    }

    @Test
    void aThousandDeadlinesAtOnceEndOnceEachAndTheConnectionLives() throws Exception {
        int count = 1000;
        AtomicBoolean answers = new AtomicBoolean();
        try (HostileServer server = HostileServer.start(stream -> {
                    if (answers.get()) {
                        stream.echo();
                    }
                });
                ClientConn conn = connect(server)) {
            List<RecordedCall> calls = startAll(conn, count, CallOptions.deadlineAfter(Duration.ofSeconds(2)));

            for (RecordedCall call : calls) {
                assertThat(call.code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
                assertThat(call.elapsed()).isGreaterThanOrEqualTo(Duration.ofSeconds(2));
            }
            answers.set(true);
            assertThat(RecordedCall.start(conn).code()).isEqualTo(StatusCode.OK);
            HostileConnection connection = server.connection(1);
            server.await("RST_STREAM of each", () -> connection.resets() == server.requests() - 1);
            assertThat(server.connections()).isEqualTo(1);
            for (RecordedCall call : calls) {
                call.assertEndedOnce();
            }
        }
    }

    @Test
    void aSilentPeerEndsNothingButTheDeadlineDoes() throws Exception {
        try (HostileServer server = HostileServer.start(stream -> {});
                ClientConn conn = connect(server)) {
            conn.connect();
            server.connection(1).awaitSettingsAcks(1);

            RecordedCall call = RecordedCall.start(conn, SHORT);

            assertThat(call.code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
            assertThat(call.message()).contains("127.0.0.1:");
            assertThat(call.elapsed()).isBetween(Duration.ofMillis(300), Duration.ofSeconds(15));
            call.assertEndedOnce();
        }
    }

    /** One octet of the response for each window that the reader of the test opens: slow, but nothing is lost. */
    @Test
    void aSlowDripArrivesWhole() throws Exception {
        try (HostileServer server = HostileServer.start(stream -> {
                    stream.headers();
                    for (byte octet : prefixed(0, 300, new byte[300])) {
                        stream.data(0, octet);
                        stream.data(0);
                    }
                    stream.ok();
                });
                ClientConn conn = connect(server)) {
            RecordedCall call = RecordedCall.start(conn);

            assertThat(call.response()).hasSize(300);
            call.assertEndedOnce();
        }
    }

    /** The request cannot leave, and the deadline ends the call all the same; so does the end of the channel. */
    @Test
    void aServerThatNeverReadsCannotHoldACall() throws Exception {
        HostileServer.Script script = new HostileServer.Script() {
            @Override
            public void onPreface(HostileConnection connection) throws IOException, InterruptedException {
                connection.settings(HostileConnection.INITIAL_WINDOW_SIZE, Integer.MAX_VALUE);
                connection.windowUpdate(0, Integer.MAX_VALUE - 65_535);
                connection.stopReading();
            }

            @Override
            public void onRequest(HostileStream stream) {
                throw new AssertionError("a request was read");
            }
        };
        try (HostileServer server = HostileServer.start(script);
                ClientConn conn = connect(server)) {
            RecordedCall large = RecordedCall.start(conn, SHORT, new byte[16 << 20]);
            RecordedCall small = RecordedCall.start(conn, SHORT);
            RecordedCall withoutDeadline = RecordedCall.start(conn, CallOptions.DEFAULT);

            assertThat(large.code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
            assertThat(small.code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
            conn.shutdownNow();
            assertThat(withoutDeadline.code()).isEqualTo(StatusCode.CANCELLED);
            withoutDeadline.assertEndedOnce();
            large.assertEndedOnce();
        }
    }

    /** SYN to a full accept queue: dropped, and the connect timeout says so. */
    @Test
    void aSynBlackHoleIsGivenUpAfterTheConnectTimeout() throws Exception {
        List<Socket> fillers = new ArrayList<>();
        try (HostileServer hole = HostileServer.blackHole(fillers);
                ClientConn conn = ClientConn.builder(hole.target())
                        .credentials(InsecureCredentials.create())
                        .transportOptions(TransportOptions.builder()
                                .connectTimeout(Duration.ofMillis(400))
                                .build())
                        .build()) {
            RecordedCall call = RecordedCall.start(conn);

            assertThat(call.code()).isEqualTo(StatusCode.UNAVAILABLE);
            assertThat(call.message()).contains("127.0.0.1:").contains("400 ms");
            assertThat(call.elapsed()).isBetween(Duration.ofMillis(400), Duration.ofSeconds(15));
            call.assertEndedOnce();
        } finally {
            for (Socket filler : fillers) {
                filler.close();
            }
        }
    }

    private static List<RecordedCall> startAll(ClientConn conn, int count, CallOptions options) {
        List<RecordedCall> calls = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            calls.add(RecordedCall.start(conn, options));
        }
        return calls;
    }

    private static ClientConn connect(HostileServer server) {
        return ClientConn.builder(server.target())
                .credentials(InsecureCredentials.create())
                .build();
    }
}
