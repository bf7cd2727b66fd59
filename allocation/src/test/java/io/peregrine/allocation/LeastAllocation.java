package io.peregrine.allocation;

/**
 * The allocation of an action apart from what the JVM charges a thread once, such as its requests for optimised
 * code: the least over some windows. What the action itself allocates is in every window, and so in the least.
 */
public final class LeastAllocation {
    private static final int WINDOWS = 20;

    private LeastAllocation() {}

    /** Measures the action in each window. */
    public static long of(Runnable action) {
        return of(() -> {}, action);
    }

    /** Measures the action in each window, after a preparation that is not measured. */
    public static long of(Runnable preparation, Runnable action) {
        long leastBytes = Long.MAX_VALUE;
        for (int window = 0; window < WINDOWS; window++) {
            preparation.run();
            leastBytes = Math.min(leastBytes, AllocationProbe.measure(action));
        }
        return leastBytes;
    }
}
