package io.peregrine.load.run;

/** Time as a loop sees it; tests bring a clock of their own. */
public interface Pacer {
    /** Nanoseconds on an arbitrary scale that never goes back. */
    long nanoTime();

    /**
     * Waits for a part of {@code remainingNs}, or all of it, but never longer. Callers look at the clock and
     * at the {@link StopSignal} again afterwards.
     */
    void pause(long remainingNs);
}
