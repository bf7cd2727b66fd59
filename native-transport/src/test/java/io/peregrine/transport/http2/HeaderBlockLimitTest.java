package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.CONTINUATION;
import static io.peregrine.transport.http2.Frames.END_HEADERS;
import static io.peregrine.transport.http2.Frames.HEADERS;
import static io.peregrine.transport.http2.Frames.NO_FLAGS;
import static io.peregrine.transport.http2.Frames.block;
import static io.peregrine.transport.http2.Frames.data;
import static io.peregrine.transport.http2.Frames.frame;
import static io.peregrine.transport.http2.Frames.message;
import static io.peregrine.transport.http2.Frames.okTrailers;
import static io.peregrine.transport.http2.StreamFailure.Kind.CONNECTION_LOST;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Header blocks in many frames, or without an end (RFC 9113 §6.10, §10.5.1). */
class HeaderBlockLimitTest {
    /** 32, and one for the second 16 KiB of what a block may have. */
    private static final int MOST_CONTINUATIONS = 33;

    private static final byte[] FIELDS = block(":status", "200", "content-type", "application/grpc");
    private static final byte[] EMPTY = frame(CONTINUATION, NO_FLAGS, 1, "");

    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    @Test
    void takesABlockInAsManyFramesAsTheLimitAllows() {
        RecordedStream stream = startOne();
        for (int i = 0; i < MOST_CONTINUATIONS; i++) {
            peer.send(frame(CONTINUATION, NO_FLAGS, 1, Arrays.copyOfRange(FIELDS, i, i + 1)));
        }

        byte[] rest = Arrays.copyOfRange(FIELDS, MOST_CONTINUATIONS, FIELDS.length);
        peer.send(frame(CONTINUATION, END_HEADERS, 1, rest), data(1, message("x")), okTrailers(1));

        assertThat(stream.events())
                .containsExactly(
                        "headers :status=200, content-type=application/grpc", "message x", "trailers grpc-status=0");
    }

    @Test
    void endsTheConnectionOnEmptyContinuationsWithoutEnd() {
        RecordedStream stream = startOne();
        for (int i = 0; i < MOST_CONTINUATIONS; i++) {
            peer.send(EMPTY);
            assertThat(stream.hasEnded()).as("after %d frames", i + 1).isFalse();
        }
        peer.receive();

        peer.send(EMPTY);

        String what = "connection error with greeter.test:443: a header block of more than 33 CONTINUATION frames"
                + " (limit: FloodLimits.continuations)";
        assertThat(peer.receive()).containsExactly("GOAWAY 0 ENHANCE_YOUR_CALM " + what);
        assertThat(stream.failure().kind()).isEqualTo(CONNECTION_LOST);
        assertThat(stream.failure().message()).isEqualTo(what);
    }

    @Test
    void countsEachBlockForItself() {
        peer.ready();
        for (int id = 1; id < 21; id += 2) {
            RecordedStream stream = peer.start();
            peer.send(frame(HEADERS, NO_FLAGS, id, ""));
            byte[][] empty = new byte[30][];
            Arrays.fill(empty, frame(CONTINUATION, NO_FLAGS, id, ""));
            peer.send(empty);
            peer.send(frame(CONTINUATION, END_HEADERS, id, FIELDS), data(id, message("x")), okTrailers(id));
            assertThat(stream.messages()).hasSize(1);
        }
    }

    @Test
    void endsTheConnectionOnABlockThatDoesNotEndInTime() {
        RecordedStream stream = startOne();
        peer.send(EMPTY);
        peer.advance(Duration.ofMillis(9_999));
        assertThat(peer.isClosed()).isFalse();

        peer.advance(Duration.ofMillis(1));

        assertThat(peer.receive())
                .last()
                .isEqualTo("GOAWAY 0 ENHANCE_YOUR_CALM connection error with greeter.test:443:"
                        + " a header block did not end within 10 s (limit: FloodLimits.headerBlockTime)");
        assertThat(stream.failure().kind()).isEqualTo(CONNECTION_LOST);
    }

    @Test
    void forgetsTheTimeOfABlockThatHasEnded() {
        RecordedStream stream = startOne();
        peer.send(frame(CONTINUATION, END_HEADERS, 1, FIELDS));

        peer.advance(Duration.ofHours(1));

        assertThat(peer.isClosed()).isFalse();
        peer.send(data(1, message("x")), okTrailers(1));
        assertThat(stream.messages()).hasSize(1);
    }

    @Test
    void refusesAFrameThatIsTooLongBeforeItsPayloadIsHere() {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.receive();

        peer.send(Frames.hex("004001" + "00" + "00" + "00000001"));

        assertThat(peer.receive()).last().asString().startsWith("GOAWAY 0 FRAME_SIZE_ERROR");
        assertThat(stream.failure().kind()).isEqualTo(CONNECTION_LOST);
    }

    private RecordedStream startOne() {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.send(frame(HEADERS, NO_FLAGS, 1, ""));
        return stream;
    }
}
