package io.peregrine.client.hostile;

import static io.peregrine.client.hostile.HostileConnection.END_STREAM;
import static io.peregrine.client.hostile.HostileStream.GRPC;
import static io.peregrine.client.hostile.HostileStream.prefixed;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.MethodType;
import io.peregrine.client.StatusCode;
import io.peregrine.client.credentials.InsecureCredentials;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Responses of many messages that are no good gRPC, as {@link GrpcResponsesIT} has them for one message: what came
 * before the fault is delivered, the status is that of the rule, and no other call notices.
 */
class StreamResponsesIT {
    private static final CallOptions OPTIONS = RecordedCall.OPTIONS;
    private static final int NO_RESET = -1;

    /** NO_ERROR if the end was there before the message was asked for, else PROTOCOL_ERROR. */
    private static final int OF_A_STREAM_THAT_ENDED = -2;

    private static final int NO_ERROR = 0;
    private static final int PROTOCOL_ERROR = 1;
    private static final int INTERNAL_ERROR = 2;
    private static final int CANCEL = 8;

    /** What the server does behind a good message, and what the call must make of it. */
    private record Row(String name, StatusCode code, String message, int reset, Answer answer) {
        @Override
        public String toString() {
            return name;
        }
    }

    private interface Answer {
        void to(HostileStream stream) throws IOException;
    }

    private static Stream<Row> behindAMessage() {
        return Stream.of(
                new Row(
                        "st8_headers_twice",
                        StatusCode.INTERNAL,
                        "second HEADERS",
                        PROTOCOL_ERROR,
                        stream -> stream.headers("x", "y")),
                new Row(
                        "st8_data_end_stream",
                        StatusCode.INTERNAL,
                        "without trailers",
                        NO_RESET,
                        stream -> stream.data(END_STREAM)),
                new Row(
                        "st3_no_grpc_status",
                        StatusCode.UNKNOWN,
                        "missing grpc-status",
                        NO_RESET,
                        stream -> stream.trailers("x", "y")),
                new Row(
                        "st4_details_of_another_code",
                        StatusCode.INTERNAL,
                        "details-bin says 9",
                        NO_RESET,
                        stream -> stream.trailers("grpc-status", "5", "grpc-status-details-bin", "CAk")),
                new Row(
                        "st4_details_that_are_none",
                        StatusCode.NOT_FOUND,
                        "",
                        NO_RESET,
                        stream -> stream.trailers("grpc-status", "5", "grpc-status-details-bin", "CA")),
                new Row(
                        "st11_trailers_over_the_limit",
                        StatusCode.RESOURCE_EXHAUSTED,
                        "limit",
                        CANCEL,
                        stream -> stream.trailers("grpc-status", "0", "big", "x".repeat(9_000))),
                new Row(
                        "ms1_reserved_flag",
                        StatusCode.INTERNAL,
                        "flag",
                        INTERNAL_ERROR,
                        stream -> stream.data(0, prefixed(2, 1, (byte) 7))),
                new Row(
                        "ms2_declared_over_the_limit",
                        StatusCode.RESOURCE_EXHAUSTED,
                        "5242880",
                        CANCEL,
                        stream -> stream.data(0, prefixed(0, 5 << 20, new byte[100]))),
                new Row(
                        "ms5_flag_without_encoding",
                        StatusCode.INTERNAL,
                        "compressed",
                        CANCEL,
                        stream -> stream.data(0, prefixed(1, 1, (byte) 7))),
                new Row(
                        "ms6_truncated_message",
                        StatusCode.INTERNAL,
                        "within a message",
                        OF_A_STREAM_THAT_ENDED,
                        stream -> {
                            stream.data(0, prefixed(0, 10, (byte) 1));
                            stream.ok();
                        }));
    }

