package io.peregrine.client;

import java.time.Duration;
import java.time.Instant;

/**
 * A point in time by which calls must have ended, on the monotonic clock of {@link System#nanoTime()}: a change of the
 * wall clock does not move it. Immutable; meant to be passed on to every call that serves the same request.
 */
public final class Deadline {
    private final long nanoTime;

    private Deadline(long nanoTime) {
        this.nanoTime = nanoTime;
    }

    /**
     * A deadline that far from now; zero or negative means that it has passed.
     *
     * @param timeout more than 146 years counts as 146 years
     */
    public static Deadline after(Duration timeout) {
        return new Deadline(System.nanoTime() + saturatedNs(timeout));
    }

    /** A deadline at a time of the wall clock, which is read now and not again. */
    public static Deadline at(Instant time) {
        return after(Duration.between(Instant.now(), time));
    }

    /** The time left, in nanoseconds; zero or negative once it has passed. */
    public long remainingNs() {
        return nanoTime - System.nanoTime();
    }

    /** Whether it has passed. */
    public boolean isExpired() {
        return remainingNs() <= 0;
    }

    /** The earlier of the two. */
    public Deadline min(Deadline other) {
        return nanoTime - other.nanoTime <= 0 ? this : other;
    }

    /** The deadline as a value of {@link System#nanoTime()}. */
    public long nanoTime() {
        return nanoTime;
    }

    @Override
    public String toString() {
        return "Deadline[" + Duration.ofNanos(remainingNs()) + " from now]";
    }

    /** At most half the clock's range, so that differences do not overflow. */
    static long saturatedNs(Duration duration) {
        long limit = Long.MAX_VALUE / 2;
        try {
            return Math.max(-limit, Math.min(duration.toNanos(), limit));
        } catch (ArithmeticException beyondRange) {
            return duration.isNegative() ? -limit : limit;
        }
    }
}
