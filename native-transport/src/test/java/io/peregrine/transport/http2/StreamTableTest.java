package io.peregrine.transport.http2;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StreamTableTest {
    private final StreamTable table = new StreamTable(2, StreamGaugeTest.unwatched());

    @Test
    void givesOddIdsThatIncrease() {
        assertThat(table.lastId()).isZero();

        RecordedStream first = open();
        RecordedStream second = open();

        assertThat(first.id).isEqualTo(1);
        assertThat(second.id).isEqualTo(3);
        assertThat(first.state).isEqualTo(StreamState.OPEN);
        assertThat(table.lastId()).isEqualTo(3);
        assertThat(table.find(3)).isSameAs(second);
    }

    @Test
    void knowsWhichIdsWereEverOpened() {
        RecordedStream first = open();
        table.remove(first);

        assertThat(table.find(1)).isNull();
        assertThat(table.wasOpened(1)).isTrue();
        assertThat(table.wasOpened(2)).isFalse();
        assertThat(table.wasOpened(3)).isFalse();
        assertThat(table.wasOpened(0)).isFalse();
    }

    @Test
    void queuesInOrderUpToItsBound() {
        RecordedStream first = stream();
        RecordedStream second = stream();

        assertThat(table.await(first) && table.await(second)).isTrue();
        assertThat(table.await(stream())).isFalse();
        assertThat(table.isEmpty()).isFalse();
        assertThat(table.removeWaiting(first)).isTrue();
        assertThat(table.removeWaiting(first)).isFalse();
        assertThat(table.pollWaiting()).isSameAs(second);
        assertThat(table.pollWaiting()).isNull();
        assertThat(table.isEmpty()).isTrue();
    }

    @Test
    void removesChosenStreamsInTheOrderOfTheirIds() {
        RecordedStream first = open();
        RecordedStream second = open();
        RecordedStream third = open();

        assertThat(table.removeOpen(id -> id > 1)).containsExactly(second, third);
        assertThat(table.openCount()).isEqualTo(1);
        assertThat(table.openStreams()).containsExactly(first);
    }

    @Test
    void findsStreamsThatOutliveManyOthers() {
        RecordedStream first = open();
        RecordedStream second = open();
        for (int i = 0; i < 10_000; i++) {
            RecordedStream brief = open();
            assertThat(table.find(brief.id)).isSameAs(brief);
            table.remove(brief);
            assertThat(table.find(brief.id)).isNull();
        }

        assertThat(table.find(first.id)).isSameAs(first);
        assertThat(table.openStreams()).containsExactlyInAnyOrder(first, second);
        table.remove(first);
        assertThat(table.find(first.id)).isNull();
        assertThat(table.openCount()).isEqualTo(1);
        table.remove(first);
        assertThat(table.openCount()).isEqualTo(1);
    }

    @Test
    void findsEachOfMoreStreamsThanItHasPlaces() {
        List<RecordedStream> streams = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            streams.add(open());
        }

        for (RecordedStream stream : streams) {
            assertThat(table.find(stream.id)).isSameAs(stream);
        }
        assertThat(table.openStreams()).hasSize(10_000);
        streams.forEach(table::remove);
        assertThat(table.isEmpty()).isTrue();
        assertThat(table.openStreams()).isEmpty();
    }

    @Test
    void doesNotCountAStreamThatWasNeverOpened() {
        open();

        table.remove(stream());

        assertThat(table.openCount()).isEqualTo(1);
    }

    private RecordedStream open() {
        RecordedStream stream = stream();
        table.open(stream);
        return stream;
    }

    private static RecordedStream stream() {
        return new RecordedStream(
                ScriptedPeer.SAY_HELLO, null, Unpooled.EMPTY_BUFFER, TransportStream.NO_DEADLINE, 1024);
    }
}
