package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.MAX_CONCURRENT_STREAMS;
import static io.peregrine.transport.http2.Frames.response;
import static io.peregrine.transport.http2.Frames.rstStream;
import static io.peregrine.transport.http2.StreamFailure.Kind.CANCELLED;
import static io.peregrine.transport.http2.StreamFailure.Kind.DEADLINE_EXCEEDED;
import static io.peregrine.transport.http2.StreamFailure.Kind.OVERLOADED;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.Http2Error;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** SETTINGS_MAX_CONCURRENT_STREAMS and those who wait for it (RFC 9113 §5.1.2, SPEC H2-3, H2-4). */
class StreamLimitTest {
    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    @Test
    void opensWaitingStreamsInTheirOrder() {
        peer.ready(MAX_CONCURRENT_STREAMS, 1);
        List<RecordedStream> streams = List.of(peer.start(), peer.start(), peer.start());
        assertThat(peer.receive()).containsExactly("HEADERS 1", "DATA 1 8 END_STREAM");

        peer.send(response(1, "a"));
        assertThat(peer.receive()).containsExactly("HEADERS 3", "DATA 3 8 END_STREAM");
        peer.send(rstStream(3, Http2Error.CANCEL));
        assertThat(peer.receive()).containsExactly("HEADERS 5", "DATA 5 8 END_STREAM");
        peer.send(response(5, "c"));

        assertThat(streams).allMatch(RecordedStream::hasEnded);
    }

    @Test
    void opensNoneWhileTheLimitIsZero() {
        peer.ready(MAX_CONCURRENT_STREAMS, 0);
        RecordedStream stream = peer.start();
        assertThat(peer.receive()).isEmpty();

        peer.sendSettings(MAX_CONCURRENT_STREAMS, 1);

        assertThat(peer.receive()).containsExactly("SETTINGS ACK", "HEADERS 1", "DATA 1 8 END_STREAM");
        peer.send(response(1, "x"));
        assertThat(stream.events()).contains("message x");
    }

    @Test
    void leavesOpenStreamsAloneWhenTheLimitIsLowered() {
        peer.ready();
        RecordedStream first = peer.start();
        RecordedStream second = peer.start();
        peer.sendSettings(MAX_CONCURRENT_STREAMS, 1);
        RecordedStream third = peer.start();
        peer.receive();

        peer.send(response(1, "a"));
        assertThat(peer.receive()).isEmpty();
        peer.send(response(3, "b"));
        assertThat(peer.receive()).containsExactly("HEADERS 5", "DATA 5 8 END_STREAM");
        peer.send(response(5, "c"));

        assertThat(List.of(first, second, third))
                .allMatch(stream -> stream.messages().size() == 1);
    }

    @Test
    void takesAnyNumberOfStreamsWhenThereIsNoLimit() {
        peer.ready();
        List<RecordedStream> streams = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            streams.add(peer.start());
        }

        assertThat(peer.receive()).hasSize(2000).endsWith("HEADERS 1999", "DATA 1999 8 END_STREAM");
        peer.shutdownNow();
        assertThat(streams).allMatch(RecordedStream::hasEnded);
    }

    @Test
    void sendsNothingForAWaitingStreamThatIsCancelled() {
        peer.ready(MAX_CONCURRENT_STREAMS, 1);
        RecordedStream open = peer.start();
        RecordedStream waiting = peer.start();
        RecordedStream next = peer.start();
        peer.receive();

        peer.cancel(waiting);

        assertThat(waiting.failure().kind()).isEqualTo(CANCELLED);
        assertThat(peer.receive()).isEmpty();
        peer.send(response(1, "a"), response(3, "b"));
        assertThat(open.hasEnded()).isTrue();
        assertThat(next.events()).contains("message b");
    }

    @Test
    void endsAWaitingStreamByItsDeadlineAndSendsNothing() {
        peer.ready(MAX_CONCURRENT_STREAMS, 0);
        RecordedStream waiting = peer.startWithin(Duration.ofMillis(50));
        peer.advance(Duration.ofMillis(49));
        assertThat(waiting.hasEnded()).isFalse();

        peer.advance(Duration.ofMillis(3));

        assertThat(waiting.failure().kind()).isEqualTo(DEADLINE_EXCEEDED);
        assertThat(waiting.failure().message()).contains("waiting for a stream slot of greeter.test:443");
        assertThat(peer.receive()).isEmpty();
    }

    /** DL-3. */
    @Test
    void tellsTheServerOnlyTheTimeThatIsLeftAfterWaiting() {
        peer.ready(MAX_CONCURRENT_STREAMS, 0);
        peer.startWithin(Duration.ofMillis(50));
        peer.advance(Duration.ofMillis(20));

        peer.sendSettings(MAX_CONCURRENT_STREAMS, 1);

        assertThat(peer.request(1).get("grpc-timeout")).hasToString("30000000n");
    }

    @Test
    void opensAWaitingStreamWhenAnOpenOneIsCancelled() {
        peer.ready(MAX_CONCURRENT_STREAMS, 1);
        RecordedStream open = peer.start();
        peer.start();
        peer.receive();

        peer.cancel(open);

        assertThat(peer.receive()).containsExactly("RST_STREAM 1 CANCEL", "HEADERS 3", "DATA 3 8 END_STREAM");
    }

    @Test
    void boundsTheNumberOfWaitingStreams() {
        peer.with(TransportOptions.builder().maxWaitingStreams(2).build()).ready(MAX_CONCURRENT_STREAMS, 0);
        RecordedStream first = peer.start();
        RecordedStream second = peer.start();

        RecordedStream third = peer.start();

        assertThat(third.failure().kind()).isEqualTo(OVERLOADED);
        assertThat(third.failure().message()).contains("2 calls already wait").contains("MAX_CONCURRENT_STREAMS is 0");
        assertThat(first.hasEnded() || second.hasEnded()).isFalse();
    }

    @Test
    void letsNoNewStreamOvertakeAWaitingOne() {
        peer.ready(MAX_CONCURRENT_STREAMS, 1);
        RecordedStream open = peer.start();
        RecordedStream waiting = peer.start();
        RecordedStream late = peer.newStream();
        open.onEndRun(() -> peer.tryStart(late));

        peer.send(response(1, "a"));
        peer.send(response(3, "b"));
        peer.send(response(5, "c"));

        assertThat(waiting.events()).contains("message b");
        assertThat(late.events()).contains("message c");
    }
}
