package io.peregrine.transport.io;

/**
 * Decides before each wait whether to spin first, from what came of earlier spins: a spin that ended without what it
 * waited for doubles the number of waits that go by without one, up to {@value #MOST_SKIPPED}; one that paid halves it.
 * So a wait spins as long as more than half of the spins pay, and one wait in {@value #MOST_SKIPPED} asks anew when
 * they do not.
 *
 * <pre>{@code
 * if (spin.begin()) {
 *     spin.end(spinFor(spin.limitNs()));
 * }
 * }</pre>
 *
 * <p>For one thread, or for several at once: the fields are plain, and what one thread's update loses of another's is
 * one spin too many or too few.
 */
public final class AdaptiveSpin {
    private static final int MOST_SKIPPED = 128;

    private final long limitNs;

    /** How many waits go by after the next spin that does not pay. */
    private int pauseWaits;

    private int waitsToSkip;

    /**
     * A spin that has not been tried.
     *
     * @param limitNs how long a spin may take, in nanoseconds; 0: none begins
     */
    public AdaptiveSpin(long limitNs) {
        if (limitNs < 0) {
            throw new IllegalArgumentException("limitNs: " + limitNs + " (expected: 0 or more)");
        }
        this.limitNs = limitNs;
    }

    /** Whether no spin ever begins. */
    public boolean isOff() {
        return limitNs == 0;
    }

    /** How long a spin may take, in nanoseconds. */
    public long limitNs() {
        return limitNs;
    }

    /** Whether to spin before the wait that begins now. Each true is answered by {@link #end}. */
    public boolean begin() {
        int left = waitsToSkip;
        if (left > 0) {
            waitsToSkip = left - 1;
            return false;
        }
        return limitNs > 0;
    }

    /** A spin is over; {@code paid}: what it waited for has come. */
    public void end(boolean paid) {
        int pause = pauseWaits;
        pause = paid ? pause / 2 : Math.min(Math.max(1, pause * 2), MOST_SKIPPED);
        pauseWaits = pause;
        waitsToSkip = pause;
    }
}
