package io.peregrine.client.hostile;

import static io.peregrine.client.hostile.HostileConnection.END_STREAM;
import static io.peregrine.client.hostile.HostileStream.GRPC;
import static io.peregrine.client.hostile.HostileStream.prefixed;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.ClientConn;
import io.peregrine.client.Metadata;
import io.peregrine.client.StatusCode;
import io.peregrine.client.credentials.InsecureCredentials;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Responses that are no good gRPC (HOSTILE.md 2.6): one that does not say {@code grpc-status: 0} in a block that ends
 * the stream, after whole messages, is never OK; and it costs its own call only.
 */
class GrpcResponsesIT {
    /** What the server answers to the first request, and what the call must make of it. */
    private record Row(String name, StatusCode code, String message, Answer answer) {
        @Override
        public String toString() {
            return name;
        }
    }

    private interface Answer {
        void to(HostileStream stream) throws IOException;
    }

    private static Stream<Row> rows() {
        return Stream.of(statusRows(), httpRows(), messageRows(), metadataRows())
                .flatMap(rows -> rows);
    }

    private static Stream<Row> statusRows() {
        return Stream.of(
                row("missing_trailers_data_end", StatusCode.INTERNAL, "without trailers", stream -> {
                    stream.headers();
                    stream.data(END_STREAM, prefixed(0, 1, (byte) 7));
                }),
                row("missing_trailers_empty_data_end", StatusCode.INTERNAL, "without trailers", stream -> {
                    stream.headers();
                    stream.message((byte) 7);
                    stream.data(END_STREAM);
                }),
                row(
                        "headers_end_no_status",
                        StatusCode.UNKNOWN,
                        "missing grpc-status",
                        stream -> stream.trailers(GRPC)),
                row("trailers_no_grpc_status", StatusCode.UNKNOWN, "missing grpc-status", stream -> {
                    stream.headers();
                    stream.message((byte) 7);
                    stream.trailers("x", "y");
                }),
                status("grpc_status_text", "OK", StatusCode.UNKNOWN, "\"OK\""),
                status("grpc_status_negative", "-1", StatusCode.UNKNOWN, "\"-1\""),
                status("grpc_status_99", "99", StatusCode.UNKNOWN, "99"),
                status("grpc_status_empty", "", StatusCode.UNKNOWN, "\"\""),
                status("grpc_status_huge", "18446744073709551616", StatusCode.UNKNOWN, "18446744073709551616"),
                status("grpc_status_space", "0 1", StatusCode.UNKNOWN, "\"0 1\""),
                row("grpc_status_twice", StatusCode.UNKNOWN, "grpc-status", stream -> {
                    stream.headers();
                    stream.message((byte) 7);
                    stream.trailers("grpc-status", "0", "grpc-status", "13");
                }),
                row("grpc_status_twice_error_first", StatusCode.UNKNOWN, "grpc-status", stream -> {
                    stream.headers();
                    stream.message((byte) 7);
                    stream.trailers("grpc-status", "13", "grpc-status", "0");
                }),
                row(
                        "bad_percent_message",
                        StatusCode.ABORTED,
                        "100%zz %4",
                        stream -> stream.trailers(error("10", "100%zz %4"))),
                row(
                        "message_raw_latin1",
                        StatusCode.ABORTED,
                        "caf",
                        stream -> stream.trailers(error("10", "caf\u00e9"))),
                row(
                        "error_percent_message",
                        StatusCode.ABORTED,
                        "\u263a",
                        stream -> stream.trailers(error("10", "%E2%98%BA"))));
    }

