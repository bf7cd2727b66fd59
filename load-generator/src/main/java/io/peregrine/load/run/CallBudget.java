package io.peregrine.load.run;

import io.peregrine.load.run.LoopOutcome.EndReason;
import java.util.concurrent.atomic.AtomicLong;

/** Says whether a closed loop may start one more call. Thread-safe. */
final class CallBudget {
    private final LoadPlan plan;
    private final StopSignal stop;
    private final long startNs;
    private final AtomicLong claimed = new AtomicLong();

    CallBudget(LoadPlan plan, StopSignal stop, long startNs) {
        this.plan = plan;
        this.stop = stop;
        this.startNs = startNs;
    }

    /** Claims a call that must then be started; false when the run is over. */
    boolean claim(long nowNs) {
        if (stop.isRequested()) {
            return false;
        }
        if (plan.totalCalls() == LoadPlan.UNLIMITED) {
            if (nowNs - startNs >= plan.durationNs()) {
                return false;
            }
            claimed.getAndIncrement();
            return true;
        }
        return claimed.getAndIncrement() < plan.totalCalls();
    }

    LoopOutcome outcome(long endNs) {
        boolean counted = plan.totalCalls() != LoadPlan.UNLIMITED;
        long started = counted ? Math.min(claimed.get(), plan.totalCalls()) : claimed.get();
        long scheduled = counted ? plan.totalCalls() : started;
        EndReason reason = counted ? EndReason.COUNT : EndReason.DURATION;
        if (stop.isRequested()) {
            reason = EndReason.INTERRUPTED;
        }
        return new LoopOutcome(scheduled, started, 0, endNs - startNs, reason);
    }
}
