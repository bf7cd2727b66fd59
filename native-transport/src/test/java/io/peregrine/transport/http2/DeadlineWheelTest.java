package io.peregrine.transport.http2;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import io.peregrine.allocation.AllocationProbe;
import io.peregrine.testkit.Seeds;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One wheel of an event loop for the deadlines of all its streams (SPEC DL-7). */
class DeadlineWheelTest {
    private static final long TICK_NS = 1 << 20;
    private static final long MS = 1_000_000;

    private final MockTicker ticker = Ticker.newMockTicker();
    private final EmbeddedChannel channel =
            EmbeddedChannel.builder().ticker(ticker).build();
    private final DeadlineWheel wheel = DeadlineWheel.of(channel.eventLoop());
    private final List<RecordedStream> fired = new ArrayList<>();
    private DeadlineWheel.Owner owner = this::record;

    private void record(TransportStream stream) {
        fired.add((RecordedStream) stream);
    }

    @AfterEach
    void close() {
        channel.finish();
    }

    @Test
    void firesNotBeforeTheDeadlineAndAtMostATickLate() {
        RecordedStream stream = schedule(50 * MS);

        advance(50 * MS - 1);
        assertThat(fired).isEmpty();
        advance(1 + TICK_NS);

        assertThat(fired).containsExactly(stream);
        assertThat(stream.timer).isEqualTo(DeadlineWheel.NO_TIMER);
    }

    @Test
    void neverFiresACancelledDeadline() {
        RecordedStream cancelled = schedule(10 * MS);
        RecordedStream kept = schedule(20 * MS);

        wheel.cancel(cancelled);
        wheel.cancel(cancelled);
        advance(100 * MS);

        assertThat(fired).containsExactly(kept);
    }

    @Test
    void firesWhatIsSetBehindACancelledOne() {
        wheel.cancel(schedule(10 * MS));
        advance(5 * MS);

        RecordedStream stream = schedule(10 * MS);
        advance(10 * MS + TICK_NS);

        assertThat(fired).containsExactly(stream);
    }

    @Test
    void firesAnEarlierDeadlineThatIsSetLater() {
        RecordedStream late = schedule(500 * MS);
        RecordedStream early = schedule(3 * MS);

        advance(3 * MS + TICK_NS);
        assertThat(fired).containsExactly(early);
        advance(500 * MS);

        assertThat(fired).containsExactly(early, late);
    }

    @Test
    void firesDeadlinesFarBeyondOneTurnOfTheWheel() {
        RecordedStream hour = schedule(TimeUnit.HOURS.toNanos(1));

        advance(TimeUnit.MINUTES.toNanos(59));
        assertThat(fired).isEmpty();
        advance(TimeUnit.MINUTES.toNanos(1) + TICK_NS);

        assertThat(fired).containsExactly(hour);
    }

    @Test
    void firesAfterALongTimeWithoutAny() {
        schedule(MS);
        advance(3 * MS);
        advance(TimeUnit.DAYS.toNanos(30));

        RecordedStream stream = schedule(5 * MS);
        advance(5 * MS + TICK_NS);

        assertThat(fired).hasSize(2).endsWith(stream);
    }

    @Test
    void letsAnOwnerSetAndCancelDeadlinesFromInside() {
        RecordedStream first = schedule(10 * MS);
        RecordedStream doomed = schedule(30 * MS);
        List<RecordedStream> followers = new ArrayList<>();
        owner = stream -> {
            record(stream);
            if (stream == first) {
                wheel.cancel(doomed);
                for (int i = 0; i < 100; i++) {
                    followers.add(schedule(i * MS));
                }
            }
        };
        first.owner = owner;

        advance(10 * MS + TICK_NS);
        advance(200 * MS);

        assertThat(fired).hasSize(101).containsAll(followers).doesNotContain(doomed);
    }

    @Test
    void firesEachOfManyDeadlinesWithinOneTickInTime() {
        for (int i = 0; i < 100; i++) {
            schedule(TimeUnit.HOURS.toNanos(1));
        }
        for (int i = 0; i < 200; i++) {
            schedule(i * TICK_NS / 10);
        }

        advance(20 * TICK_NS + 2 * TICK_NS);

        assertThat(fired).hasSize(200);
    }

