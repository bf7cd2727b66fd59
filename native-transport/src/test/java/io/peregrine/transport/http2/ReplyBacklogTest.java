package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.grpcHeaders;
import static io.peregrine.transport.http2.Frames.ping;
import static io.peregrine.transport.http2.Frames.response;
import static io.peregrine.transport.http2.Frames.settings;
import static io.peregrine.transport.http2.StreamFailure.Kind.CONNECTION_LOST;
import static io.peregrine.transport.http2.StreamFailure.Kind.DEADLINE_EXCEEDED;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.peregrine.transport.http2.FloodLimits.Budget;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A server that asks for replies and does not read them (SPEC H2-11, HOSTILE.md 2.3 and P7). */
class ReplyBacklogTest {
    private static final int READ_BYTES = 64 << 10;
    private static final int PINGS = READ_BYTES / 17;

    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    @BeforeEach
    void allowManyPings() {
        FloodLimits limits = FloodLimits.builder()
                .budget(Budget.PING, 100_000)
                .budget(Budget.SETTINGS, 100_000)
                .build();
        peer.with(TransportOptions.builder().floodLimits(limits).build()).ready();
    }

    @Test
    void keepsReadingWhileTheSocketTakesTheReplies() {
        peer.send(pings(0, PINGS));

        assertThat(peer.channel().config().isAutoRead()).isTrue();
        assertThat(peer.receive()).isEqualTo(acks(0, PINGS));
    }

    @Test
    void answersAHundredFramesOfAReadAndLeavesTheRestUntilTheSocketDrains() {
        peer.block();
        long before = heldBytes();

        peer.send(pings(0, PINGS));

        assertThat(peer.channel().config().isAutoRead()).isFalse();
        assertThat(heldBytes() - before).as("bytes held").isLessThan(READ_BYTES + 8192);
        peer.unblock();
        peer.runTasks();
        assertThat(peer.receive()).isEqualTo(acks(0, PINGS));
        assertThat(peer.channel().config().isAutoRead()).isTrue();
    }

    @Test
    void parsesNothingThatArrivesBehindWhatWaits() {
        RecordedStream stream = peer.start();
        peer.receive();
        peer.block();
        peer.send(pings(0, 150));

        peer.send(pings(150, 50), response(1, "behind"));
        assertThat(stream.events()).isEmpty();

        peer.unblock();
        peer.runTasks();
        assertThat(stream.events()).contains("message behind");
        assertThat(peer.receive()).isEqualTo(acks(0, 200));
    }

    @Test
    void stopsForSettingsAsWell() {
        peer.block();
        byte[][] storm = new byte[1000][];
        IntStream.range(0, storm.length).forEach(i -> storm[i] = settings(Frames.INITIAL_WINDOW_SIZE, 1000 + i));

        peer.send(storm);

        assertThat(peer.channel().config().isAutoRead()).isFalse();
        peer.unblock();
        peer.runTasks();
        assertThat(peer.receive()).hasSize(1000).containsOnly("SETTINGS ACK");
    }

    @Test
    void stopsAgainWhenTheSocketIsFullAgain() {
        for (int round = 0; round < 3; round++) {
            peer.block();
            peer.send(pings(1000 * round, 1000));
            assertThat(peer.channel().config().isAutoRead()).isFalse();

            peer.unblock();
            peer.runTasks();

            assertThat(peer.receive()).isEqualTo(acks(1000 * round, 1000));
            assertThat(peer.channel().config().isAutoRead()).isTrue();
        }
    }

    @Test
    void keepsDeadlinesAndNewCallsGoingMeanwhile() {
        RecordedStream first = peer.startWithin(Duration.ofSeconds(1));
        peer.send(grpcHeaders(1));
        peer.receive();
        peer.block();
        peer.send(pings(0, 200));
        RecordedStream second = peer.startWithin(Duration.ofSeconds(5));

        peer.advance(Duration.ofMillis(1_010));

        assertThat(first.failure().kind()).isEqualTo(DEADLINE_EXCEEDED);
        assertThat(second.hasEnded()).isFalse();
        peer.unblock();
        peer.runTasks();
        peer.send(response(3, "alive"));
        assertThat(second.events()).contains("message alive");
    }

    @Test
    void endsTheConnectionOfAServerThatReadsNothingForTooLong() {
        RecordedStream stream = peer.start();
        peer.receive();
        peer.block();
        peer.send(pings(0, 200));
        peer.advance(Duration.ofMillis(29_999));
        assertThat(stream.hasEnded()).isFalse();

        peer.advance(Duration.ofMillis(1));

        assertThat(stream.failure().kind()).isEqualTo(CONNECTION_LOST);
        assertThat(stream.failure().message())
                .isEqualTo("connection error with greeter.test:443: 100 replies unread for 30 s"
                        + " (limit: FloodLimits.unwrittenTime)");
        peer.advance(Duration.ofSeconds(5));
        assertThat(peer.isClosed()).isTrue();
    }

    @Test
    void endsTheConnectionWhenACallbackFailsWhileItGoesOn() {
        RecordedStream stream = peer.start();
        peer.receive();
        peer.block();
        peer.send(pings(0, 150), response(1, "behind"));
        stream.onMessageRun(() -> {
            throw new IllegalStateException("scripted");
        });

        peer.unblock();
        peer.runTasks();

        assertThat(stream.failure().kind()).isEqualTo(CONNECTION_LOST);
        assertThat(stream.failure().message()).contains("scripted");
    }

    @Test
    void endsTheConnectionOnAFrameThatIsIllegalBehindWhatWaits() {
        RecordedStream stream = peer.start();
        peer.receive();
        peer.block();
        peer.send(pings(0, 150), Frames.windowUpdate(7, 1), pings(150, 1000));

        peer.unblock();
        peer.runTasks();

        assertThat(stream.failure().kind()).isEqualTo(CONNECTION_LOST);
        assertThat(peer.receive()).hasSize(151).last().asString().startsWith("GOAWAY 0 PROTOCOL_ERROR");
    }

    @Test
    void survivesTheEndOfTheConnectionWhileItWaits() {
        RecordedStream stream = peer.start();
        peer.block();
        peer.send(pings(0, 200));

        peer.close();

        assertThat(stream.failure().kind()).isEqualTo(CONNECTION_LOST);
    }

    private long heldBytes() {
        return peer.allocator().unreleased().stream()
                .mapToLong(ByteBuf::capacity)
                .sum();
    }

    private static byte[] pings(int first, int count) {
        byte[][] frames = new byte[count][];
        IntStream.range(0, count).forEach(i -> frames[i] = ping(opaque(first + i)));
        return Frames.join(frames);
    }

    private static List<String> acks(int first, int count) {
        return IntStream.range(first, first + count)
                .mapToObj(i -> "PING ACK " + opaque(i))
                .toList();
    }

    private static String opaque(int number) {
        return String.format("%016x", number);
    }
}