    /** MS-1, MS-2, MS-5, MS-6, ST-3, ST-4, ST-8, ST-11. */
    @ParameterizedTest
    @MethodSource("behindAMessage")
    void deliversWhatCameBeforeAndThenFails(Row row) throws Exception {
        HostileServer.Script script = answering(stream -> {
            stream.headers();
            stream.message((byte) 7);
            row.answer.to(stream);
        });
        try (HostileServer server = HostileServer.start(script);
                ClientConn conn = connect(server)) {
            RecordedStreamCall call = RecordedStreamCall.start(conn, MethodType.BIDI_STREAMING, OPTIONS);

            assertFails(call, row);
            assertThat(call.messages()).hasSize(1).first().isEqualTo(new byte[] {7});
            if (row.reset != NO_RESET) {
                int reset = server.connection(1).awaitReset(1);
                if (row.reset == OF_A_STREAM_THAT_ENDED) {
                    assertThat(reset).isIn(NO_ERROR, PROTOCOL_ERROR);
                } else {
                    assertThat(reset).isEqualTo(row.reset);
                }
            }
            assertTheConnectionLives(server, conn);
        }
    }

    private static Stream<Row> fromTheStart() {
        return Stream.of(
                new Row(
                        "st8_data_before_headers",
                        StatusCode.INTERNAL,
                        "DATA before HEADERS",
                        PROTOCOL_ERROR,
                        stream -> stream.message((byte) 7)),
                new Row(
                        "st6_no_http_status",
                        StatusCode.INTERNAL,
                        ":status",
                        PROTOCOL_ERROR,
                        stream -> stream.headers("content-type", "application/grpc")),
                new Row("st6_foreign_body", StatusCode.UNAVAILABLE, "<h1>later</h1>", NO_RESET, stream -> {
                    stream.headers(":status", "503", "content-type", "text/html");
                    stream.data(END_STREAM, "<h1>later</h1>".getBytes(StandardCharsets.US_ASCII));
                }),
                new Row("st5_not_grpc", StatusCode.UNKNOWN, "application/json", NO_RESET, stream -> {
                    stream.headers(":status", "200", "content-type", "application/json");
                    stream.ok();
                }),
                new Row(
                        "st1_trailers_only",
                        StatusCode.NOT_FOUND,
                        "gone",
                        NO_RESET,
                        stream -> stream.trailers(with(GRPC, "grpc-status", "5", "grpc-message", "gone"))),
                new Row(
                        "st2_percent_message",
                        StatusCode.ABORTED,
                        "100% \u263a %zz",
                        NO_RESET,
                        stream -> stream.trailers(
                                with(GRPC, "grpc-status", "10", "grpc-message", "100%25 %E2%98%BA %zz"))),
                new Row(
                        "st11_headers_over_the_limit",
                        StatusCode.RESOURCE_EXHAUSTED,
                        "limit",
                        CANCEL,
                        stream -> stream.headers(with(GRPC, "big", "x".repeat(9_000)))),
                new Row(
                        "md3_bad_base64",
                        StatusCode.INTERNAL,
                        "x-bin",
                        CANCEL,
                        stream -> stream.headers(with(GRPC, "x-bin", "!!!"))),
                new Row(
                        "ms5_unknown_encoding",
                        StatusCode.INTERNAL,
                        "\"snappy\"",
                        CANCEL,
                        stream -> stream.headers(with(GRPC, "grpc-encoding", "snappy"))),
                new Row("ms5_gzip_garbage", StatusCode.INTERNAL, "decompressed", CANCEL, stream -> {
                    stream.headers(with(GRPC, "grpc-encoding", "gzip"));
                    stream.data(0, prefixed(1, 3, (byte) 7, (byte) 8, (byte) 9));
                }),
                new Row("ms2_gzip_bomb", StatusCode.RESOURCE_EXHAUSTED, "exceeds maximum size", CANCEL, stream -> {
                    byte[] bomb = gzip(new byte[8 << 20]);
                    stream.headers(with(GRPC, "grpc-encoding", "gzip"));
                    stream.data(0, prefixed(1, bomb.length, bomb));
                }));
    }