    @Test
    void dl7ManyDeadlinesFarAwayLetTheLoopSleepUntilShortlyBeforeThem() {
        for (int i = 0; i < 1_000; i++) {
            schedule(TimeUnit.SECONDS.toNanos(60) + i * MS);
        }

        assertThat(channel.runScheduledPendingTasks()).isGreaterThan(TimeUnit.SECONDS.toNanos(58));

        advance(TimeUnit.SECONDS.toNanos(59) + 600 * MS);
        assertThat(channel.runScheduledPendingTasks()).isGreaterThan(390 * MS);
        assertThat(fired).isEmpty();
    }

    @Test
    void dl7DeadlinesOfShortCallsWakeTheLoopAboutOnceInTheTimeOfADeadline() {
        Set<Long> wakeUps = new HashSet<>();
        List<RecordedStream> outstanding = new ArrayList<>();
        for (int ms = 0; ms < 1_000; ms++) {
            outstanding.forEach(wheel::cancel);
            outstanding.clear();
            for (int i = 0; i < 100; i++) {
                outstanding.add(schedule(100 * MS));
            }
            ticker.advance(1, TimeUnit.MILLISECONDS);
            wakeUps.add(ticker.nanoTime() + channel.runScheduledPendingTasks());
        }

        assertThat(wakeUps).hasSizeLessThanOrEqualTo(12);
        assertThat(fired).isEmpty();
    }

    @Test
    void dl7SettingAndCancellingADeadlineCostsNoAllocation() {
        schedule(MS);
        RecordedStream stream = schedule(1_000 * MS);
        Runnable window = () -> {
            for (int i = 0; i < 1_000; i++) {
                wheel.cancel(stream);
                wheel.schedule(stream);
            }
        };

        long least = Long.MAX_VALUE;
        for (int i = 0; i < 20; i++) {
            least = Math.min(least, AllocationProbe.measure(window));
        }

        assertThat(least).isZero();
    }

    @Test
    void keepsTimeForAnyMixOfDeadlines() {
        SplittableRandom random = Seeds.random("no deadline fires early, late, twice or after its cancel");
        List<RecordedStream> live = new ArrayList<>();
        for (int step = 0; step < 5_000; step++) {
            int choice = random.nextInt(10);
            if (choice < 5) {
                live.add(schedule(random.nextLong(1L << random.nextInt(1, 34))));
            } else if (choice < 7 && !live.isEmpty()) {
                wheel.cancel(live.remove(random.nextInt(live.size())));
            } else {
                advance(random.nextLong(1L << random.nextInt(1, 30)));
                verifyFired(live);
            }
        }
    }

    private void verifyFired(List<RecordedStream> live) {
        long now = LoopClock.nanoTime(channel.eventLoop());
        for (RecordedStream stream : fired) {
            assertThat(stream.deadlineNs()).isLessThanOrEqualTo(now);
            assertThat(live.remove(stream)).as("live until it fired").isTrue();
        }
        fired.clear();
        assertThat(live).allMatch(stream -> stream.deadlineNs() + TICK_NS >= now);
    }

    private RecordedStream schedule(long delayNs) {
        RecordedStream stream = new RecordedStream(
                ScriptedPeer.SAY_HELLO,
                null,
                Unpooled.EMPTY_BUFFER,
                LoopClock.nanoTime(channel.eventLoop()) + delayNs,
                1024);
        stream.owner = owner;
        wheel.schedule(stream);
        return stream;
    }

    /** In steps of less than a tick, as a loop that is never late. */
    private void advance(long durationNs) {
        long stepNs = Math.max(TICK_NS / 2, durationNs / 256);
        for (long left = durationNs; left > 0; left -= stepNs) {
            ticker.advance(Math.min(left, stepNs), TimeUnit.NANOSECONDS);
            channel.runScheduledPendingTasks();
        }
    }
}
