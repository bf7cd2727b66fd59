package io.peregrine.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class VirtualTimerTest {
    private final VirtualTimer timer = new VirtualTimer();
    private final List<String> ran = new ArrayList<>();

    private ScheduledFuture<?> in(int ms, String name) {
        return timer.schedule(() -> ran.add(name + " at " + timer.nanoTime()), ms, TimeUnit.MILLISECONDS);
    }

    @Test
    void tasksRunInTheirOrderEachAtItsTime() {
        List<ScheduledFuture<?>> tasks = List.of(in(2, "b"), in(1, "a"), in(2, "c"), in(3, "late"));

        timer.advance(Duration.ofMillis(2));

        assertThat(ran).containsExactly("a at 1000000", "b at 2000000", "c at 2000000");
        assertThat(tasks).extracting(ScheduledFuture::isDone).containsExactly(true, true, true, false);
        assertThat(timer.nextDelay()).isEqualTo(Duration.ofMillis(1));
    }

    @Test
    void aCancelledTaskLeaves() {
        ScheduledFuture<?> task = in(1, "a");
        assertThat(timer.pending()).isEqualTo(1);

        task.cancel(false);

        assertThat(timer.pending()).isZero();
        timer.advance(Duration.ofMillis(1));
        assertThat(ran).isEmpty();
    }

    @Test
    void whatIsPendingCanRunBeforeItsTime() {
        List<ScheduledFuture<?>> tasks = List.of(in(2, "b"), in(1, "a"));

        assertThat(timer.runPending()).isEqualTo(tasks.size());

        assertThat(ran).containsExactly("a at 0", "b at 0");
        assertThat(timer.pending()).isZero();
    }

    @Test
    void whatMeetsTheScheduledTaskSeesItInTheQueue() {
        timer.onSchedule(timer::runPending);

        ScheduledFuture<?> task = in(1, "a");

        assertThat(task.isDone()).isTrue();
    }

    @Test
    void aTaskThatThrowsFailsTheTest() {
        ScheduledFuture<?> unused = timer.schedule(
                () -> {
                    throw new IllegalStateException("a fault");
                },
                1,
                TimeUnit.MILLISECONDS);

        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> timer.advance(Duration.ofMillis(1)))
                .withRootCauseInstanceOf(IllegalStateException.class);
    }

    @Test
    void afterItsShutdownItRefusesTasks() {
        timer.shutdown();

        assertThatExceptionOfType(RejectedExecutionException.class).isThrownBy(() -> in(1, "a"));
    }
}
