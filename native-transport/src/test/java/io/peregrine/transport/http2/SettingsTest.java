package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.CancelAndDeadlineTest.field;
import static io.peregrine.transport.http2.Frames.INITIAL_WINDOW_SIZE;
import static io.peregrine.transport.http2.Frames.MAX_CONCURRENT_STREAMS;
import static io.peregrine.transport.http2.Frames.MAX_FRAME_SIZE;
import static io.peregrine.transport.http2.Frames.MAX_HEADER_LIST_SIZE;
import static io.peregrine.transport.http2.Frames.response;
import static io.peregrine.transport.http2.Frames.settingsAck;
import static io.peregrine.transport.http2.Frames.windowUpdate;
import static io.peregrine.transport.http2.StreamFailure.Kind.MALFORMED;
import static io.peregrine.transport.http2.StreamFailure.Kind.REQUEST_HEADERS_TOO_LARGE;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the peer's SETTINGS change, and when (RFC 9113 §6.5). */
class SettingsTest {
    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    @Test
    void takesNothingFromAFrameThatHasAnIllegalValue() {
        peer.ready(MAX_CONCURRENT_STREAMS, 0);
        RecordedStream waiting = peer.start();
        peer.receive();

        peer.sendSettings(MAX_CONCURRENT_STREAMS, 1, MAX_FRAME_SIZE, 0);

        assertThat(peer.receive()).singleElement().asString().startsWith("GOAWAY 0 PROTOCOL_ERROR");
        assertThat(waiting.ends()).isEqualTo(1);
    }

    /** A client that took it would cut a request into frames of no length, for ever. */
    @Test
    void endsTheConnectionOnAMaxFrameSizeOfZeroBeforeALargeRequest() {
        peer.ready();
        peer.receive();

        peer.sendSettings(MAX_FRAME_SIZE, 0);

        assertThat(peer.receive()).singleElement().asString().startsWith("GOAWAY 0 PROTOCOL_ERROR");
        assertThat(peer.tryStart(peer.newStream(100_000, TransportStream.NO_DEADLINE, field("x", "y".repeat(40_000)))))
                .isEqualTo(ClientTransport.StartResult.CLOSED);
    }

    @Test
    void takesTheLastOfRepeatedWindows() {
        peer.ready(INITIAL_WINDOW_SIZE, 0, INITIAL_WINDOW_SIZE, 3, 0xabcd, 99, INITIAL_WINDOW_SIZE, 5);

        peer.start();

        assertThat(peer.receive()).containsExactly("HEADERS 1", "DATA 1 5");
    }

    @Test
    void cutsHeaderBlocksByTheFrameSizeInForce() {
        peer.ready(MAX_FRAME_SIZE, 1 << 20);
        peer.start(peer.newStream(3, TransportStream.NO_DEADLINE, field("big", "v".repeat(20_000))));
        assertThat(peer.receive()).containsExactly("HEADERS 1", "DATA 1 8 END_STREAM");

        peer.sendSettings(MAX_FRAME_SIZE, 16_384);
        peer.start(peer.newStream(3, TransportStream.NO_DEADLINE, field("big", "v".repeat(20_000))));

        assertThat(peer.receive())
                .containsExactly("SETTINGS ACK", "HEADERS 3", "CONTINUATION 3", "DATA 3 8 END_STREAM");
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 100})
    void failsEveryCallHereWhileThePeerTakesNoHeaders(long limit) {
        peer.ready(MAX_HEADER_LIST_SIZE, limit);

        RecordedStream first = peer.start();
        RecordedStream second = peer.start();

        assertThat(first.failure().kind()).isEqualTo(REQUEST_HEADERS_TOO_LARGE);
        assertThat(second.failure().message()).contains("over the limit").contains(String.valueOf(limit));
        assertThat(peer.receive()).isEmpty();
        peer.sendSettings(MAX_HEADER_LIST_SIZE, 0xffff_ffffL);
        RecordedStream third = peer.start();
        peer.send(response(1, "now"));
        assertThat(third.events()).contains("message now");
    }

    @Test
    void goesOnWithoutAnAcknowledgementOfItsOwnSettings() {
        peer.ready();
        RecordedStream stream = peer.start();

        peer.advance(Duration.ofHours(1));
        peer.send(response(1, "x"), settingsAck(), settingsAck());

        assertThat(stream.events()).endsWith("message x", "trailers grpc-status=0");
        assertThat(peer.isClosed()).isFalse();
    }

    @Test
    void overflowsNoWindowOfAStreamThatHasSentNothing() {
        peer.ready(INITIAL_WINDOW_SIZE, 0);
        RecordedStream stream = peer.start();
        peer.receive();

        peer.sendSettings(INITIAL_WINDOW_SIZE, Integer.MAX_VALUE);

        assertThat(peer.receive()).containsExactly("SETTINGS ACK", "DATA 1 8 END_STREAM");
        assertThat(stream.hasEnded()).isFalse();
    }

    @Test
    void knowsToTheOctetWhereTheWindowOfAStreamOverflows() {
        peer.ready(INITIAL_WINDOW_SIZE, 0);
        RecordedStream stream = peer.startSending(100);
        peer.send(windowUpdate(1, 1));
        peer.sendSettings(INITIAL_WINDOW_SIZE, 50);
        peer.send(windowUpdate(1, 60));
        assertThat(peer.windows().streamWindow(1)).isEqualTo(1 + 50 + 60 - 105);
        peer.receive();

        // 6 are left, and the rise from 50 leaves room for 44 more.
        peer.sendSettings(INITIAL_WINDOW_SIZE, Integer.MAX_VALUE);
        peer.send(windowUpdate(1, 44));
        assertThat(peer.receive()).containsExactly("SETTINGS ACK");
        peer.send(windowUpdate(1, 1));

        assertThat(peer.receive()).containsExactly("RST_STREAM 1 FLOW_CONTROL_ERROR");
        assertThat(stream.failure().kind()).isEqualTo(MALFORMED);
    }
}