    /** MD-3, MS-2, MS-5, ST-1, ST-2, ST-5, ST-6, ST-8, ST-11. */
    @ParameterizedTest
    @MethodSource("fromTheStart")
    void failsWithoutAMessage(Row row) throws Exception {
        try (HostileServer server = HostileServer.start(answering(row.answer));
                ClientConn conn = connect(server)) {
            RecordedStreamCall call = RecordedStreamCall.start(conn, MethodType.BIDI_STREAMING, OPTIONS);

            assertFails(call, row);
            assertThat(call.messages()).isEmpty();
            if (row.reset != NO_RESET) {
                assertThat(server.connection(1).awaitReset(1)).isEqualTo(row.reset);
            }
            assertTheConnectionLives(server, conn);
        }
    }

    @Test
    void st7InformationalResponsesAreSkipped() throws Exception {
        HostileServer.Script script = answering(stream -> {
            stream.headers(":status", "103", "link", "x");
            stream.headers();
            stream.message((byte) 7);
            stream.message((byte) 8);
            stream.ok();
        });
        try (HostileServer server = HostileServer.start(script);
                ClientConn conn = connect(server)) {
            RecordedStreamCall call = RecordedStreamCall.start(conn, MethodType.BIDI_STREAMING, OPTIONS);

            assertThat(call.code()).isEqualTo(StatusCode.OK);
            assertThat(call.messages()).hasSize(2);
        }
    }

    /** How far a response has come when the server resets its stream. */
    private enum Phase {
        BEFORE_HEADERS(0),
        BEHIND_HEADERS(0),
        BEHIND_A_MESSAGE(1),
        WITHIN_A_MESSAGE(1);

        final int messages;

        Phase(int messages) {
            this.messages = messages;
        }

        void play(HostileStream stream) throws IOException {
            if (this != BEFORE_HEADERS) {
                stream.headers();
            }
            if (messages > 0) {
                stream.message((byte) 7);
            }
            if (this == WITHIN_A_MESSAGE) {
                stream.data(0, prefixed(0, 9, (byte) 7));
            }
        }
    }

    /** By the error code, from NO_ERROR to HTTP_1_1_REQUIRED, and one that nobody knows. */
    private static final StatusCode[] OF_RESET = {
        StatusCode.INTERNAL,
        StatusCode.INTERNAL,
        StatusCode.INTERNAL,
        StatusCode.INTERNAL,
        StatusCode.INTERNAL,
        StatusCode.INTERNAL,
        StatusCode.INTERNAL,
        StatusCode.UNAVAILABLE,
        StatusCode.CANCELLED,
        StatusCode.INTERNAL,
        StatusCode.INTERNAL,
        StatusCode.RESOURCE_EXHAUSTED,
        StatusCode.PERMISSION_DENIED,
        StatusCode.UNKNOWN,
        StatusCode.UNKNOWN
    };

    @ParameterizedTest
    @EnumSource(Phase.class)
    void st9EveryResetCodeHasItsStatusInEachPhaseOfAStream(Phase phase) throws Exception {
        AtomicInteger errorCode = new AtomicInteger();
        HostileServer.Script script = answering(Integer.MAX_VALUE, stream -> {
            phase.play(stream);
            stream.reset(errorCode.get());
        });
        try (HostileServer server = HostileServer.start(script);
                ClientConn conn = connect(server)) {
            for (int code = 0; code < OF_RESET.length; code++) {
                errorCode.set(code);
                RecordedStreamCall call = RecordedStreamCall.start(conn, MethodType.BIDI_STREAMING, OPTIONS);

                assertThat(call.code()).as("error code %d", code).isEqualTo(OF_RESET[code]);
                assertThat(call.messages()).hasSize(phase.messages);
                call.assertEndedOnce();
            }
            assertThat(server.connections()).as("the connection lives").isEqualTo(1);
        }
    }

    /** How a connection dies under a stream: the words are those of {@link HostileConnection}. */
    private enum Cut {
        CLOSE,
        CUT,
        WITHIN_A_MESSAGE;

