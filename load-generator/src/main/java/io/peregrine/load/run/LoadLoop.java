package io.peregrine.load.run;

import io.peregrine.load.measure.CallRecorder;

/** Runs a {@link LoadPlan} once against a {@link CallTarget}. */
public interface LoadLoop {
    /** After a stop request, the longest wait for calls that are still outstanding. */
    long DRAIN_AFTER_STOP_NS = 1_000_000_000L;

    /** Makes the calls and returns when all have ended, or a second after a stop request. */
    LoopOutcome run();

    /** The loop for a plan. */
    static LoadLoop of(LoadPlan plan, CallTarget target, CallRecorder recorder, Pacer pacer, StopSignal stop) {
        if (plan.openLoop()) {
            return new OpenLoop(plan, target, recorder, pacer, stop);
        }
        return plan.blocking()
                ? new BlockingClosedLoop(plan, target, recorder, stop)
                : new AsyncClosedLoop(plan, target, recorder, stop);
    }
}
