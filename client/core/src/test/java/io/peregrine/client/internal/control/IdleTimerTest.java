package io.peregrine.client.internal.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.testkit.VirtualTimer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** When a channel goes idle (SPEC 2.6), by counts that the test changes. */
class IdleTimerTest {
    private static final Duration TIMEOUT = Duration.ofMinutes(30);

    private final VirtualTimer clock = new VirtualTimer();
    private final SyncContext context = new SyncContext(clock, thrown -> {
        throw new AssertionError(thrown);
    });
    private final List<Duration> idleAt = new ArrayList<>();
    private long inUse;
    private long started;

    private IdleTimer start(Duration timeout) {
        IdleTimer made = new IdleTimer(
                context, timeout, () -> inUse, () -> started, () -> idleAt.add(Duration.ofNanos(clock.nanoTime())));
        context.execute(made::start);
        return made;
    }

    @Test
    void id1ZeroAndThirtyDaysAreNever() {
        start(Duration.ZERO);
        start(Duration.ofDays(30));
        start(Duration.ofSeconds(Long.MAX_VALUE));
        clock.advance(Duration.ofDays(60));

        assertThat(idleAt).isEmpty();
        assertThat(clock.pending()).isZero();
    }

    @Test
    void id1LessThanASecondIsASecond() {
        start(Duration.ofNanos(1));
        clock.advance(Duration.ofMinutes(1));

        assertThat(idleAt).containsExactly(Duration.ofSeconds(1));
    }

    @Test
    void id2WithoutCallsItIsIdleAfterTheTimeout() {
        start(TIMEOUT);
        clock.advance(TIMEOUT.minusNanos(1));
        assertThat(idleAt).isEmpty();
        clock.advance(Duration.ofHours(10));

        assertThat(idleAt).as("once").containsExactly(TIMEOUT);
    }

    @Test
    void id2TheTimeoutIsMeasuredFromTheLastCallAndAnEighthIsTheMostItIsLate() {
        start(TIMEOUT);
        Duration last = Duration.ofMinutes(17);
        clock.advance(last);
        started++;
        clock.advance(Duration.ofHours(10));

        assertThat(idleAt).hasSize(1);
        assertThat(idleAt.get(0))
                .isBetween(last.plus(TIMEOUT), last.plus(TIMEOUT).plus(TIMEOUT.dividedBy(8)));
    }

    @Test
    void id2TheEndOfACallCountsAsItsBeginningDoes() {
        start(TIMEOUT);
        clock.advance(Duration.ofMinutes(4));
        started++;
        inUse++;
        clock.advance(Duration.ofMinutes(55).plusSeconds(1));
        inUse--;
        Duration end = Duration.ofNanos(clock.nanoTime());
        clock.advance(Duration.ofHours(10));

        assertThat(idleAt).hasSize(1);
        assertThat(idleAt.get(0)).isBetween(end.plus(TIMEOUT), end.plus(TIMEOUT).plus(TIMEOUT.dividedBy(8)));
    }

    @Test
    void id2CallsThatBeginAndEndBetweenTwoLooksAreSeen() {
        start(TIMEOUT);
        for (int n = 0; n < 100; n++) {
            clock.advance(Duration.ofMinutes(29));
            started++;
        }

        assertThat(idleAt).isEmpty();
    }

    @Test
    void id5AStreamCountsForItsWholeLife() {
        start(TIMEOUT);
        started++;
        inUse++;
        clock.advance(Duration.ofDays(7));

        assertThat(idleAt).isEmpty();
    }

    @Test
    void stopsWithTheChannel() {
        IdleTimer timer = start(TIMEOUT);

        context.execute(timer::stop);

        assertThat(clock.pending()).isZero();
    }
}
