package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.data;
import static io.peregrine.transport.http2.Frames.grpcHeaders;
import static io.peregrine.transport.http2.Frames.message;
import static io.peregrine.transport.http2.Frames.okTrailers;
import static io.peregrine.transport.http2.Frames.response;
import static io.peregrine.transport.http2.StreamFailure.Kind.CANCELLED;
import static io.peregrine.transport.http2.StreamFailure.Kind.DEADLINE_EXCEEDED;
import static io.peregrine.transport.http2.StreamFailure.Kind.REQUEST_HEADERS_TOO_LARGE;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.AsciiString;
import io.peregrine.transport.header.HeaderBlockEncoder;
import io.peregrine.transport.header.HeaderFields;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Ends that this side decides (SPEC DL-1, DL-3, DL-4, DL-6; HOSTILE.md P10). */
class CancelAndDeadlineTest {
    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    @Test
    void resetsAnOpenStreamThatIsCancelled() {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.receive();

        peer.cancel(stream);

        assertThat(stream.failure().kind()).isEqualTo(CANCELLED);
        assertThat(peer.receive()).containsExactly("RST_STREAM 1 CANCEL");
    }

    @Test
    void cancelsOnce() {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.receive();

        peer.connection().cancel(stream);
        peer.connection().cancel(stream);
        peer.runTasks();
        peer.cancel(stream);

        assertThat(stream.ends()).isEqualTo(1);
        assertThat(peer.receive()).containsExactly("RST_STREAM 1 CANCEL");
    }

    @Test
    void cancelsAnUploadInItsMiddle() {
        peer.ready();
        RecordedStream stream = peer.startSending(200_000);
        peer.receive();

        peer.cancel(stream);
        peer.send(Frames.windowUpdate(0, 1 << 20), Frames.windowUpdate(1, 1 << 20));

        assertThat(peer.receive()).containsExactly("RST_STREAM 1 CANCEL");
    }

    @Test
    void cancelsAResponseInItsMiddle() {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.send(grpcHeaders(1), data(1, Frames.hex("00000000ff6162")));
        peer.receive();

        peer.cancel(stream);
        peer.send(data(1, message("late")), okTrailers(1));

        assertThat(stream.events()).endsWith("failure CANCELLED");
        assertThat(peer.receive()).containsExactly("RST_STREAM 1 CANCEL");
    }

    @Test
    void doesNothingForAStreamThatHasEnded() {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.send(response(1, "x"));
        peer.receive();

        peer.cancel(stream);

        assertThat(stream.events()).endsWith("trailers grpc-status=0");
        assertThat(peer.receive()).isEmpty();
    }

    @Test
    void doesNothingForAStreamOfAnotherConnection() {
        peer.ready();
        RecordedStream stranger = peer.newStream();

        peer.cancel(stranger);

        assertThat(stranger.hasEnded()).isFalse();
        stranger.releaseRequest();
    }

    @Test
    void canBeCancelledFromInsideAnyCallback() {
        peer.ready();
        RecordedStream first = peer.start();
        RecordedStream second = peer.start();
        RecordedStream third = peer.start();
        first.onHeadersRun(() -> peer.connection().cancel(first));
        second.onMessageRun(() -> peer.connection().cancel(second));
        third.onEndRun(() -> peer.connection().cancel(third));
        peer.receive();

        peer.send(grpcHeaders(1), grpcHeaders(3), data(3, message("x")), response(5, "y"));

        assertThat(first.events()).endsWith("failure CANCELLED");
        assertThat(second.events()).endsWith("message x", "failure CANCELLED");
        assertThat(third.events()).endsWith("trailers grpc-status=0");
        assertThat(peer.receive()).containsExactly("RST_STREAM 1 CANCEL", "RST_STREAM 3 CANCEL");
    }

    @Test
    void cancelAfterTheEndOfTheConnectionChangesNothing() {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.close();

        peer.cancel(stream);

        assertThat(stream.events()).containsExactly("failure CONNECTION_LOST");
    }

