package io.peregrine.load.run;

import io.peregrine.load.measure.CallRecorder;
import io.peregrine.load.measure.Measurements;
import io.peregrine.load.measure.ProcessUsage;
import java.time.Instant;
import java.util.function.BiFunction;

/** A warm-up, if any, then the measured run. The warm-up leaves nothing in the measurements: it ends before they begin. */
public final class RunSession {
    private final LoadPlan plan;
    private final long warmUpNs;
    private final boolean countErrors;
    private final Pacer pacer;
    private final StopSignal stop;

    /**
     * @param warmUpNs the length of the warm-up, 0 for none
     * @param countErrors whether the times of failed calls are recorded
     */
    public RunSession(LoadPlan plan, long warmUpNs, boolean countErrors, Pacer pacer, StopSignal stop) {
        this.plan = plan;
        this.warmUpNs = warmUpNs;
        this.countErrors = countErrors;
        this.pacer = pacer;
        this.stop = stop;
    }

    /**
     * Runs on the calling thread.
     *
     * @param progress opens whatever shows a phase's progress, from its recorder and its name; closed at its end
     */
    public Result run(CallTarget target, BiFunction<CallRecorder, String, ? extends Progress> progress) {
        if (warmUpNs > 0) {
            CallRecorder discarded = new CallRecorder(false);
            runPhase(plan.lasting(warmUpNs), target, discarded, progress.apply(discarded, "warm-up"));
        }
        CallRecorder recorder = new CallRecorder(countErrors);
        Progress shown = progress.apply(recorder, "run");
        Instant date = Instant.now();
        ProcessUsage before = ProcessUsage.now();
        LoopOutcome outcome = runPhase(plan, target, recorder, shown);
        ProcessUsage usage = ProcessUsage.now().since(before).plusAllocated(recorder.bytesAllocatedByEndedCallers());
        return new Result(date, outcome, recorder.total(), usage);
    }

    private LoopOutcome runPhase(LoadPlan phase, CallTarget target, CallRecorder recorder, Progress shown) {
        try {
            return LoadLoop.of(phase, target, recorder, pacer, stop).run();
        } finally {
            shown.close();
        }
    }

    /** Shows how a phase goes until it is closed. */
    public interface Progress extends AutoCloseable {
        /** Shows nothing. */
        Progress NONE = () -> {};

        @Override
        void close();
    }

    /**
     * What the measured run gave.
     *
     * @param date when it began
     * @param outcome what the loop did
     * @param measurements what was recorded
     * @param usage what the process used meanwhile
     */
    public record Result(Instant date, LoopOutcome outcome, Measurements measurements, ProcessUsage usage) {}
}
