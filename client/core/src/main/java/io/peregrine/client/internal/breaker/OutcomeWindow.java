package io.peregrine.client.internal.breaker;

/**
 * How many of the last calls failed. Counts are packed into one long, calls in the upper half and failures in the
 * lower, so that both are read and added in one step. Safe for use by several threads, without a lock.
 */
abstract class OutcomeWindow {
    private static final int CALLS_SHIFT = 32;
    private static final long CALL = 1L << CALLS_SHIFT;
    private static final long FAILURE = 1;

    OutcomeWindow() {}

    /** Counts the end of a call, and returns the packed counts of the window with it. */
    abstract long record(boolean failed, long nowNs);

    static long packed(boolean failed) {
        return failed ? CALL + FAILURE : CALL;
    }

    static int calls(long packed) {
        return (int) (packed >>> CALLS_SHIFT);
    }

    static int failures(long packed) {
        return (int) packed;
    }
}
