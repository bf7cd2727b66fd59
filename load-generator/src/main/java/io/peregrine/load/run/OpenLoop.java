package io.peregrine.load.run;

import io.peregrine.load.measure.CallRecorder;
import io.peregrine.load.measure.StatusCodes;
import io.peregrine.load.run.LoopOutcome.EndReason;
import org.jctools.queues.atomic.MpscAtomicArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * An open loop: calls start at the times of an {@link ArrivalSchedule}, whether or not earlier ones have ended,
 * and their response time counts from that intended start. So a stall of the server, or of this process, is
 * seen by every call that was due during it.
 *
 * <p>When {@code maxOutstanding} calls are outstanding, the next one waits for one of them to end; it keeps its
 * intended start, so the wait is part of its response time, and it is counted as deferred. Calls that could not
 * start before the end of a timed run are counted as not started. One thread, the one in {@link #run}, paces.
 */
final class OpenLoop implements LoadLoop {
    /** The wait for a free slot or for the last outcomes; short against any response time worth a histogram. */
    private static final long RECHECK_NS = 20_000;

    private final LoadPlan plan;
    private final ArrivalSchedule schedule;
    private final CallTarget target;
    private final CallRecorder recorder;
    private final Pacer pacer;
    private final StopSignal stop;

    /** Slots whose call has ended: filled by event loops, emptied by the pacing thread. */
    private final MpscAtomicArrayQueue<Slot> free;

    private int slots;
    private long deferred;

    /** When the last wait at the cap ended: calls that were due before it were held back by the cap. */
    private long heldUntilNs;

    OpenLoop(LoadPlan plan, CallTarget target, CallRecorder recorder, Pacer pacer, StopSignal stop) {
        this.plan = plan;
        this.schedule = new ArrivalSchedule(plan.callsPerSecond());
        this.target = target;
        this.recorder = recorder;
        this.pacer = pacer;
        this.stop = stop;
        this.free = new MpscAtomicArrayQueue<>(Math.max(2, plan.maxOutstanding()));
    }

    @Override
    public LoopOutcome run() {
        boolean timed = plan.totalCalls() == LoadPlan.UNLIMITED;
        long scheduled = timed ? schedule.callsBefore(plan.durationNs()) : plan.totalCalls();
        long startNs = pacer.nanoTime();
        long giveUpNs = timed ? plan.durationNs() : Long.MAX_VALUE;
        long started = 0;
        heldUntilNs = startNs;
        while (started < scheduled) {
            long intendedNs = startNs + schedule.intendedNs(started);
            awaitTime(intendedNs);
            Slot slot = acquire(startNs, giveUpNs);
            if (slot == null) {
                break;
            }
            if (intendedNs - heldUntilNs < 0) {
                deferred++;
            }
            slot.start((int) (started % target.lanes()), intendedNs);
            started++;
        }
        drain();
        EndReason reason = timed ? EndReason.DURATION : EndReason.COUNT;
        if (stop.isRequested()) {
            reason = EndReason.INTERRUPTED;
        }
        return new LoopOutcome(scheduled, started, deferred, pacer.nanoTime() - startNs, reason);
    }

    private void awaitTime(long timeNs) {
        long remainingNs = timeNs - pacer.nanoTime();
        while (remainingNs > 0 && !stop.isRequested()) {
            pacer.pause(remainingNs);
            remainingNs = timeNs - pacer.nanoTime();
        }
    }

    /** A slot for the call that is due now, or null when none came free before the run was over. */
    private @Nullable Slot acquire(long startNs, long giveUpNs) {
        if (stop.isRequested()) {
            return null;
        }
        Slot slot = tryAcquire();
        if (slot != null) {
            return slot;
        }
        while (slot == null && !stop.isRequested() && pacer.nanoTime() - startNs < giveUpNs) {
            pacer.pause(RECHECK_NS);
            slot = tryAcquire();
        }
        heldUntilNs = pacer.nanoTime();
        return slot;
    }

    private @Nullable Slot tryAcquire() {
        Slot slot = free.poll();
        if (slot == null && slots < plan.maxOutstanding()) {
            slots++;
            return new Slot();
        }
        return slot;
    }

    private void drain() {
        DrainLimit limit = new DrainLimit(stop);
        while (free.size() < slots && !limit.isPassed(pacer.nanoTime())) {
            pacer.pause(RECHECK_NS);
        }
    }

    /** One outstanding call; its times are handed to the event loop with the start of the call. */
    private final class Slot implements CallSlot {
        private long intendedNs;
        private long sentNs;

        void start(int lane, long newIntendedNs) {
            intendedNs = newIntendedNs;
            sentNs = pacer.nanoTime();
            recorder.lag(sentNs - intendedNs);
            target.start(lane, this);
        }

        @Override
        public void onOk() {
            end(StatusCodes.OK);
        }

        @Override
        public void onError(int statusCode, String text) {
            recorder.errorText(text);
            end(statusCode);
        }

        private void end(int statusCode) {
            long nowNs = pacer.nanoTime();
            recorder.openLoopCall(statusCode, nowNs - intendedNs, nowNs - sentNs);
            boolean kept = free.offer(this);
            assert kept : "more outcomes than slots";
        }
    }
}
