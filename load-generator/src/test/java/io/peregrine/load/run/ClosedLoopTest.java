package io.peregrine.load.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.load.measure.CallRecorder;
import io.peregrine.load.measure.Measurements;
import io.peregrine.load.measure.StatusCodes;
import io.peregrine.load.run.LoopOutcome.EndReason;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClosedLoopTest {
    private static final long SECOND_NS = 1_000_000_000L;

    private final CallRecorder recorder = new CallRecorder(false);
    private final StopSignal stop = new StopSignal();
    private final ExecutorService loop = Executors.newFixedThreadPool(2);

    @AfterEach
    void stopLoop() {
        loop.shutdownNow();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void makesExactlyTheCallsOfThePlanWithAtMostSoManyOutstanding(boolean blocking) {
        CountingTarget target = new CountingTarget();

        LoopOutcome outcome = run(target, counted(10_000, 7, blocking));

        assertThat(target.calls.get()).isEqualTo(10_000);
        assertThat(target.mostOutstanding.get()).isBetween(1, 7);
        assertThat(outcome.scheduled()).isEqualTo(10_000);
        assertThat(outcome.started()).isEqualTo(10_000);
        assertThat(outcome.reason()).isEqualTo(EndReason.COUNT);
        assertThat(recorder.total().ok()).isEqualTo(10_000);
        assertThat(recorder.total().service().getTotalCount()).isEqualTo(10_000);
        assertThat(recorder.total().response().getTotalCount()).isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void accountsForEveryCallByItsStatus(boolean blocking) {
        CountingTarget target = new CountingTarget();
        target.failEvery = 4;

        LoopOutcome outcome = run(target, counted(10_000, 3, blocking));

        Measurements calls = recorder.total();
        assertThat(calls.ok()).isEqualTo(7_500);
        assertThat(calls.failed()).isEqualTo(2_500);
        assertThat(calls.calls(StatusCodes.UNKNOWN)).isEqualTo(2_500);
        assertThat(calls.errorTexts()).containsOnlyKeys("told to fail").containsValue(2_500L);
        assertThat(calls.service().getTotalCount()).isEqualTo(7_500);
        assertThat(outcome.scheduled()).isEqualTo(calls.ok() + calls.failed() + outcome.notStarted());
    }

    @Test
    void survivesATargetThatAnswersBeforeItReturns() {
        CountingTarget target = new CountingTarget();
        target.atOnce = true;

        LoopOutcome outcome = run(target, counted(1_000_000, 2, false));

        assertThat(outcome.started()).isEqualTo(1_000_000);
        assertThat(recorder.total().ok()).isEqualTo(1_000_000);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void endsATimedRunWhenItsTimeIsOver(boolean blocking) {
        CountingTarget target = new CountingTarget();

        LoopOutcome outcome = run(target, new LoadPlan(LoadPlan.UNLIMITED, SECOND_NS / 5, 3, blocking, 0, 1));

        assertThat(outcome.reason()).isEqualTo(EndReason.DURATION);
        assertThat(outcome.elapsedNs()).isGreaterThanOrEqualTo(SECOND_NS / 5);
        assertThat(outcome.started()).isEqualTo(target.calls.get());
        assertThat(recorder.total().ok()).isEqualTo(outcome.scheduled());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void reportsAfterAStopRequestEvenWhenNothingIsAnswered(boolean blocking) {
        CallTarget silent = new CallTarget() {
            @Override
            public int lanes() {
                return 1;
            }

            @Override
            public void start(int lane, CallSlot slot) {
                stop.request();
            }

            @Override
            public void call(int lane, CallSlot slot) {
                stop.request();
                try {
                    Thread.currentThread().join(20_000); // a call that does not end
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        };
        long beginNs = System.nanoTime();

        LoopOutcome outcome = LoadLoop.of(counted(1_000, 1, blocking), silent, recorder, WaitStrategy.PARK, stop)
                .run();

        assertThat(System.nanoTime() - beginNs).as("sooner than the call").isLessThan(15 * SECOND_NS);
        assertThat(outcome.reason()).isEqualTo(EndReason.INTERRUPTED);
        assertThat(outcome.scheduled()).isEqualTo(1_000);
        assertThat(outcome.started()).isEqualTo(1);
        assertThat(outcome.notStarted()).isEqualTo(999);
    }

    private LoopOutcome run(CallTarget target, LoadPlan plan) {
        return LoadLoop.of(plan, target, recorder, WaitStrategy.PARK, stop).run();
    }

    private static LoadPlan counted(long calls, int callers, boolean blocking) {
        return new LoadPlan(calls, LoadPlan.UNLIMITED, callers, blocking, 0, 1);
    }

    /** Answers on threads of its own and counts what it sees. */
    private final class CountingTarget implements CallTarget {
        final AtomicLong calls = new AtomicLong();
        final AtomicInteger outstanding = new AtomicInteger();
        final AtomicInteger mostOutstanding = new AtomicInteger();
        int failEvery = Integer.MAX_VALUE;
        boolean atOnce;

        @Override
        public int lanes() {
            return 2;
        }

        @Override
        public void start(int lane, CallSlot slot) {
            long number = begin();
            if (atOnce) {
                end(number, slot);
            } else {
                loop.execute(() -> end(number, slot));
            }
        }

        @Override
        public void call(int lane, CallSlot slot) {
            end(begin(), slot);
        }

        private long begin() {
            mostOutstanding.accumulateAndGet(outstanding.incrementAndGet(), Math::max);
            return calls.incrementAndGet();
        }

        private void end(long number, CallSlot slot) {
            outstanding.decrementAndGet();
            if (number % failEvery == 0) {
                slot.onError(StatusCodes.UNKNOWN, "told to fail");
            } else {
                slot.onOk();
            }
        }
    }
}
