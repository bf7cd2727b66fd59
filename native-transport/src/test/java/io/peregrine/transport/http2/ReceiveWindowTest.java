package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.data;
import static io.peregrine.transport.http2.Frames.dataAndEnd;
import static io.peregrine.transport.http2.Frames.goAway;
import static io.peregrine.transport.http2.Frames.grpcHeaders;
import static io.peregrine.transport.http2.Frames.hex;
import static io.peregrine.transport.http2.Frames.message;
import static io.peregrine.transport.http2.Frames.okTrailers;
import static io.peregrine.transport.http2.Frames.paddedData;
import static io.peregrine.transport.http2.Frames.response;
import static io.peregrine.transport.http2.Frames.rstStream;
import static io.peregrine.transport.http2.StreamFailure.Kind.MALFORMED;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.Http2Error;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the server may send, and the credit for it (RFC 9113 §6.9). */
class ReceiveWindowTest {
    private static final int FRAME_BYTES = 16_384;
    private static final int FRAME_HEADER_BYTES = 9;

    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    @Test
    void resetsAStreamWhoseDataIsOverItsWindow() {
        peer.ready();
        RecordedStream stream = peer.start();
        RecordedStream innocent = peer.start();
        peer.send(grpcHeaders(1));
        peer.receive();
        stream.receiveWindow = 10;

        peer.send(data(1, new byte[11]));

        assertThat(peer.receive()).containsExactly("RST_STREAM 1 FLOW_CONTROL_ERROR");
        assertThat(stream.failure().kind()).isEqualTo(MALFORMED);
        assertThat(stream.failure().message()).contains("window");
        peer.send(response(3, "unharmed"));
        assertThat(innocent.events()).contains("message unharmed");
    }

    @Test
    void countsPaddingAgainstTheWindowOfTheStream() {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.send(grpcHeaders(1));
        peer.receive();
        stream.receiveWindow = 10;

        // The octet of the pad length counts, too.
        peer.send(paddedData(1, new byte[5], 5));

        assertThat(peer.receive()).containsExactly("RST_STREAM 1 FLOW_CONTROL_ERROR");
    }

    @Test
    void takesDataUpToTheLastOctetOfTheWindow() {
        peer.ready();
        RecordedStream stream = peer.start();
        stream.receiveWindow = 8;

        peer.send(grpcHeaders(1), paddedData(1, message("x"), 1), okTrailers(1));

        assertThat(stream.events()).endsWith("message x", "trailers grpc-status=0");
    }

    /** Credit on receipt keeps a lawful peer far from this; only what nobody reads brings the window down. */
    @Test
    void endsTheConnectionOnDataOverItsWindow() {
        peer.with(TransportOptions.builder()
                        .windows(65_535, 65_535)
                        .maxUnreadBytes(0)
                        .build())
                .ready();
        RecordedStream first = peer.startStreaming();
        RecordedStream second = peer.startStreaming();
        peer.send(grpcHeaders(1), grpcHeaders(3));
        int sentBytes = 4 * (FRAME_BYTES - 1);
        for (int i = 0; i < 4; i++) {
            peer.send(data(1, new byte[FRAME_BYTES - 1]));
        }
        for (long left = windowOfTheConnection(sentBytes); left > 0; left = windowOfTheConnection(sentBytes)) {
            int bytes = (int) Math.min(left, FRAME_BYTES);
            peer.send(data(3, new byte[bytes]));
            sentBytes += bytes;
        }
        assertThat(first.hasEnded() || second.hasEnded()).isFalse();

        peer.send(data(3, new byte[1]));

        assertThat(peer.receive()).last().asString().startsWith("GOAWAY 0 FLOW_CONTROL_ERROR");
        assertThat(peer.isClosed()).isTrue();
        peer.cancel(first);
        peer.cancel(second);
    }

    private long windowOfTheConnection(int sentBytes) {
        return 65_535 + peer.windows().grantedBytes(0) - sentBytes;
    }

