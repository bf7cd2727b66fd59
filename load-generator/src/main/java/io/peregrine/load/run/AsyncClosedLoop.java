package io.peregrine.load.run;

import io.peregrine.load.measure.CallRecorder;
import io.peregrine.load.measure.StatusCodes;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A closed loop whose callers are slots: each starts its next call from the callback of the one before, on the
 * event loop. The cheapest way to keep a number of calls outstanding; no thread is handed to or woken.
 *
 * <p>A closed loop waits for the server before it asks again, so its latencies omit what callers would have
 * seen during a stall. Reports must say so.
 */
final class AsyncClosedLoop implements LoadLoop {
    private static final long POLL_NS = 50_000_000;

    private final LoadPlan plan;
    private final CallTarget target;
    private final CallRecorder recorder;
    private final StopSignal stop;

    AsyncClosedLoop(LoadPlan plan, CallTarget target, CallRecorder recorder, StopSignal stop) {
        this.plan = plan;
        this.target = target;
        this.recorder = recorder;
        this.stop = stop;
    }

    @Override
    public LoopOutcome run() {
        CallBudget budget = new CallBudget(plan, stop, System.nanoTime());
        AtomicInteger active = new AtomicInteger(plan.callers());
        Thread runner = Thread.currentThread();
        for (int caller = 0; caller < plan.callers(); caller++) {
            new Slot(caller % target.lanes(), budget, active, runner).startNext();
        }
        awaitIdle(active);
        return budget.outcome(System.nanoTime());
    }

    private void awaitIdle(AtomicInteger active) {
        DrainLimit limit = new DrainLimit(stop);
        while (active.get() > 0 && !limit.isPassed(System.nanoTime())) {
            LockSupport.parkNanos(this, POLL_NS);
        }
    }

    /**
     * One caller. Outcomes may arrive while the start is still on the stack, or on another thread;
     * {@link #pending} counts the starts that are owed, and whoever raises it from zero makes them, so a call
     * that fails at once neither recurses nor starts twice.
     */
    private final class Slot implements CallSlot {
        private final int lane;
        private final CallBudget budget;
        private final AtomicInteger active;
        private final Thread runner;
        private final AtomicInteger pending = new AtomicInteger();
        private long startNs;

        Slot(int lane, CallBudget budget, AtomicInteger active, Thread runner) {
            this.lane = lane;
            this.budget = budget;
            this.active = active;
            this.runner = runner;
        }

        @Override
        public void onOk() {
            recorder.closedLoopCall(StatusCodes.OK, System.nanoTime() - startNs);
            startNext();
        }

        @Override
        public void onError(int statusCode, String text) {
            recorder.closedLoopCall(statusCode, System.nanoTime() - startNs);
            recorder.errorText(text);
            startNext();
        }

        void startNext() {
            if (pending.getAndIncrement() != 0) {
                return;
            }
            do {
                long nowNs = System.nanoTime();
                if (!budget.claim(nowNs)) {
                    end();
                    return;
                }
                startNs = nowNs;
                target.start(lane, this);
            } while (pending.decrementAndGet() != 0);
        }

        private void end() {
            if (active.decrementAndGet() == 0) {
                LockSupport.unpark(runner);
            }
        }
    }
}
