package io.peregrine.client.internal.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.peregrine.testkit.VirtualTimer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** CH-9: one task at a time, in order, on whatever thread. */
class SyncContextTest {
    private final VirtualTimer timer = new VirtualTimer();
    private final List<Throwable> uncaught = new ArrayList<>();
    private final SyncContext context = new SyncContext(timer, uncaught::add);
    private final List<String> ran = new ArrayList<>();

    @Test
    void runsATaskOnTheCallersThreadBeforeItReturns() {
        context.execute(() -> ran.add(Thread.currentThread().getName()));

        assertThat(ran).containsExactly(Thread.currentThread().getName());
    }

    @Test
    void aTaskSubmittedByATaskRunsAfterIt() {
        context.execute(() -> {
            context.execute(() -> ran.add("second"));
            ran.add("first");
        });

        assertThat(ran).containsExactly("first", "second");
    }

    @Test
    void ch12WhatATaskThrowsIsHandedOverAndTheNextTaskRuns() {
        IllegalStateException fault = new IllegalStateException("policy");
        context.execute(() -> {
            context.execute(() -> ran.add("next"));
            throw fault;
        });

        assertThat(uncaught).containsExactly(fault);
        assertThat(ran).containsExactly("next");
    }

    @Test
    void aHandlerThatThrowsStopsNoTask() {
        SyncContext broken = new SyncContext(timer, thrown -> {
            throw new IllegalStateException("handler");
        });
        broken.execute(() -> {
            broken.execute(() -> ran.add("next"));
            throw new IllegalStateException("task");
        });

        assertThat(ran).containsExactly("next");
    }

    @Test
    void knowsWhetherItIsEntered() {
        context.execute(context::requireInContext);

        assertThat(uncaught).isEmpty();
        assertThatIllegalStateException().isThrownBy(context::requireInContext);
    }

    @Test
    void aDelayedTaskRunsInTheContextWhenItsTimeComes() {
        context.schedule(Duration.ofSeconds(1).toNanos(), () -> {
            context.requireInContext();
            ran.add("late");
        });

        timer.advance(Duration.ofMillis(999));
        assertThat(ran).isEmpty();
        timer.advance(Duration.ofMillis(1));

        assertThat(ran).containsExactly("late");
        assertThat(uncaught).isEmpty();
    }

    @Test
    void aDelayedTaskThatIsCancelledNeverRuns() {
        SyncContext.ScheduledTask before = context.schedule(1000, () -> ran.add("cancelled"));
        before.cancel();

        // This one is due, and waits behind the task that cancels it.
        SyncContext.ScheduledTask[] due = new SyncContext.ScheduledTask[1];
        context.execute(() -> {
            due[0] = context.schedule(1000, () -> ran.add("cancelled when due"));
            timer.advance(Duration.ofSeconds(1));
            due[0].cancel();
        });

        assertThat(ran).isEmpty();
        assertThat(timer.pending()).isZero();
    }

    @Test
    void aTimerThatIsGoneDropsDelayedTasks() {
        timer.shutdown();

        context.schedule(0, () -> ran.add("late")).cancel();

        assertThat(ran).isEmpty();
    }

    @Test
    void manyThreadsLoseNothingAndNeverRunTwoAtOnce() throws Exception {
        int threads = 8;
        int tasksEach = 5_000;
        AtomicBoolean inside = new AtomicBoolean();
        int[] perThread = new int[threads];
        CountDownLatch done = new CountDownLatch(threads * tasksEach);
        List<Thread> submitters = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            int thread = t;
            submitters.add(new Thread(() -> {
                for (int i = 0; i < tasksEach; i++) {
                    int number = i;
                    context.execute(() -> {
                        if (!inside.compareAndSet(false, true) || perThread[thread] != number) {
                            throw new AssertionError("two at once, or out of order");
                        }
                        perThread[thread]++;
                        inside.set(false);
                        done.countDown();
                    });
                }
            }));
        }
        submitters.forEach(Thread::start);

        assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
        for (Thread submitter : submitters) {
            submitter.join();
        }
        assertThat(uncaught).isEmpty();
        assertThat(perThread).containsOnly(tasksEach);
    }
}