    /** The case data_frame_padding of the gRPC interop tests: 15 MiB of windows for 307 KiB of message. */
    @Test
    void creditsPaddingAtOnceSoThatALawfulPeerNeverStalls() {
        peer.with(TransportOptions.builder().windows(65_535, 65_535).build()).ready();
        RecordedStream stream = peer.start();
        peer.send(grpcHeaders(1));
        byte[] message = message(new byte[314_159]);
        int sentBytes = 0;

        for (int from = 0; from < message.length; from += 20 * 5) {
            int to = Math.min(from + 20 * 5, message.length);
            byte[] frames = inPaddedFrames(Arrays.copyOfRange(message, from, to));
            sentBytes += frames.length - FRAME_HEADER_BYTES * ((to - from + 4) / 5);
            assertThat(windowOfTheConnection(sentBytes))
                    .as("the window of the connection behind %d bytes", to)
                    .isNotNegative();
            assertThat(65_535 + peer.windows().grantedBytes(1) - sentBytes)
                    .as("the window of the stream behind %d bytes", to)
                    .isNotNegative();
            peer.send(frames);
        }
        peer.send(okTrailers(1));

        assertThat(stream.events()).endsWith("message 314159 bytes", "trailers grpc-status=0");
    }

    /** DATA frames of five octets and 255 of padding. */
    private static byte[] inPaddedFrames(byte[] octets) {
        byte[][] frames = new byte[(octets.length + 4) / 5][];
        for (int i = 0; i < frames.length; i++) {
            frames[i] = paddedData(1, Arrays.copyOfRange(octets, 5 * i, Math.min(5 * i + 5, octets.length)), 255);
        }
        return Frames.join(frames);
    }

    static Stream<Arguments> ends() {
        return Stream.of(
                end("a whole response", (peer, stream) -> peer.send(response(1, "x"))),
                end("END_STREAM in DATA", (peer, stream) -> peer.send(grpcHeaders(1), dataAndEnd(1, message("x")))),
                end("a reset by the peer", (peer, stream) -> peer.send(rstStream(1, Http2Error.CANCEL))),
                end("a cancel", (peer, stream) -> peer.cancel(stream)),
                end("a deadline", (peer, stream) -> peer.advance(Duration.ofSeconds(2))),
                end("a malformed response", (peer, stream) -> peer.send(Frames.headers(1, ":status", "x"))),
                end(
                        "a message over the limit",
                        (peer, stream) -> peer.send(grpcHeaders(1), data(1, hex("00ffffffff")))),
                end("a window of the stream exceeded", (peer, stream) -> {
                    stream.receiveWindow = 0;
                    peer.send(grpcHeaders(1), data(1, new byte[1]));
                }));
    }

    private static Arguments end(String name, BiConsumer<ScriptedPeer, RecordedStream> end) {
        return Arguments.of(name, end);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ends")
    void creditsTheConnectionForWhatComesAfter(String name, BiConsumer<ScriptedPeer, RecordedStream> end) {
        peer.with(TransportOptions.builder().windows(65_536, 65_536).build()).ready();
        RecordedStream stream = peer.startWithin(Duration.ofSeconds(1));
        end.accept(peer, stream);
        assertThat(stream.ends()).isEqualTo(1);
        peer.receive();

        for (int i = 0; i < 8; i++) {
            peer.send(data(1, new byte[FRAME_BYTES]));
        }

        assertThat(peer.receive()).hasSize(8).allMatch(line -> line.startsWith("WINDOW_UPDATE 0 "));
        assertThat(peer.windows().grantedBytes(0)).isGreaterThanOrEqualTo(8 * FRAME_BYTES);
    }

    @Test
    void creditsTheConnectionForDataOfAStreamAboveTheLastOfAGoAway() {
        peer.with(TransportOptions.builder().windows(65_536, 65_536).build()).ready();
        peer.start();
        RecordedStream refused = peer.start();
        peer.send(goAway(1));
        assertThat(refused.ends()).isEqualTo(1);
        peer.receive();

        for (int i = 0; i < 8; i++) {
            peer.send(data(3, new byte[FRAME_BYTES]));
        }

        assertThat(peer.receive()).hasSize(8).containsOnly("WINDOW_UPDATE 0 16384");
    }

    @Test
    void creditsTheConnectionForABodyThatIsNotGrpc() {
        peer.with(TransportOptions.builder().windows(65_536, 65_536).build()).ready();
        RecordedStream stream = peer.start();
        peer.send(Frames.headers(1, ":status", "502", "content-type", "text/html"));
        peer.receive();

        for (int i = 0; i < 8; i++) {
            peer.send(data(1, new byte[FRAME_BYTES]));
        }

        assertThat(peer.windows().grantedBytes(0)).isEqualTo(1 + 8 * FRAME_BYTES);
        assertThat(stream.hasEnded()).isFalse();
    }
}
