package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.MAX_CONCURRENT_STREAMS;
import static io.peregrine.transport.http2.Frames.response;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** SPEC 2.15: what a connection tells of its streams, and to whom. */
class StreamGaugeTest {
    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    /** Of a table without a connection. */
    static StreamGauge unwatched() {
        StreamGauge.Connection none = new StreamGauge.Connection() {
            @Override
            public boolean isAccepting() {
                return true;
            }

            @Override
            public void submit(Runnable command) {
                throw new AssertionError(command);
            }

            @Override
            public void giveBack(int most, String reason) {
                throw new AssertionError(reason);
            }
        };
        return new StreamGauge(none, new SilentListener());
    }

    @Test
    void cs2CountsWhatIsOpenAndWhatWaits() {
        peer.ready(MAX_CONCURRENT_STREAMS, 2);
        StreamCapacity capacity = peer.connection().capacity();
        assertThat(capacity.limit()).isEqualTo(2);
        assertThat(capacity.hasRoom()).isTrue();

        peer.start();
        peer.start();
        peer.start();

        assertThat(capacity.open()).isEqualTo(2);
        assertThat(capacity.waiting()).isEqualTo(1);
        assertThat(capacity.total()).isEqualTo(3);
        assertThat(capacity.hasRoom()).isFalse();
        peer.send(response(1, "a"));
        peer.send(response(3, "b"));
        peer.send(response(5, "c"));
        assertThat(capacity.total()).isZero();
    }

    @Test
    void cs3TellsOnceWhenAStreamWaits() {
        peer.ready(MAX_CONCURRENT_STREAMS, 1);
        watchPressure(Integer.MAX_VALUE);
        peer.start();
        assertThat(peer.listened()).as("one may be open").doesNotContain("pressure");

        peer.start();
        peer.start();

        assertThat(peer.listened()).containsOnlyOnce("pressure");
        peer.shutdownNow();
    }

    @Test
    void cs10TellsWhenTheLowWaterMarkIsReached() {
        peer.ready(MAX_CONCURRENT_STREAMS, 10);
        watchPressure(5);
        for (int n = 0; n < 4; n++) {
            peer.start();
        }
        assertThat(peer.listened()).doesNotContain("pressure");

        peer.start();

        assertThat(peer.listened()).containsOnlyOnce("pressure");
        peer.shutdownNow();
    }

    @Test
    void cs8AnotherLimitIsPublishedAndToldOnce() {
        peer.ready(MAX_CONCURRENT_STREAMS, 10);
        watchPressure(Integer.MAX_VALUE);
        peer.start();

        peer.sendSettings(MAX_CONCURRENT_STREAMS, 5);
        peer.sendSettings(MAX_CONCURRENT_STREAMS, 2);

        assertThat(peer.connection().capacity().limit()).isEqualTo(2);
        assertThat(peer.listened()).containsOnlyOnce("pressure");
        peer.shutdownNow();
    }

    @Test
    void cs8ARaisedLimitIsRoom() {
        peer.ready(MAX_CONCURRENT_STREAMS, 1);
        peer.start();
        watchRoom();
        assertThat(peer.listened()).doesNotContain("room");

        peer.sendSettings(MAX_CONCURRENT_STREAMS, 2);

        assertThat(peer.listened()).containsOnlyOnce("room");
        peer.shutdownNow();
    }

    @Test
    void cs5TellsOnceWhenAStreamWouldOpenAtOnce() {
        peer.ready(MAX_CONCURRENT_STREAMS, 1);
        peer.start();
        peer.start();
        watchRoom();

        peer.send(response(1, "a"));
        assertThat(peer.listened()).as("the waiting stream took the place").doesNotContain("room");
        peer.send(response(3, "b"));

        assertThat(peer.listened()).containsOnlyOnce("room");
    }

    @Test
    void cs5GivesBackTheLongestWaitingFirst() {
        peer.ready(MAX_CONCURRENT_STREAMS, 1);
        peer.start();
        List<RecordedStream> waiting = List.of(peer.start(), peer.start(), peer.start());

        peer.turn(() -> peer.connection().capacity().giveBack(2, "there is room elsewhere"));

        assertThat(waiting.get(0).failure().kind()).isEqualTo(StreamFailure.Kind.UNPROCESSED);
        assertThat(waiting.get(1).failure().message()).isEqualTo("there is room elsewhere");
        assertThat(waiting.get(2).hasEnded()).isFalse();
        assertThat(peer.connection().capacity().waiting()).isEqualTo(1);
        peer.shutdownNow();
    }

    @Test
    void cs5WhatIsOpenIsNeverGivenBack() {
        peer.ready(MAX_CONCURRENT_STREAMS, 2);
        RecordedStream open = peer.start();

        peer.turn(() -> peer.connection().capacity().giveBack(10, "there is room elsewhere"));

        assertThat(open.hasEnded()).isFalse();
        peer.shutdownNow();
    }

    @Test
    void cs6AConnectionThatEndsGivesBackAllThatWaits() {
        peer.ready(MAX_CONCURRENT_STREAMS, 1);
        RecordedStream open = peer.startWithin(Duration.ofMinutes(1));
        RecordedStream waiting = peer.start();

        peer.shutdownNow();

        assertThat(open.failure().kind()).isEqualTo(StreamFailure.Kind.CONNECTION_LOST);
        assertThat(waiting.failure().kind()).isEqualTo(StreamFailure.Kind.UNPROCESSED);
        assertThat(peer.connection().capacity().isAccepting()).isFalse();
    }

    private void watchPressure(int openStreams) {
        peer.turn(() -> peer.connection().capacity().awaitPressure(openStreams));
    }

    private void watchRoom() {
        peer.turn(() -> peer.connection().capacity().awaitRoom());
    }

    private static final class SilentListener implements TransportListener {
        @Override
        public void onReady() {}

        @Override
        public void onDraining(String reason) {}

        @Override
        public void onTerminated(String reason, @Nullable Throwable cause) {}

        @Override
        public void onReleased() {}
    }
}
