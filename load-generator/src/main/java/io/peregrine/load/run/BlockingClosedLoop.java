package io.peregrine.load.run;

import io.peregrine.load.measure.CallRecorder;
import io.peregrine.load.measure.StatusCodes;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A closed loop with a thread for each caller, which blocks for every call: what a synchronous program does. */
final class BlockingClosedLoop implements LoadLoop {
    private static final long POLL_NS = 50_000_000;

    private final LoadPlan plan;
    private final CallTarget target;
    private final CallRecorder recorder;
    private final StopSignal stop;

    BlockingClosedLoop(LoadPlan plan, CallTarget target, CallRecorder recorder, StopSignal stop) {
        this.plan = plan;
        this.target = target;
        this.recorder = recorder;
        this.stop = stop;
    }

    @Override
    public LoopOutcome run() {
        CallBudget budget = new CallBudget(plan, stop, System.nanoTime());
        CountDownLatch running = new CountDownLatch(plan.callers());
        List<Thread> threads = new ArrayList<>(plan.callers());
        for (int caller = 0; caller < plan.callers(); caller++) {
            Thread thread = new Thread(new Caller(caller % target.lanes(), budget, running), "caller-" + caller);
            thread.setDaemon(true);
            threads.add(thread);
            thread.start();
        }
        awaitIdle(running, threads);
        return budget.outcome(System.nanoTime());
    }

    private void awaitIdle(CountDownLatch running, List<Thread> threads) {
        DrainLimit limit = new DrainLimit(stop);
        try {
            while (!running.await(POLL_NS, TimeUnit.NANOSECONDS)) {
                if (limit.isPassed(System.nanoTime())) {
                    return;
                }
            }
            for (Thread thread : threads) {
                thread.join(); // they have counted down: nothing but their end is left
            }
        } catch (InterruptedException e) {
            stop.request();
            Thread.currentThread().interrupt();
        }
    }

    private final class Caller implements Runnable, CallSlot {
        private final int lane;
        private final CallBudget budget;
        private final CountDownLatch running;
        private long startNs;

        Caller(int lane, CallBudget budget, CountDownLatch running) {
            this.lane = lane;
            this.budget = budget;
            this.running = running;
        }

        @Override
        public void run() {
            try {
                startNs = System.nanoTime();
                while (budget.claim(startNs)) {
                    target.call(lane, this);
                    startNs = System.nanoTime();
                }
            } finally {
                recorder.callerEnds();
                running.countDown();
            }
        }

        @Override
        public void onOk() {
            recorder.closedLoopCall(StatusCodes.OK, System.nanoTime() - startNs);
        }

        @Override
        public void onError(int statusCode, String text) {
            recorder.closedLoopCall(statusCode, System.nanoTime() - startNs);
            recorder.errorText(text);
        }
    }
}