    @Test
    void resetsAStreamWhoseDeadlinePasses() {
        peer.ready();
        RecordedStream stream = peer.startWithin(Duration.ofMillis(50));
        peer.receive();
        peer.advance(Duration.ofMillis(49));
        assertThat(stream.hasEnded()).isFalse();

        peer.advance(Duration.ofMillis(3));

        assertThat(stream.failure().kind()).isEqualTo(DEADLINE_EXCEEDED);
        assertThat(stream.failure().message()).isEqualTo("deadline exceeded waiting for greeter.test:443");
        assertThat(peer.receive()).containsExactly("RST_STREAM 1 CANCEL");
    }

    @Test
    void sendsNothingWhenTheDeadlineHasPassed() {
        peer.ready();

        RecordedStream stream = peer.startWithin(Duration.ofNanos(-1));
        RecordedStream now = peer.startWithin(Duration.ZERO);

        assertThat(stream.failure().kind()).isEqualTo(DEADLINE_EXCEEDED);
        assertThat(now.failure().kind()).isEqualTo(DEADLINE_EXCEEDED);
        assertThat(peer.receive()).isEmpty();
    }

    @Test
    void tellsTheServerTheTimeThatIsLeft() {
        peer.ready();

        peer.startWithin(Duration.ofMillis(50));
        peer.start();

        assertThat(peer.request(1).get("grpc-timeout")).hasToString("50000000n");
        assertThat(peer.request(3).contains("grpc-timeout")).isFalse();
    }

    @Test
    void endsAThousandDeadlinesAtOnceEachOnce() {
        peer.ready();
        List<RecordedStream> streams = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            streams.add(peer.startWithin(Duration.ofMillis(50)));
        }

        peer.advance(Duration.ofMillis(52));

        assertThat(streams).allMatch(stream -> stream.failure().kind() == DEADLINE_EXCEEDED);
    }

    @Test
    void aCallbackOfADeadlineMayStartAnotherStream() {
        peer.ready();
        RecordedStream stream = peer.startWithin(Duration.ofMillis(10));
        List<RecordedStream> followers = new ArrayList<>();
        stream.onEndRun(() -> {
            for (int i = 0; i < 20; i++) {
                RecordedStream follower = peer.newStream(3, peer.nanoTime() + 1, null);
                followers.add(follower);
                peer.tryStart(follower);
            }
        });

        peer.advance(Duration.ofMillis(12));
        peer.advance(Duration.ofMillis(3));

        assertThat(followers).hasSize(20).allMatch(RecordedStream::hasEnded);
    }

    @Test
    void failsACallWhoseHeadersThePeerDoesNotTake() {
        peer.ready(Frames.MAX_HEADER_LIST_SIZE, 400);

        RecordedStream large = peer.start(peer.newStream(3, TransportStream.NO_DEADLINE, field("x", "y".repeat(100))));
        RecordedStream fits = peer.start();

        assertThat(large.failure().kind()).isEqualTo(REQUEST_HEADERS_TOO_LARGE);
        assertThat(large.failure().message()).contains("400");
        assertThat(peer.receive()).containsExactly("HEADERS 1", "DATA 1 8 END_STREAM");
        assertThat(fits.hasEnded()).isFalse();
    }

    @Test
    void countsTheTimeoutAmongTheHeaders() {
        long listBytes = HeaderBlockEncoder.listBytes(ScriptedPeer.SAY_HELLO, false, null);
        peer.ready(Frames.MAX_HEADER_LIST_SIZE, listBytes);

        RecordedStream without = peer.start();
        RecordedStream with = peer.startWithin(Duration.ofSeconds(1));

        assertThat(without.hasEnded()).isFalse();
        assertThat(with.failure().kind()).isEqualTo(REQUEST_HEADERS_TOO_LARGE);
    }

    @Test
    void splitsALargeHeaderBlockByThePeersFrameSize() {
        peer.ready();

        peer.start(peer.newStream(3, TransportStream.NO_DEADLINE, field("big", "v".repeat(40_000))));

        assertThat(peer.receive())
                .containsExactly("HEADERS 1", "CONTINUATION 1", "CONTINUATION 1", "DATA 1 8 END_STREAM");
        assertThat(peer.request(1).get("big")).hasSize(40_000);
    }

    static HeaderFields field(String name, String value) {
        return new HeaderFields() {
            @Override
            public int size() {
                return 1;
            }

            @Override
            public AsciiString wireName(int index) {
                return AsciiString.of(name);
            }

            @Override
            public AsciiString wireValue(int index) {
                return AsciiString.of(value);
            }
        };
    }
}