    private static Stream<Row> httpRows() {
        return Stream.of(
                http("200", StatusCode.UNKNOWN),
                http("204", StatusCode.UNKNOWN),
                http("302", StatusCode.UNKNOWN),
                http("400", StatusCode.INTERNAL),
                http("401", StatusCode.UNAUTHENTICATED),
                http("403", StatusCode.PERMISSION_DENIED),
                http("404", StatusCode.UNIMPLEMENTED),
                http("429", StatusCode.UNAVAILABLE),
                http("431", StatusCode.INTERNAL),
                http("500", StatusCode.UNKNOWN),
                http("502", StatusCode.UNAVAILABLE),
                http("503", StatusCode.UNAVAILABLE),
                http("504", StatusCode.UNAVAILABLE),
                row(
                        "http_503_headers_only",
                        StatusCode.UNAVAILABLE,
                        "503",
                        stream -> stream.trailers(":status", "503")),
                row("http_endless_body", StatusCode.UNAVAILABLE, "gateway", stream -> {
                    stream.headers(":status", "503", "content-type", "text/html");
                    stream.data(0, "gateway ".repeat(1000).getBytes(StandardCharsets.US_ASCII));
                }),
                contentType("content_type_json", "application/json"),
                contentType("content_type_grpcfoo", "application/grpcfoo"),
                contentType("content_type_empty", ""),
                row("content_type_absent", StatusCode.UNKNOWN, "content-type absent", stream -> {
                    stream.headers(":status", "200");
                    stream.message((byte) 7);
                    stream.ok();
                }));
    }

    private static Stream<Row> messageRows() {
        return Stream.of(
                body("truncated_message", StatusCode.INTERNAL, "within a message", prefixed(0, 10, (byte) 1)),
                body("truncated_prefix", StatusCode.INTERNAL, "within a message", (byte) 0, (byte) 0, (byte) 0),
                body("truncated_second_message", StatusCode.INTERNAL, "message", join(prefixed(0, 0), prefixed(0, 9))),
                body("oversized_5m", StatusCode.RESOURCE_EXHAUSTED, "5242880", prefixed(0, 5 << 20, new byte[100])),
                body("oversized_2g", StatusCode.RESOURCE_EXHAUSTED, "2147483647", prefixed(0, Integer.MAX_VALUE)),
                body("oversized_4g", StatusCode.RESOURCE_EXHAUSTED, "4294967295", prefixed(0, -1)),
                body("compressed_flag_no_encoding", StatusCode.INTERNAL, "compressed", prefixed(1, 1, (byte) 7)),
                encoded("compressed_flag_identity", StatusCode.INTERNAL, "compressed", "identity", new byte[] {7}),
                encoded("unknown_encoding", StatusCode.INTERNAL, "\"snappy\"", "snappy", new byte[] {7}),
                encoded("gzip_garbage", StatusCode.INTERNAL, "magic number", "gzip", new byte[] {7, 8, 9}),
                encoded(
                        "gzip_truncated",
                        StatusCode.INTERNAL,
                        "truncated",
                        "gzip",
                        Arrays.copyOf(gzip(new byte[9]), 12)),
                encoded("gzip_corrupt", StatusCode.INTERNAL, "checksum", "gzip", corrupt(gzip(new byte[9]))),
                encoded(
                        "gzip_bomb",
                        StatusCode.RESOURCE_EXHAUSTED,
                        "exceeds maximum size",
                        "gzip",
                        gzip(new byte[8 << 20])),
                body("reserved_flag_bits", StatusCode.INTERNAL, "flag", prefixed(2, 1, (byte) 7)),
                row("content_encoding_gzip", StatusCode.INTERNAL, "flag", stream -> {
                    stream.headers(":status", "200", "content-type", "application/grpc", "content-encoding", "gzip");
                    stream.data(0, gzip(prefixed(0, 1, (byte) 7)));
                    stream.ok();
                }),
                body("unary_two_messages", StatusCode.INTERNAL, "more than one", join(prefixed(0, 0), prefixed(0, 0))),
                body("unary_no_message_ok", StatusCode.INTERNAL, "no message"));
    }

