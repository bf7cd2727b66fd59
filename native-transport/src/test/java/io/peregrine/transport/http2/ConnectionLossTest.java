package io.peregrine.transport.http2;

import static io.netty.handler.codec.http2.Http2Error.ENHANCE_YOUR_CALM;
import static io.netty.handler.codec.http2.Http2Error.INTERNAL_ERROR;
import static io.peregrine.transport.http2.Frames.END_STREAM;
import static io.peregrine.transport.http2.Frames.HEADERS;
import static io.peregrine.transport.http2.Frames.block;
import static io.peregrine.transport.http2.Frames.data;
import static io.peregrine.transport.http2.Frames.frame;
import static io.peregrine.transport.http2.Frames.goAway;
import static io.peregrine.transport.http2.Frames.grpcHeaders;
import static io.peregrine.transport.http2.Frames.hex;
import static io.peregrine.transport.http2.Frames.join;
import static io.peregrine.transport.http2.Frames.message;
import static io.peregrine.transport.http2.Frames.response;
import static io.peregrine.transport.http2.StreamFailure.Kind.CONNECTION_LOST;
import static io.peregrine.transport.http2.StreamFailure.Kind.REFUSED;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.Http2Error;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Connections that end at a bad moment, with a GOAWAY or without (RFC 9113 §5.4.1, §6.8). */
class ConnectionLossTest {
    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    static Stream<Arguments> beginnings() {
        byte[] trailers = frame(HEADERS, END_STREAM, 1, block("grpc-status", "0"));
        return Stream.of(
                Arguments.of("nothing", new byte[0]),
                Arguments.of("half a frame header", Arrays.copyOf(grpcHeaders(1), 5)),
                Arguments.of("half a frame", Arrays.copyOf(grpcHeaders(1), 12)),
                Arguments.of("headers", grpcHeaders(1)),
                Arguments.of("half a prefix", join(grpcHeaders(1), data(1, hex("0000")))),
                Arguments.of("half a message", join(grpcHeaders(1), data(1, hex("000000000561")))),
                Arguments.of("a message", join(grpcHeaders(1), data(1, message("x")))),
                Arguments.of("half the trailers", join(grpcHeaders(1), data(1, message("x")), trailers)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("beginnings")
    void failsTheCallWhenTheServerClosesBehind(String beginning, byte[] octets) {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.send(octets);

        peer.close();

        assertThat(stream.events()).endsWith("failure CONNECTION_LOST").doesNotContain("trailers grpc-status=0");
        assertThat(stream.failure().message()).contains("closed the connection");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("beginnings")
    void failsTheCallWhenTheConnectionIsResetBehind(String beginning, byte[] octets) {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.send(octets);

        peer.fail(new IOException("Connection reset by peer"));

        assertThat(stream.events()).endsWith("failure CONNECTION_LOST");
        assertThat(stream.failure().message()).contains("Connection reset by peer");
        assertThat(stream.failure().cause()).isInstanceOf(IOException.class);
    }

    @Test
    void neverTakesATruncatedMessageForAWholeOne() {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.send(grpcHeaders(1), data(1, Arrays.copyOf(message("truncated"), 13)));

        peer.close();

        assertThat(stream.messages()).isEmpty();
    }

    @Test
    void leavesACompleteResponseAloneWhenTheServerCloses() {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.send(response(1, "x"));

        peer.fail(new IOException("Connection reset by peer"));

        assertThat(stream.events()).endsWith("message x", "trailers grpc-status=0");
    }

    @Test
    void endsFiveHundredCallsOnce() {
        peer.ready(Frames.MAX_CONCURRENT_STREAMS, 400);
        List<RecordedStream> streams = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            streams.add(peer.start());
        }

        peer.close();

        assertThat(streams).allMatch(stream -> stream.ends() == 1);
    }

    @ParameterizedTest
    @EnumSource(
            value = Http2Error.class,
            names = {"NO_ERROR", "INTERNAL_ERROR", "ENHANCE_YOUR_CALM"})
    void judgesStreamsByTheLastIdWhateverTheCodeOfAGoAway(Http2Error code) {
        peer.ready();
        RecordedStream processed = peer.start();
        RecordedStream refused = peer.start();

        peer.send(goAway(1, code.code(), ""));

        assertThat(refused.failure().kind()).isEqualTo(REFUSED);
        peer.send(response(1, "late"));
        assertThat(processed.events()).contains("message late", "trailers grpc-status=0");
    }

    @Test
    void refusesMoreWhenASecondGoAwayNamesALowerStream() {
        peer.ready();
        RecordedStream first = peer.start();
        RecordedStream second = peer.start();
        RecordedStream third = peer.start();
        peer.send(goAway(3));
        assertThat(third.failure().kind()).isEqualTo(REFUSED);

        peer.send(goAway(3));
        assertThat(second.hasEnded()).isFalse();
        peer.send(goAway(1, INTERNAL_ERROR.code(), "worse"));

        assertThat(second.failure().kind()).isEqualTo(REFUSED);
        assertThat(second.failure().message()).contains("worse");
        peer.send(response(1, "late"));
        assertThat(first.events()).contains("message late");
        assertThat(peer.listened())
                .filteredOn(line -> line.startsWith("draining"))
                .hasSize(1);
    }

    @Test
    void mayNotHaveARequestAgainThatTheServerMayHaveProcessed() {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.send(goAway(Integer.MAX_VALUE, ENHANCE_YOUR_CALM.code(), "too_many_pings"));

        peer.close();

        // Neither UNPROCESSED nor REFUSED, which alone may be sent again.
        assertThat(stream.failure().kind()).isEqualTo(CONNECTION_LOST);
        assertThat(stream.failure().message()).contains("too_many_pings");
    }

    @Test
    void answersPingsAndSettingsWhileItDrains() {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.send(goAway(1));
        peer.receive();

        peer.send(Frames.ping("0000000000000007"), Frames.settings(Frames.MAX_CONCURRENT_STREAMS, 9));

        assertThat(peer.receive()).containsExactly("PING ACK 0000000000000007", "SETTINGS ACK");
        assertThat(stream.hasEnded()).isFalse();
    }

    @Test
    void parsesNothingInTheReadsBehindAConnectionError() {
        peer.ready();
        RecordedStream stream = peer.start();
        // The client's last words cannot leave, so the channel stays open for more input.
        peer.block();
        peer.send(Frames.windowUpdate(0, 0), hex("ffffff"));

        peer.send(hex("ffffffffffffffffffffffffffff"));
        peer.send(response(1, "no"), goAway(2), Frames.ping("0000000000000001"));

        assertThat(stream.events()).containsExactly("failure CONNECTION_LOST");
        peer.unblock();
        assertThat(peer.receive()).last().asString().startsWith("GOAWAY 0 PROTOCOL_ERROR");
        assertThat(peer.isClosed()).isTrue();
    }
}
