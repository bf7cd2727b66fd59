package io.peregrine.client.config;

import io.peregrine.client.StatusCode;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * When a call is sent again although it has not failed (gRFC A6; SPEC HG-*, SV-6). Only for methods that may be
 * executed more than once. Immutable; each method derives a new policy.
 */
public final class HedgingPolicy {
    private static final int DEFAULT_MAX_ATTEMPTS = 2;

    private final long delayNs;
    private final double delayPercentile;
    private final double budgetRatio;
    private final int maxAttempts;
    private final Set<StatusCode> nonFatal;

    private HedgingPolicy(
            long delayNs, double delayPercentile, double budgetRatio, int maxAttempts, Set<StatusCode> nonFatal) {
        this.delayNs = delayNs;
        this.delayPercentile = delayPercentile;
        this.budgetRatio = budgetRatio;
        this.maxAttempts = maxAttempts;
        this.nonFatal = nonFatal;
    }

    /**
     * Sends one more attempt each time {@code delay} has passed without a response; zero sends all at once.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public static HedgingPolicy after(Duration delay) {
        return new HedgingPolicy(
                Durations.requireNotNegativeNs("hedging delay", delay),
                0,
                Double.POSITIVE_INFINITY,
                DEFAULT_MAX_ATTEMPTS,
                EnumSet.noneOf(StatusCode.class));
    }

    /**
     * Waits as long as this percentile of the method's recent calls took until their response headers, once enough of
     * them were seen; until then, the fixed delay.
     *
     * @param percentile more than 0, less than 100, for example 95
     */
    public HedgingPolicy delayAtPercentile(double percentile) {
        if (!(percentile > 0 && percentile < 100)) {
            throw new IllegalArgumentException(
                    "hedging percentile: " + percentile + " (expected: more than 0, less than 100)");
        }
        return new HedgingPolicy(delayNs, percentile, budgetRatio, maxAttempts, nonFatal);
    }

    /**
     * Limits extra attempts to {@code ratio} of the method's calls, with a few in advance; default no limit but the
     * channel's retry throttle.
     *
     * @param ratio more than 0, for example 0.05 for one extra attempt in twenty calls
     */
    public HedgingPolicy budget(double ratio) {
        if (!(ratio > 0)) {
            throw new IllegalArgumentException("hedging budget: " + ratio + " (expected: more than 0)");
        }
        return new HedgingPolicy(delayNs, delayPercentile, ratio, maxAttempts, nonFatal);
    }

    /**
     * Sets how many attempts a call has at most, the first included; default 2. The channel's own cap, 5 unless
     * changed, holds too.
     *
     * @throws IllegalArgumentException if it is less than 2
     */
    public HedgingPolicy maxAttempts(int attempts) {
        if (attempts < 2) {
            throw new IllegalArgumentException("max attempts: " + attempts + " (expected: 2 or more)");
        }
        return new HedgingPolicy(delayNs, delayPercentile, budgetRatio, attempts, nonFatal);
    }

    /**
     * Sets which codes do not end the call while other attempts may succeed; default none.
     *
     * @throws IllegalArgumentException if OK is among them
     */
    public HedgingPolicy nonFatal(StatusCode... codes) {
        return new HedgingPolicy(
                delayNs, delayPercentile, budgetRatio, maxAttempts, Durations.requireFailures("non-fatal", codes));
    }

    /** See {@link #after}, in nanoseconds. */
    public long delayNs() {
        return delayNs;
    }

    /** See {@link #delayAtPercentile}; 0 for a fixed delay. */
    public double delayPercentile() {
        return delayPercentile;
    }

    /** See {@link #budget}; infinite for none. */
    public double budgetRatio() {
        return budgetRatio;
    }

    /** See {@link #maxAttempts(int)}. */
    public int maxAttempts() {
        return maxAttempts;
    }

    /** Whether a failure with {@code code} leaves the call to its other attempts. */
    public boolean isNonFatal(StatusCode code) {
        return nonFatal.contains(code);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof HedgingPolicy that
                && delayNs == that.delayNs
                && Double.compare(delayPercentile, that.delayPercentile) == 0
                && Double.compare(budgetRatio, that.budgetRatio) == 0
                && maxAttempts == that.maxAttempts
                && nonFatal.equals(that.nonFatal);
    }

    @Override
    public int hashCode() {
        return Objects.hash(delayNs, delayPercentile, budgetRatio, maxAttempts, nonFatal);
    }

    @Override
    public String toString() {
        return "HedgingPolicy[maxAttempts=" + maxAttempts + ", delayNs=" + delayNs + ", nonFatal=" + nonFatal + ']';
    }
}