    private static Stream<Row> metadataRows() {
        return Stream.of(
                row("bad_bin_metadata", StatusCode.INTERNAL, "x-bin", stream -> {
                    stream.headers(":status", "200", "content-type", "application/grpc", "x-bin", "!!!");
                    stream.message((byte) 7);
                    stream.ok();
                }),
                row("bad_bin_trailers", StatusCode.ABORTED, "why", stream -> {
                    stream.headers();
                    stream.trailers("grpc-status", "10", "grpc-message", "why", "x-bin", "!!!");
                }),
                row(
                        "ok_early_error",
                        StatusCode.RESOURCE_EXHAUSTED,
                        "quota",
                        stream -> stream.trailers(error("8", "quota"))));
    }

    @ParameterizedTest
    @MethodSource("rows")
    void p3IsNeverOkAndCostsOneCallOnly(Row row) throws Exception {
        try (HostileServer server = HostileServer.start(stream -> {
                    if (stream.number() == 1) {
                        row.answer.to(stream);
                    } else {
                        stream.echo();
                    }
                });
                ClientConn conn = connect(server)) {
            RecordedCall call = RecordedCall.start(conn);

            assertThat(call.code()).isEqualTo(row.code);
            assertThat(call.message()).contains(row.message);
            RecordedCall next = RecordedCall.start(conn);
            assertThat(next.code()).isEqualTo(StatusCode.OK);
            assertThat(server.requests()).as("requests on the wire").isEqualTo(2);
            assertThat(server.connections()).as("the connection lives").isEqualTo(1);
            call.assertEndedOnce();
        }
    }

    @Test
    void grpcStatusInHeadersThenOkIsOk() throws Exception {
        RecordedCall call = answered(stream -> {
            stream.headers(":status", "200", "content-type", "application/grpc", "grpc-status", "13");
            stream.message((byte) 7);
            stream.ok();
        });

        assertThat(call.code()).isEqualTo(StatusCode.OK);
    }

    @Test
    void grpcStatus00IsTheNumberZero() throws Exception {
        RecordedCall call = answered(stream -> {
            stream.headers();
            stream.message((byte) 7);
            stream.trailers("grpc-status", "00");
        });

        assertThat(call.code()).isEqualTo(StatusCode.OK);
    }

    @Test
    void grpcStatusTwiceTheSameIsThatStatus() throws Exception {
        RecordedCall call = answered(stream -> {
            stream.headers();
            stream.message((byte) 7);
            stream.trailers("grpc-status", "0", "grpc-status", "0");
        });

        assertThat(call.code()).isEqualTo(StatusCode.OK);
    }

    @Test
    void badBinTrailersLeaveAnOkResponseAlone() throws Exception {
        RecordedCall call = answered(stream -> {
            stream.headers();
            stream.message((byte) 7);
            stream.trailers("grpc-status", "0", "x-bin", "!!!");
        });

        assertThat(call.code()).isEqualTo(StatusCode.OK);
    }

    @Test
    void okPercentMessageIsOk() throws Exception {
        RecordedCall call = answered(stream -> {
            stream.headers();
            stream.message((byte) 7);
            stream.trailers("grpc-status", "0", "grpc-message", "fine%20%E2%98%BA%zz");
        });

        assertThat(call.code()).isEqualTo(StatusCode.OK);
    }

    @Test
    void okBinMetadataIsReadWithAndWithoutPaddingAndJoinedByCommas() throws Exception {
        Metadata.Key<byte[]> key = Metadata.Key.binary("x-bin");
        byte[] first = {1};
        byte[] second = {2, 3};
        String padded = Base64.getEncoder().encodeToString(first);
        String unpadded = Base64.getEncoder().withoutPadding().encodeToString(second);

        RecordedCall call = answered(stream -> {
            stream.headers(":status", "200", "content-type", "application/grpc", "x-bin", unpadded);
            stream.message((byte) 7);
            stream.trailers("grpc-status", "0", "x-bin", padded, "x-bin", unpadded + "," + padded);
        });

        assertThat(call.code()).isEqualTo(StatusCode.OK);
        assertThat(call.headers().all(key)).containsExactly(second);
        assertThat(call.trailers().all(key)).containsExactly(first, second, first);
    }

