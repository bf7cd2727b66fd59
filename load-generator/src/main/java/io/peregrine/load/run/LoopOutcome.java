package io.peregrine.load.run;

/**
 * What a loop did, beside what was recorded of the calls.
 *
 * @param scheduled calls that the plan asked for
 * @param started calls that were handed to the client
 * @param deferred open loop: calls that started late because {@code maxOutstanding} calls were outstanding when
 *     they were due; their response times count from the intended start all the same
 * @param elapsedNs from the start of the run to the end of its last call, in nanoseconds
 * @param reason why the run ended
 */
public record LoopOutcome(long scheduled, long started, long deferred, long elapsedNs, EndReason reason) {
    /** Why a run ended. */
    public enum EndReason {
        /** All calls of the plan were made. */
        COUNT,
        /** Its time was over. */
        DURATION,
        /** It was asked to stop. */
        INTERRUPTED
    }

    /** Calls that the plan asked for and that were never handed to the client. */
    public long notStarted() {
        return scheduled - started;
    }
}
