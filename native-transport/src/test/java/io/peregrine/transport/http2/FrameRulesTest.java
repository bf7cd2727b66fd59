package io.peregrine.transport.http2;

import static io.netty.handler.codec.http2.Http2Error.CANCEL;
import static io.netty.handler.codec.http2.Http2Error.NO_ERROR;
import static io.netty.handler.codec.http2.Http2Error.REFUSED_STREAM;
import static io.peregrine.transport.http2.Frames.ACK;
import static io.peregrine.transport.http2.Frames.CONTINUATION;
import static io.peregrine.transport.http2.Frames.DATA;
import static io.peregrine.transport.http2.Frames.END_HEADERS;
import static io.peregrine.transport.http2.Frames.END_STREAM;
import static io.peregrine.transport.http2.Frames.HAS_PRIORITY;
import static io.peregrine.transport.http2.Frames.HEADERS;
import static io.peregrine.transport.http2.Frames.NO_FLAGS;
import static io.peregrine.transport.http2.Frames.PADDED;
import static io.peregrine.transport.http2.Frames.PING;
import static io.peregrine.transport.http2.Frames.PRIORITY;
import static io.peregrine.transport.http2.Frames.PUSH_PROMISE;
import static io.peregrine.transport.http2.Frames.RST_STREAM;
import static io.peregrine.transport.http2.Frames.SETTINGS;
import static io.peregrine.transport.http2.Frames.block;
import static io.peregrine.transport.http2.Frames.data;
import static io.peregrine.transport.http2.Frames.dataAndEnd;
import static io.peregrine.transport.http2.Frames.frame;
import static io.peregrine.transport.http2.Frames.grpcHeaders;
import static io.peregrine.transport.http2.Frames.join;
import static io.peregrine.transport.http2.Frames.message;
import static io.peregrine.transport.http2.Frames.okTrailers;
import static io.peregrine.transport.http2.Frames.paddedData;
import static io.peregrine.transport.http2.Frames.ping;
import static io.peregrine.transport.http2.Frames.response;
import static io.peregrine.transport.http2.Frames.rstStream;
import static io.peregrine.transport.http2.Frames.settings;
import static io.peregrine.transport.http2.Frames.windowUpdate;
import static io.peregrine.transport.http2.StreamFailure.Kind.CONNECTION_LOST;
import static io.peregrine.transport.http2.StreamFailure.Kind.MALFORMED;
import static io.peregrine.transport.http2.StreamFailure.Kind.REFUSED;
import static io.peregrine.transport.http2.StreamFailure.Kind.RESET;
import static io.peregrine.transport.http2.StreamFailure.Kind.TOO_LARGE;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a server may send, frame by frame, and what comes of what it may not (RFC 9113 §6; SPEC CA-4, MS-1, MS-2, MS-6,
 * ST-1, ST-7, ST-8, ST-9, ST-11).
 */