    @Test
    void okContentTypesOfGrpcAreOk() throws Exception {
        for (String type : new String[] {"application/grpc+proto", "application/grpc;charset=utf-8"}) {
            RecordedCall call = answered(stream -> {
                stream.headers(":status", "200", "content-type", type);
                stream.message((byte) 7);
                stream.ok();
            });

            assertThat(call.code()).as(type).isEqualTo(StatusCode.OK);
        }
    }

    /** CA-4: the status comes at once, and the rest of the request is not sent. */
    @Test
    void okEarlyErrorWhileUploadingStopsTheUpload() throws Exception {
        HostileServer.Script script = new HostileServer.Script() {
            @Override
            public void onHeaders(HostileStream stream) throws IOException {
                if (stream.number() == 1) {
                    stream.trailers(error("8", "quota"));
                }
            }

            @Override
            public void onRequest(HostileStream stream) throws IOException {
                stream.echo();
            }
        };
        try (HostileServer server = HostileServer.start(script);
                ClientConn conn = connect(server)) {
            RecordedCall upload = RecordedCall.start(conn, RecordedCall.OPTIONS, new byte[1 << 20]);

            assertThat(upload.code()).isEqualTo(StatusCode.RESOURCE_EXHAUSTED);
            assertThat(upload.message()).contains("quota");
            assertThat(server.connection(1).awaitReset(1)).as("NO_ERROR").isZero();
            RecordedCall next = RecordedCall.start(conn);
            assertThat(next.code()).isEqualTo(StatusCode.OK);
            assertThat(server.connections()).isEqualTo(1);
            upload.assertEndedOnce();
        }
    }

    private static RecordedCall answered(Answer answer) throws Exception {
        try (HostileServer server = HostileServer.start(answer::to);
                ClientConn conn = connect(server)) {
            RecordedCall call = RecordedCall.start(conn);
            call.assertEndedOnce();
            assertThat(server.requests()).isEqualTo(1);
            return call;
        }
    }

    private static ClientConn connect(HostileServer server) {
        return ClientConn.builder(server.target())
                .credentials(InsecureCredentials.create())
                .build();
    }

    // ---- Kinds of rows ---------------------------------------------------------------------------------------

    private static Row row(String name, StatusCode code, String message, Answer answer) {
        return new Row(name, code, message, answer);
    }

    private static Row status(String name, String value, StatusCode code, String message) {
        return row(name, code, message, stream -> {
            stream.headers();
            stream.message((byte) 7);
            stream.trailers("grpc-status", value);
        });
    }

    private static Row http(String status, StatusCode code) {
        return row("http_" + status, code, "HTTP status " + status, stream -> {
            stream.headers(":status", status, "content-type", "text/html");
            stream.data(END_STREAM, "<html>".getBytes(StandardCharsets.US_ASCII));
        });
    }

    private static Row contentType(String name, String type) {
        return row(name, StatusCode.UNKNOWN, "content-type " + type, stream -> {
            stream.headers(":status", "200", "content-type", type);
            stream.message((byte) 7);
            stream.ok();
        });
    }

    private static Row body(String name, StatusCode code, String message, byte... body) {
        return row(name, code, message, stream -> {
            stream.headers();
            stream.data(0, body);
            stream.ok();
        });
    }

    private static Row encoded(String name, StatusCode code, String message, String encoding, byte[] compressed) {
        return row(name, code, message, stream -> {
            stream.headers(":status", "200", "content-type", "application/grpc", "grpc-encoding", encoding);
            stream.data(0, prefixed(1, compressed.length, compressed));
            stream.ok();
        });
    }

    /** The last byte but four of a member belongs to the checksum. */
    private static byte[] corrupt(byte[] member) {
        member[member.length - 5] ^= 1;
        return member;
    }

    private static String[] error(String status, String message) {
        return new String[] {
            ":status", "200", "content-type", "application/grpc", "grpc-status", status, "grpc-message", message
        };
    }

    private static byte[] join(byte[] first, byte[] second) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        joined.writeBytes(first);
        joined.writeBytes(second);
        return joined.toByteArray();
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