        void play(HostileStream stream) throws IOException {
            switch (this) {
                case CLOSE -> stream.connection().halfClose();
                case CUT -> stream.connection().cut();
                case WITHIN_A_MESSAGE -> {
                    stream.data(0, prefixed(0, 9, (byte) 7));
                    stream.connection().halfClose();
                }
                default -> throw new AssertionError(this);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Cut.class)
    void ms7AConnectionThatDiesUnderAStreamIsUnavailable(Cut cut) throws Exception {
        HostileServer.Script script = answering(stream -> {
            stream.headers();
            stream.message((byte) 7);
            cut.play(stream);
        });
        try (HostileServer server = HostileServer.start(script);
                ClientConn conn = connect(server)) {
            RecordedStreamCall call = RecordedStreamCall.start(conn, MethodType.BIDI_STREAMING, OPTIONS);

            assertThat(call.code()).isEqualTo(StatusCode.UNAVAILABLE);
            // A reset of TCP may overtake what was sent before it.
            assertThat(call.messages()).hasSizeBetween(cut == Cut.CUT ? 0 : 1, 1);
            assertThat(call.failure()).hasMessageContaining("127.0.0.1");
            assertThat(server.requests()).as("nothing is sent again").isEqualTo(1);
            call.assertEndedOnce();
        }
    }

    @Test
    void ca1OneResponseThatIsMissingIsInternal() throws Exception {
        assertOneResponse(StatusCode.INTERNAL, "no message", NO_RESET, HostileStream::ok);
    }

    @Test
    void ca1ASecondMessageOfOneResponseIsInternalAndResetsTheStream() throws Exception {
        assertOneResponse(StatusCode.INTERNAL, "more than one message", CANCEL, stream -> {
            stream.message((byte) 7);
            stream.message((byte) 8);
        });
    }

    @Test
    void ca1AnErrorStatusWinsOverTheMessageOfOneResponse() throws Exception {
        assertOneResponse(StatusCode.ABORTED, "why", NO_RESET, stream -> {
            stream.message((byte) 7);
            stream.trailers("grpc-status", "10", "grpc-message", "why");
        });
    }

    private static void assertOneResponse(StatusCode code, String message, int reset, Answer answer) throws Exception {
        HostileServer.Script script = answering(stream -> {
            stream.headers();
            answer.to(stream);
        });
        try (HostileServer server = HostileServer.start(script);
                ClientConn conn = connect(server)) {
            RecordedStreamCall call = RecordedStreamCall.start(conn, MethodType.CLIENT_STREAMING, OPTIONS);

            assertFails(call, new Row("one response", code, message, reset, answer));
            assertThat(call.messages()).as("delivered").isEmpty();
            if (reset != NO_RESET) {
                assertThat(server.connection(1).awaitReset(1)).isEqualTo(reset);
            }
        }
    }

    private static void assertFails(RecordedStreamCall call, Row row) throws InterruptedException {
        assertThat(call.code()).isEqualTo(row.code);
        assertThat(call.failure()).hasMessageContaining(row.message);
        call.assertEndedOnce();
    }

    private static void assertTheConnectionLives(HostileServer server, ClientConn conn) throws InterruptedException {
        assertThat(RecordedCall.start(conn).code()).isEqualTo(StatusCode.OK);
        assertThat(server.connections()).as("the connection lives").isEqualTo(1);
    }

    /** A server that answers its first stream as soon as it begins, and echoes the requests of others. */
    private static HostileServer.Script answering(Answer answer) {
        return answering(1, answer);
    }

    /** As {@link #answering(Answer)}, for the first {@code streams} streams. */
    private static HostileServer.Script answering(int streams, Answer answer) {
        return new HostileServer.Script() {
            @Override
            public void onHeaders(HostileStream stream) throws IOException {
                if (stream.number() <= streams) {
                    answer.to(stream);
                }
            }

            @Override
            public void onRequest(HostileStream stream) throws IOException {
                stream.echo();
            }
        };
    }

    private static ClientConn connect(HostileServer server) {
        return ClientConn.builder(server.target())
                .credentials(InsecureCredentials.create())
                .build();
    }

    private static String[] with(String[] fields, String... more) {
        String[] all = Arrays.copyOf(fields, fields.length + more.length);
        System.arraycopy(more, 0, all, fields.length, more.length);
        return all;
    }

    private static byte[] gzip(byte[] plain) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
            out.write(plain);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return packed.toByteArray();
    }
}