class FrameRulesTest {
    private static final byte[] NOTHING = {};

    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    /** Streams 1 and 3 are open, 3 has received headers; stream 5 is idle. */
    static Stream<Arguments> connectionErrors() {
        return Stream.of(
                Arguments.of("a frame over our MAX_FRAME_SIZE", "FRAME_SIZE_ERROR", Frames.hex("004001000000000001")),
                Arguments.of(
                        "an unknown frame over our MAX_FRAME_SIZE",
                        "FRAME_SIZE_ERROR",
                        Frames.hex("ffffff420000000000")),
                Arguments.of("DATA on stream 0", "PROTOCOL_ERROR", data(0, NOTHING)),
                Arguments.of("DATA on an idle stream", "PROTOCOL_ERROR", data(5, NOTHING)),
                Arguments.of("DATA on an even stream", "PROTOCOL_ERROR", data(2, NOTHING)),
                Arguments.of("DATA of padding only", "PROTOCOL_ERROR", frame(DATA, PADDED, 3, "05000000")),
                Arguments.of("DATA whose padding is its length", "PROTOCOL_ERROR", frame(DATA, PADDED, 3, "04000000")),
                Arguments.of(
                        "HEADERS with a flag of padding only",
                        "FRAME_SIZE_ERROR",
                        frame(HEADERS, PADDED | END_HEADERS, 1, NOTHING)),
                Arguments.of(
                        "HEADERS with half a priority",
                        "FRAME_SIZE_ERROR",
                        frame(HEADERS, HAS_PRIORITY | END_HEADERS, 1, "00000001")),
                Arguments.of("HEADERS on stream 0", "PROTOCOL_ERROR", grpcHeaders(0)),
                Arguments.of("HEADERS on an even stream", "PROTOCOL_ERROR", grpcHeaders(2)),
                Arguments.of("HEADERS on an idle stream", "PROTOCOL_ERROR", grpcHeaders(5)),
                Arguments.of("bad HEADERS on an idle stream", "PROTOCOL_ERROR", Frames.headers(5, "Upper", "x")),
                Arguments.of(
                        "HEADERS of padding only",
                        "PROTOCOL_ERROR",
                        frame(HEADERS, PADDED | END_HEADERS, 1, "05000000")),
                Arguments.of(
                        "HEADERS that depend on themselves",
                        "PROTOCOL_ERROR",
                        frame(HEADERS, HAS_PRIORITY | END_HEADERS, 1, "000000010088")),
                Arguments.of("PRIORITY on stream 0", "PROTOCOL_ERROR", frame(PRIORITY, NO_FLAGS, 0, "0000000100")),
                Arguments.of("RST_STREAM on stream 0", "PROTOCOL_ERROR", rstStream(0, CANCEL)),
                Arguments.of("RST_STREAM on an idle stream", "PROTOCOL_ERROR", rstStream(5, CANCEL)),
                Arguments.of(
                        "PRIORITY of 6 octets on an idle stream",
                        "PROTOCOL_ERROR",
                        frame(PRIORITY, NO_FLAGS, 5, "000000010000")),
                Arguments.of("RST_STREAM of 3 octets", "FRAME_SIZE_ERROR", frame(RST_STREAM, NO_FLAGS, 1, "000000")),
                Arguments.of(
                        "RST_STREAM of 5 octets", "FRAME_SIZE_ERROR", frame(RST_STREAM, NO_FLAGS, 1, "0000000000")),
                Arguments.of("SETTINGS on a stream", "PROTOCOL_ERROR", frame(SETTINGS, NO_FLAGS, 1, NOTHING)),
                Arguments.of(
                        "SETTINGS ACK with a payload", "FRAME_SIZE_ERROR", frame(SETTINGS, ACK, 0, "000100000000")),
                Arguments.of("SETTINGS ACK on a stream", "PROTOCOL_ERROR", frame(SETTINGS, ACK, 1, NOTHING)),
                Arguments.of("SETTINGS of 5 octets", "FRAME_SIZE_ERROR", frame(SETTINGS, NO_FLAGS, 0, "0001000000")),
                Arguments.of("ENABLE_PUSH 1", "PROTOCOL_ERROR", settings(Frames.ENABLE_PUSH, 1)),
                Arguments.of("ENABLE_PUSH 2", "PROTOCOL_ERROR", settings(Frames.ENABLE_PUSH, 2)),
                Arguments.of(
                        "INITIAL_WINDOW_SIZE 2^31",
                        "FLOW_CONTROL_ERROR",
                        settings(Frames.INITIAL_WINDOW_SIZE, 0x8000_0000L)),
                Arguments.of("MAX_FRAME_SIZE 16383", "PROTOCOL_ERROR", settings(Frames.MAX_FRAME_SIZE, 16_383)),
                Arguments.of("MAX_FRAME_SIZE 0", "PROTOCOL_ERROR", settings(Frames.MAX_FRAME_SIZE, 0)),
                Arguments.of(
                        "INITIAL_WINDOW_SIZE 2^32-1",
                        "FLOW_CONTROL_ERROR",
                        settings(Frames.INITIAL_WINDOW_SIZE, 0xffff_ffffL)),
                Arguments.of("MAX_FRAME_SIZE 2^32-1", "PROTOCOL_ERROR", settings(Frames.MAX_FRAME_SIZE, 0xffff_ffffL)),
                Arguments.of("MAX_FRAME_SIZE 2^24", "PROTOCOL_ERROR", settings(Frames.MAX_FRAME_SIZE, 1 << 24)),
                Arguments.of(
                        "PUSH_PROMISE",
                        "PROTOCOL_ERROR",
                        frame(PUSH_PROMISE, END_HEADERS, 1, join(Frames.int32(2), block(":method", "GET")))),
                Arguments.of(
                        "PUSH_PROMISE that is cut", "FRAME_SIZE_ERROR", frame(PUSH_PROMISE, END_HEADERS, 1, "0000")),
                Arguments.of("PING on a stream", "PROTOCOL_ERROR", frame(PING, NO_FLAGS, 1, "0000000000000000")),
                Arguments.of("PING ACK on a stream", "PROTOCOL_ERROR", frame(PING, ACK, 1, "0000000000000000")),
                Arguments.of("PING of 9 octets", "FRAME_SIZE_ERROR", frame(PING, NO_FLAGS, 0, "000000000000000000")),
                Arguments.of("PING of 7 octets", "FRAME_SIZE_ERROR", frame(PING, NO_FLAGS, 0, "00000000000000")),
                Arguments.of(
                        "GOAWAY on a stream", "PROTOCOL_ERROR", frame(Frames.GO_AWAY, NO_FLAGS, 1, "0000000000000000")),
                Arguments.of(
                        "GOAWAY of 7 octets", "FRAME_SIZE_ERROR", frame(Frames.GO_AWAY, NO_FLAGS, 0, "00000000000000")),
                Arguments.of("WINDOW_UPDATE of 0", "PROTOCOL_ERROR", windowUpdate(0, 0)),
                Arguments.of("WINDOW_UPDATE that overflows", "FLOW_CONTROL_ERROR", windowUpdate(0, Integer.MAX_VALUE)),
                Arguments.of("WINDOW_UPDATE on an idle stream", "PROTOCOL_ERROR", windowUpdate(5, 1)),
                Arguments.of("WINDOW_UPDATE of 0 on an idle stream", "PROTOCOL_ERROR", windowUpdate(5, 0)),
                Arguments.of("WINDOW_UPDATE on an even stream", "PROTOCOL_ERROR", windowUpdate(2, 1)),
                Arguments.of(
                        "WINDOW_UPDATE of 3 octets",
                        "FRAME_SIZE_ERROR",
                        frame(Frames.WINDOW_UPDATE, NO_FLAGS, 0, "000001")),
                Arguments.of(
                        "CONTINUATION on stream 0", "PROTOCOL_ERROR", frame(CONTINUATION, END_HEADERS, 0, NOTHING)),
                Arguments.of(
                        "CONTINUATION behind END_HEADERS",
                        "PROTOCOL_ERROR",
                        join(grpcHeaders(1), frame(CONTINUATION, END_HEADERS, 1, NOTHING))),
                Arguments.of("CONTINUATION alone", "PROTOCOL_ERROR", frame(CONTINUATION, END_HEADERS, 1, NOTHING)),
                Arguments.of(
                        "CONTINUATION of another stream",
                        "PROTOCOL_ERROR",
                        join(
                                frame(HEADERS, NO_FLAGS, 1, block(":status", "200")),
                                frame(CONTINUATION, END_HEADERS, 3, NOTHING))),
                Arguments.of(
                        "DATA within a header block",
                        "PROTOCOL_ERROR",
                        join(frame(HEADERS, NO_FLAGS, 1, block(":status", "200")), data(1, NOTHING))),
                Arguments.of(
                        "HEADERS within a header block",
                        "PROTOCOL_ERROR",
                        join(frame(HEADERS, NO_FLAGS, 1, block(":status", "200")), grpcHeaders(3))),
                Arguments.of(
                        "a frame within a header block",
                        "PROTOCOL_ERROR",
                        join(frame(HEADERS, NO_FLAGS, 1, block(":status", "200")), ping("0000000000000000"))),
                Arguments.of(
                        "an unknown frame within a header block",
                        "PROTOCOL_ERROR",
                        join(frame(HEADERS, NO_FLAGS, 1, block(":status", "200")), frame(0x42, NO_FLAGS, 0, NOTHING))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("connectionErrors")
    void endsTheConnectionOn(String violation, String code, byte[] octets) {
        peer.ready();
        RecordedStream first = peer.start();
        RecordedStream second = peer.start();
        peer.send(grpcHeaders(3));
        peer.receive();

        peer.send(octets);

        assertThat(peer.receive()).singleElement().asString().startsWith("GOAWAY 0 " + code);
        assertThat(first.failure().kind()).isEqualTo(CONNECTION_LOST);
        assertThat(first.failure().message()).contains("greeter.test:443");
        assertThat(second.failure().kind()).isEqualTo(CONNECTION_LOST);
        assertThat(peer.isClosed()).isTrue();
    }

    /** Stream 1 is the victim and has received no headers; 3 has received headers. */
    static Stream<Arguments> streamErrors() {
        return Stream.of(
                Arguments.of("DATA before HEADERS", 1, "PROTOCOL_ERROR", data(1, message("x"))),
                Arguments.of(
                        "a flag of padding without padding", 3, "FRAME_SIZE_ERROR", frame(DATA, PADDED, 3, NOTHING)),
                Arguments.of("HEADERS twice", 3, "PROTOCOL_ERROR", grpcHeaders(3)),
                Arguments.of("trailers without END_STREAM", 3, "PROTOCOL_ERROR", Frames.headers(3, "grpc-status", "0")),
                Arguments.of("a pseudo-header in trailers", 3, "PROTOCOL_ERROR", Frames.trailers(3, ":status", "200")),
                Arguments.of(":path in trailers", 3, "PROTOCOL_ERROR", Frames.trailers(3, ":path", "/")),
                Arguments.of("1xx with END_STREAM", 1, "PROTOCOL_ERROR", Frames.trailers(1, ":status", "100")),
                Arguments.of("101", 1, "PROTOCOL_ERROR", Frames.headers(1, ":status", "101")),
                Arguments.of("no :status", 1, "PROTOCOL_ERROR", Frames.headers(1, "content-type", "application/grpc")),
                Arguments.of(":status of letters", 1, "PROTOCOL_ERROR", Frames.headers(1, ":status", "abc")),
                Arguments.of(":status of two digits", 1, "PROTOCOL_ERROR", Frames.headers(1, ":status", "20")),
                Arguments.of(
                        ":status twice", 1, "PROTOCOL_ERROR", Frames.headers(1, ":status", "200", ":status", "200")),
                Arguments.of(":status late", 1, "PROTOCOL_ERROR", Frames.headers(1, "a", "b", ":status", "200")),
                Arguments.of(
                        "an unknown pseudo-header",
                        1,
                        "PROTOCOL_ERROR",
                        Frames.headers(1, ":status", "200", ":what", "x")),
                Arguments.of(
                        "a request's pseudo-header",
                        1,
                        "PROTOCOL_ERROR",
                        Frames.headers(1, ":path", "/", ":status", "200")),
                Arguments.of(
                        "an upper-case name", 1, "PROTOCOL_ERROR", Frames.headers(1, ":status", "200", "Upper", "x")),
                Arguments.of("an empty name", 1, "PROTOCOL_ERROR", Frames.headers(1, ":status", "200", "", "x")),
                Arguments.of("a space in a name", 1, "PROTOCOL_ERROR", Frames.headers(1, ":status", "200", "a b", "x")),
                Arguments.of("a colon in a name", 1, "PROTOCOL_ERROR", Frames.headers(1, ":status", "200", "a:b", "x")),
                Arguments.of("DEL in a name", 1, "PROTOCOL_ERROR", Frames.headers(1, ":status", "200", "a\u007f", "x")),
                Arguments.of(
                        "0xff in a name", 1, "PROTOCOL_ERROR", Frames.headers(1, ":status", "200", "a\u00ff", "x")),
                Arguments.of("NUL in a value", 1, "PROTOCOL_ERROR", Frames.headers(1, ":status", "200", "a", "x\0y")),
                Arguments.of("CR in a value", 1, "PROTOCOL_ERROR", Frames.headers(1, ":status", "200", "a", "x\ry")),
                Arguments.of("LF in a value", 1, "PROTOCOL_ERROR", Frames.headers(1, ":status", "200", "a", "x\ny")),
                Arguments.of(
                        "a connection-specific field",
                        1,
                        "PROTOCOL_ERROR",
                        Frames.headers(1, ":status", "200", "connection", "close")),
                Arguments.of("PRIORITY of 4 octets", 1, "FRAME_SIZE_ERROR", frame(PRIORITY, NO_FLAGS, 1, "00000001")),
                Arguments.of("WINDOW_UPDATE of 0", 1, "PROTOCOL_ERROR", windowUpdate(1, 0)),
                Arguments.of(
                        "WINDOW_UPDATE that overflows", 1, "FLOW_CONTROL_ERROR", windowUpdate(1, Integer.MAX_VALUE)),
                Arguments.of("a reserved flag of a message", 3, "INTERNAL_ERROR", data(3, Frames.hex("0200000000"))),
                Arguments.of("the end within a prefix", 3, "PROTOCOL_ERROR", dataAndEnd(3, Frames.hex("0000"))),
                Arguments.of(
                        "trailers within a message",
                        3,
                        "PROTOCOL_ERROR",
                        join(data(3, Frames.hex("000000000561")), okTrailers(3))),
                Arguments.of(
                        "the end within a message", 3, "PROTOCOL_ERROR", dataAndEnd(3, Frames.hex("000000000561"))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("streamErrors")
    void endsOneStreamOn(String violation, int streamId, String code, byte[] octets) {
        peer.ready();
        RecordedStream first = peer.start();
        RecordedStream third = peer.start();
        RecordedStream innocent = peer.start();
        peer.send(grpcHeaders(3));
        peer.receive();

        peer.send(octets);

        assertThat(peer.receive()).containsExactly("RST_STREAM " + streamId + ' ' + code);
        RecordedStream victim = streamId == 1 ? first : third;
        assertThat(victim.failure().kind()).isEqualTo(MALFORMED);
        assertThat(victim.failure().message()).contains("greeter.test:443");
        peer.send(response(5, "unharmed"));
        assertThat(innocent.events()).contains("message unharmed", "trailers grpc-status=0");
    }

    @Test
    void answersPingWithTheSameOctets() {
        peer.ready();

        peer.send(ping("0123456789abcdef"));

        assertThat(peer.receive()).containsExactly("PING ACK 0123456789abcdef");
    }

    @Test
    void ignoresWhatItNeedNotUnderstand() {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.receive();

        peer.send(
                frame(0x42, 0xff, 77, "010203"),
                frame(PING, ACK, 0, "0000000000000000"),
                Frames.settingsAck(),
                frame(PRIORITY, NO_FLAGS, 1, "0000000300"),
                frame(PRIORITY, NO_FLAGS, 9, "0000000300"),
                // the reserved bit of the stream id, and a flag that HEADERS does not define
                frame(
                        HEADERS,
                        END_HEADERS | 0x40,
                        0x8000_0001,
                        block(":status", "200", "content-type", "application/grpc")),
                data(1, message("x")),
                okTrailers(1));

        assertThat(peer.receive()).isEmpty();
        assertThat(stream.events()).endsWith("message x", "trailers grpc-status=0");
    }

    @Test
    void skipsInformationalResponses() {
        peer.ready();
        RecordedStream stream = peer.start();

        peer.send(
                Frames.headers(1, ":status", "100"),
                Frames.headers(1, ":status", "103", "link", "x"),
                response(1, "x"));

        assertThat(stream.events())
                .containsExactly(
                        "headers :status=200, content-type=application/grpc", "message x", "trailers grpc-status=0");
    }

    @Test
    void takesAResponseOfTrailersOnly() {
        peer.ready();
        RecordedStream stream = peer.start();

        peer.send(Frames.trailers(1, ":status", "200", "content-type", "application/grpc", "grpc-status", "5"));

        assertThat(stream.events())
                .containsExactly("trailers-only :status=200, content-type=application/grpc, grpc-status=5");
    }

    @Test
    void handsOnABodyThatIsNotGrpc() {
        peer.ready();
        RecordedStream stream = peer.start();

        peer.send(
                Frames.headers(1, ":status", "502", "content-type", "text/html"),
                data(1, "<h1>bad</h1>".getBytes(java.nio.charset.StandardCharsets.UTF_8)),
                dataAndEnd(1, NOTHING));

        assertThat(stream.events())
                .containsExactly(
                        "headers :status=502, content-type=text/html", "body <h1>bad</h1>", "body ", "trailers ");
    }

    @Test
    void endsWithoutTrailersWhenDataEndsTheStream() {
        peer.ready();
        RecordedStream stream = peer.start();

        peer.send(grpcHeaders(1), dataAndEnd(1, message("x")));

        assertThat(stream.events()).endsWith("message x", "trailers ");
    }

    @Test
    void takesTrailersOutOfContinuations() {
        peer.ready();
        RecordedStream stream = peer.start();
        byte[] block = block("grpc-status", "0", "detail", "x");

        peer.send(
                grpcHeaders(1),
                frame(HEADERS, END_STREAM, 1, Arrays.copyOf(block, 7)),
                frame(CONTINUATION, NO_FLAGS, 1, Arrays.copyOfRange(block, 7, 9)),
                frame(CONTINUATION, END_HEADERS, 1, Arrays.copyOfRange(block, 9, block.length)));

        assertThat(stream.events()).endsWith("trailers grpc-status=0, detail=x");
    }

    @Test
    void reportsTheCodeOfAReset() {
        peer.ready();
        RecordedStream known = peer.start();
        RecordedStream unknown = peer.start();
        RecordedStream refused = peer.start();
        peer.receive();

        peer.send(rstStream(1, CANCEL), rstStream(3, 0xbeefL), rstStream(5, REFUSED_STREAM));

        assertThat(known.failure().kind()).isEqualTo(RESET);
        assertThat(known.failure().errorCode()).isEqualTo(CANCEL.code());
        assertThat(known.failure().message()).isEqualTo("greeter.test:443 reset the stream: CANCEL");
        assertThat(unknown.failure().errorCode()).isEqualTo(0xbeefL);
        assertThat(refused.failure().kind()).isEqualTo(REFUSED);
        assertThat(peer.receive()).isEmpty();
    }

    @Test
    void letsACompleteResponseStandWhenAResetFollows() {
        peer.ready();
        RecordedStream stream = peer.start();

        peer.send(response(1, "x"), rstStream(1, NO_ERROR));

        assertThat(stream.events()).endsWith("message x", "trailers grpc-status=0");
    }

    @Test
    void stopsAnUploadThatHasItsAnswer() {
        peer.ready();
        RecordedStream stream = peer.startSending(200_000);
        peer.receive();

        peer.send(Frames.trailers(1, ":status", "200", "grpc-status", "8"));
        peer.send(windowUpdate(0, 1 << 20), windowUpdate(1, 1 << 20));

        assertThat(stream.events()).containsExactly("trailers-only :status=200, grpc-status=8");
        assertThat(peer.receive()).containsExactly("RST_STREAM 1 NO_ERROR");
    }

    @Test
    void dropsFramesOfAStreamThatHasEnded() {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.send(response(1, "x"));
        peer.receive();

        peer.send(data(1, message("y")), Frames.headers(1, "more", "x"), rstStream(1, CANCEL), windowUpdate(1, 1));

        assertThat(stream.events()).endsWith("trailers grpc-status=0");
        assertThat(peer.receive()).isEmpty();
    }

    /** RFC 9113 §5.1: what is wrong with a stream that is closed is of no account. */
    @Test
    void dropsWhatWouldBeStreamErrorsOfAStreamThatHasEnded() {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.send(response(1, "x"));
        peer.receive();

        peer.send(
                dataAndEnd(1, message("again")),
                response(1, "again"),
                Frames.headers(1, "Upper", "x"),
                frame(DATA, PADDED, 1, NOTHING),
                windowUpdate(1, 0),
                windowUpdate(1, Integer.MAX_VALUE),
                windowUpdate(1, Integer.MAX_VALUE),
                frame(PRIORITY, NO_FLAGS, 1, "00"),
                rstStream(1, REFUSED_STREAM));

        assertThat(stream.events()).endsWith("message x", "trailers grpc-status=0");
        assertThat(stream.ends()).isEqualTo(1);
        assertThat(peer.receive()).isEmpty();
    }

    static Stream<Arguments> connectionErrorsOfAnyStream() {
        return Stream.of(
                Arguments.of("too much padding", "PROTOCOL_ERROR", frame(DATA, PADDED, 1, "05")),
                Arguments.of("RST_STREAM of 3 octets", "FRAME_SIZE_ERROR", frame(RST_STREAM, NO_FLAGS, 1, "000000")),
                Arguments.of("a broken header block", "COMPRESSION_ERROR", frame(HEADERS, END_HEADERS, 1, "80")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("connectionErrorsOfAnyStream")
    void endsTheConnectionOnABrokenFrameOfAStreamThatHasEnded(String violation, String code, byte[] octets) {
        peer.ready();
        peer.start();
        peer.send(response(1, "x"));
        peer.receive();

        peer.send(octets);

        assertThat(peer.receive()).singleElement().asString().startsWith("GOAWAY 0 " + code);
    }

    /** RFC 7540 §5.3.1; RFC 9113 has nothing to say of it any more. */
    @Test
    void costsAStreamThatDependsOnItselfOnlyItself() {
        peer.ready();
        RecordedStream victim = peer.start();
        RecordedStream innocent = peer.start();
        peer.receive();

        peer.send(frame(PRIORITY, NO_FLAGS, 1, "0000000110"), response(3, "unharmed"));

        assertThat(victim.failure().kind()).isEqualTo(MALFORMED);
        assertThat(peer.receive()).containsExactly("RST_STREAM 1 PROTOCOL_ERROR");
        assertThat(innocent.events()).contains("message unharmed");
    }

    /** RFC 9113 §8.1: the server need not wait for the rest of a request. */
    @Test
    void letsACompleteResponseStandWhenAResetFollowsDuringTheUpload() {
        peer.ready();
        RecordedStream stream = peer.startSending(200_000);
        peer.receive();

        peer.send(response(1, "enough"), rstStream(1, NO_ERROR));

        assertThat(stream.events()).endsWith("message enough", "trailers grpc-status=0");
        assertThat(peer.receive()).containsExactly("RST_STREAM 1 NO_ERROR");
    }

    @Test
    void failsTheCallWhenTheResetComesBeforeTheResponseIsComplete() {
        peer.ready();
        RecordedStream before = peer.start();
        RecordedStream amid = peer.start();
        RecordedStream behind = peer.start();

        peer.send(rstStream(1, NO_ERROR));
        peer.send(grpcHeaders(3), data(3, Frames.hex("000000000561")), rstStream(3, NO_ERROR));
        peer.send(grpcHeaders(5), data(5, message("x")), rstStream(5, NO_ERROR));

        assertThat(Stream.of(before, amid, behind))
                .allMatch(stream -> stream.failure().kind() == RESET);
        assertThat(amid.messages()).isEmpty();
    }

    @Test
    void answersEachPingInOrderAroundTheFramesOfACall() {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.receive();

        peer.send(
                ping("0000000000000001"),
                grpcHeaders(1),
                ping("0000000000000002"),
                data(1, message("x")),
                ping("ffffffffffffffff"),
                okTrailers(1));

        assertThat(peer.receive())
                .containsExactly("PING ACK 0000000000000001", "PING ACK 0000000000000002", "PING ACK ffffffffffffffff");
        assertThat(stream.events()).endsWith("message x", "trailers grpc-status=0");
    }

    @Test
    void decodesTheHeadersOfAStreamThatHasEnded() {
        peer.ready();
        RecordedStream cancelled = peer.start();
        peer.cancel(cancelled);
        RecordedStream next = peer.start();

        // What the first block adds to the dynamic table, the second refers to.
        peer.send(
                frame(HEADERS, END_HEADERS, 1, join(block(":status", "200"), Frames.indexedBlock("shared", "value"))));
        peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 3, join(block(":status", "200"), Frames.hex("be"))));

        assertThat(next.events()).containsExactly("trailers-only :status=200, shared=value");
    }

    @Test
    void refusesAHeaderListOverTheLimitAndKeepsItsHpackState() {
        peer.ready();
        RecordedStream stream = peer.start();
        RecordedStream next = peer.start();
        peer.receive();

        peer.send(frame(
                HEADERS,
                END_HEADERS,
                1,
                join(block(":status", "200", "big", "x".repeat(12_000)), Frames.indexedBlock("shared", "value"))));

        assertThat(stream.failure().kind()).isEqualTo(TOO_LARGE);
        assertThat(stream.failure().message()).contains("8192");
        assertThat(peer.receive()).containsExactly("RST_STREAM 1 CANCEL");
        peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 3, join(block(":status", "200"), Frames.hex("be"))));
        assertThat(next.events()).containsExactly("trailers-only :status=200, shared=value");
    }

    @Test
    void endsTheConnectionOnAHeaderBlockFarOverTheLimit() {
        peer.ready();
        RecordedStream stream = peer.start();
        byte[] fragment = new byte[16_384];

        peer.send(frame(HEADERS, NO_FLAGS, 1, fragment), frame(CONTINUATION, NO_FLAGS, 1, fragment));

        assertThat(stream.failure().kind()).isEqualTo(CONNECTION_LOST);
        assertThat(peer.isClosed()).isTrue();
    }

    @Test
    void refusesAMessageOverTheLimitByItsPrefix() {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.receive();

        peer.send(grpcHeaders(1), data(1, Frames.hex("00ffffffff")));

        assertThat(stream.failure().kind()).isEqualTo(TOO_LARGE);
        assertThat(stream.failure().message()).contains("4294967295").contains("4194304");
        assertThat(peer.receive()).containsExactly("RST_STREAM 1 CANCEL");
    }

    @Test
    void takesPaddedDataAndManyMessagesInOneFrame() {
        peer.ready();
        RecordedStream stream = peer.start();

        peer.send(
                grpcHeaders(1),
                paddedData(1, join(message("a"), message("b"), message("")), 200),
                paddedData(1, message("c"), 0),
                okTrailers(1));

        assertThat(stream.events())
                .containsSubsequence("message a", "message b", "message ", "message c", "trailers grpc-status=0");
    }
}
