package io.peregrine.client.credentials;

import java.time.Duration;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/**
 * When a token is replaced and how long its source may take, in milliseconds of the wall clock, which is the clock of
 * expiries.
 *
 * @param clock the time
 * @param margin how long before its expiry a token is replaced; null for the default
 * @param fetchTimeout how long a source may take
 */
record RefreshPolicy(InstantSource clock, @Nullable Duration margin, Duration fetchTimeout) {
    static final RefreshPolicy DEFAULT = new RefreshPolicy(InstantSource.system(), null, Duration.ofSeconds(30));

    /** More than any token server needs to replace a token, and little of the usual life of 1 h. */
    private static final long DEFAULT_MARGIN_MS = Duration.ofMinutes(5).toMillis();

    private static final long FIRST_BACKOFF_MS = 1_000;

    private static final long MAX_BACKOFF_MS = 60_000;

    RefreshPolicy withClock(InstantSource newClock) {
        return new RefreshPolicy(newClock, margin, fetchTimeout);
    }

    /** Throws IllegalArgumentException if {@code newMargin} is negative. */
    RefreshPolicy withMargin(Duration newMargin) {
        if (newMargin.isNegative()) {
            throw new IllegalArgumentException(
                    "refresh margin: " + newMargin + " (expected: zero or a positive duration)");
        }
        return new RefreshPolicy(clock, newMargin, fetchTimeout);
    }

    /** Throws IllegalArgumentException unless {@code newTimeout} is at least 1 ms. */
    RefreshPolicy withFetchTimeout(Duration newTimeout) {
        if (newTimeout.compareTo(Duration.ofMillis(1)) < 0) {
            throw new IllegalArgumentException("fetch timeout: " + newTimeout + " (expected: at least 1 ms)");
        }
        return new RefreshPolicy(clock, margin, newTimeout);
    }

    /** From when on a token that was got at {@code nowMs} and expires at {@code expiryMs} is replaced. */
    long refreshAtMs(long nowMs, long expiryMs) {
        long lifeMs = expiryMs - nowMs;
        long marginMs =
                margin == null ? Math.min(DEFAULT_MARGIN_MS, lifeMs / 10) : Math.min(saturatedMs(margin), lifeMs / 2);
        return expiryMs - marginMs;
    }

    /** Whether a source that was asked at {@code startedAtMs} has had its time. */
    boolean isOverdue(long startedAtMs, long nowMs) {
        return nowMs - startedAtMs >= saturatedMs(fetchTimeout);
    }

    /** When to ask the source again after the n-th failure in a row, n from 1. */
    static long retryAtMs(long nowMs, int failures) {
        return nowMs + Math.min(FIRST_BACKOFF_MS << Math.min(failures - 1, 10), MAX_BACKOFF_MS);
    }

    /** Whether that time is still to come. A clock that was set back ends the wait. */
    static boolean isBackingOff(long retryAtMs, long nowMs) {
        return nowMs < retryAtMs && retryAtMs - nowMs <= MAX_BACKOFF_MS;
    }

    private static long saturatedMs(Duration duration) {
        return duration.compareTo(Duration.ofMillis(Long.MAX_VALUE)) >= 0 ? Long.MAX_VALUE : duration.toMillis();
    }
}
