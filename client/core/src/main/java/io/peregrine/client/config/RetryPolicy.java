package io.peregrine.client.config;

import io.peregrine.client.StatusCode;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * When a call that failed is sent again (gRFC A6; SPEC RT-*, SV-5). Immutable; each method derives a new policy.
 *
 * <pre>{@code
 * RetryPolicy.exponential(Duration.ofMillis(5), 2.0, Duration.ofMillis(20))
 *         .maxAttempts(3)
 *         .on(StatusCode.UNAVAILABLE)
 * }</pre>
 */
public final class RetryPolicy {
    private static final int DEFAULT_MAX_ATTEMPTS = 3;

    private final RetryBackoff backoff;
    private final int maxAttempts;
    private final Set<StatusCode> retryable;
    private final long perAttemptRecvTimeoutNs;

    private RetryPolicy(
            RetryBackoff backoff, int maxAttempts, Set<StatusCode> retryable, long perAttemptRecvTimeoutNs) {
        this.backoff = backoff;
        this.maxAttempts = maxAttempts;
        this.retryable = retryable;
        this.perAttemptRecvTimeoutNs = perAttemptRecvTimeoutNs;
    }

    /** Waits as {@code backoff} says; three attempts, on UNAVAILABLE, without a timeout for each. */
    public static RetryPolicy of(RetryBackoff backoff) {
        return new RetryPolicy(backoff, DEFAULT_MAX_ATTEMPTS, EnumSet.of(StatusCode.UNAVAILABLE), Long.MAX_VALUE);
    }

    /**
     * Waits {@code min(initial * multiplier^n, max)} before retry n = 0, 1, ..., times a random factor in [0.8, 1.2].
     *
     * @throws IllegalArgumentException unless the three are positive
     */
    public static RetryPolicy exponential(Duration initial, double multiplier, Duration max) {
        long initialNs = Durations.requirePositiveNs("initial backoff", initial);
        long maxNs = Durations.requirePositiveNs("max backoff", max);
        if (!(multiplier > 0) || Double.isInfinite(multiplier)) {
            throw new IllegalArgumentException("backoff multiplier: " + multiplier + " (expected: more than 0)");
        }
        return of(new ExponentialBackoff(initialNs, multiplier, maxNs));
    }

    /** Waits {@code initial + n * step}, at most {@code max}, before retry n = 0, 1, ...; without randomness. */
    public static RetryPolicy linear(Duration initial, Duration step, Duration max) {
        long initialNs = Durations.requirePositiveNs("initial backoff", initial);
        long stepNs = Durations.requirePositiveNs("backoff step", step);
        long maxNs = Durations.requirePositiveNs("max backoff", max);
        return of((retries, previousDelayNs, random) ->
                (long) Math.min(initialNs + (double) stepNs * retries, (double) maxNs));
    }

    /** Waits the same time before each retry; without randomness. */
    public static RetryPolicy fixed(Duration delay) {
        long delayNs = Durations.requirePositiveNs("backoff", delay);
        return of((retries, previousDelayNs, random) -> delayNs);
    }

    /** Retries at once. */
    public static RetryPolicy immediate() {
        return of((retries, previousDelayNs, random) -> 0);
    }

    /** Waits a random time between {@code base} and three times the delay before, at most {@code max}. */
    public static RetryPolicy decorrelated(Duration base, Duration max) {
        double baseNs = Durations.requirePositiveNs("base backoff", base);
        double maxNs = Durations.requirePositiveNs("max backoff", max);
        return of((retries, previousDelayNs, random) -> (long) Math.min(
                baseNs + random * Math.max(0, 3 * Math.max((double) previousDelayNs, baseNs) - baseNs), maxNs));
    }

    /**
     * Sets how many attempts a call has at most, the first included; default 3. The channel's own cap, 5 unless
     * changed, holds too.
     *
     * @throws IllegalArgumentException if it is less than 2
     */
    public RetryPolicy maxAttempts(int attempts) {
        if (attempts < 2) {
            throw new IllegalArgumentException("max attempts: " + attempts + " (expected: 2 or more)");
        }
        return new RetryPolicy(backoff, attempts, retryable, perAttemptRecvTimeoutNs);
    }

    /**
     * Sets which codes are retried; default UNAVAILABLE. None means that only what
     * {@link #perAttemptRecvTimeout} ends is retried; without that, nothing is.
     *
     * @throws IllegalArgumentException if OK is among them
     */
    public RetryPolicy on(StatusCode... codes) {
        return new RetryPolicy(
                backoff, maxAttempts, Durations.requireFailures("retryable", codes), perAttemptRecvTimeoutNs);
    }

    /**
     * Ends an attempt that has no response headers after this time, and retries it whatever the codes of
     * {@link #on} are (SPEC RT-16); default never.
     *
     * @throws IllegalArgumentException unless it is positive
     */
    public RetryPolicy perAttemptRecvTimeout(Duration timeout) {
        return new RetryPolicy(
                backoff, maxAttempts, retryable, Durations.requirePositiveNs("per-attempt receive timeout", timeout));
    }

    /** See {@link #maxAttempts(int)}. */
    public int maxAttempts() {
        return maxAttempts;
    }

    /** How long to wait before a retry. */
    public RetryBackoff backoff() {
        return backoff;
    }

    /** Whether a call that ended with {@code code} is retried. */
    public boolean isRetryable(StatusCode code) {
        return retryable.contains(code);
    }

    /** See {@link #perAttemptRecvTimeout(Duration)}, in nanoseconds; {@code Long.MAX_VALUE} for none. */
    public long perAttemptRecvTimeoutNs() {
        return perAttemptRecvTimeoutNs;
    }

    /** The same numbers and codes, and equal backoffs: exponential ones are equal if their numbers are. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof RetryPolicy that
                && backoff.equals(that.backoff)
                && maxAttempts == that.maxAttempts
                && retryable.equals(that.retryable)
                && perAttemptRecvTimeoutNs == that.perAttemptRecvTimeoutNs;
    }

    @Override
    public int hashCode() {
        return Objects.hash(backoff, maxAttempts, retryable, perAttemptRecvTimeoutNs);
    }

    @Override
    public String toString() {
        return "RetryPolicy[maxAttempts=" + maxAttempts + ", on=" + retryable + ']';
    }
}
