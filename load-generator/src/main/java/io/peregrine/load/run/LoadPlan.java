package io.peregrine.load.run;

/**
 * How much load, of which kind.
 *
 * @param totalCalls the number of calls, or {@link #UNLIMITED} when the duration ends the run
 * @param durationNs the length of the run in nanoseconds, or {@link #UNLIMITED} when the count ends it
 * @param callers closed loop: calls that are outstanding at any time, at least 1
 * @param blocking closed loop: a thread for each caller instead of calls re-issued on the event loop
 * @param callsPerSecond open loop when above 0: the rate of intended starts
 * @param maxOutstanding open loop: the calls that may be outstanding; a call over it starts when one ends
 */
public record LoadPlan(
        long totalCalls, long durationNs, int callers, boolean blocking, double callsPerSecond, int maxOutstanding) {
    /** No limit by this criterion. */
    public static final long UNLIMITED = -1;

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException naming the value and what was expected
     */
    public LoadPlan {
        if ((totalCalls == UNLIMITED) == (durationNs == UNLIMITED)) {
            throw new IllegalArgumentException(
                    "total: " + totalCalls + ", duration: " + durationNs + " (expected: one of the two)");
        }
        require(totalCalls == UNLIMITED || totalCalls >= 1, "total", totalCalls, "at least 1 call");
        require(durationNs == UNLIMITED || durationNs >= 1, "duration", durationNs, "above 0");
        require(callers >= 1, "concurrency", callers, "at least 1 caller");
        require(callsPerSecond >= 0, "rate", callsPerSecond, "0 for a closed loop or above 0");
        require(maxOutstanding >= 1, "max-outstanding", maxOutstanding, "at least 1 call");
    }

    /** Whether calls start at intended times rather than when earlier ones end. */
    public boolean openLoop() {
        return callsPerSecond > 0;
    }

    /** The same load for a time instead of a count. */
    public LoadPlan lasting(long newDurationNs) {
        return new LoadPlan(UNLIMITED, newDurationNs, callers, blocking, callsPerSecond, maxOutstanding);
    }

    private static void require(boolean valid, String name, Number value, String expected) {
        if (!valid) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: " + expected + ')');
        }
    }
}
