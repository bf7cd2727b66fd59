package io.peregrine.client.breaker;

import io.peregrine.client.StatusCode;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * When calls are refused on this side because those before them failed (SPEC EX-3). Immutable.
 *
 * <pre>{@code
 * CircuitBreakerPolicy.builder(CircuitBreakerPolicy.Scope.BACKEND)
 *         .failureRatePercent(50)
 *         .windowOfTime(Duration.ofSeconds(20))
 *         .minimumCalls(10)
 *         .openFor(Duration.ofSeconds(10))
 *         .build()
 * }</pre>
 *
 * <p>A call that is refused ends as UNAVAILABLE with a message that names the method or the back end, and counts for
 * nothing. A cancelled call counts for nothing either, unless {@link Builder#failures} names CANCELLED. All other
 * codes that are not failures are successes: a server that says NOT_FOUND works.
 */
public final class CircuitBreakerPolicy {
    /** What has a breaker of its own. */
    public enum Scope {
        /** Each method of the channel. */
        METHOD,
        /** Each address that the channel sends calls to. */
        BACKEND
    }

    private final Scope scope;
    private final double failureRatePercent;
    private final int windowCalls;
    private final long windowNs;
    private final int minimumCalls;
    private final long openNs;
    private final int probes;
    private final Set<StatusCode> failures;
    private final @Nullable CircuitBreakerListener listener;

    private CircuitBreakerPolicy(Builder builder) {
        scope = builder.scope;
        failureRatePercent = builder.failureRatePercent;
        windowCalls = builder.windowCalls;
        windowNs = builder.windowNs;
        minimumCalls = builder.effectiveMinimumCalls();
        openNs = builder.openNs;
        probes = builder.probes;
        failures = EnumSet.copyOf(builder.failures);
        listener = builder.listener;
    }

    /** Starts with the defaults. */
    public static Builder builder(Scope scope) {
        return new Builder(scope);
    }

    /** What has a breaker of its own. */
    public Scope scope() {
        return scope;
    }

    /** See {@link Builder#failureRatePercent}. */
    public double failureRatePercent() {
        return failureRatePercent;
    }

    /** See {@link Builder#windowOfCalls}; 0 for a window of time. */
    public int windowCalls() {
        return windowCalls;
    }

    /** See {@link Builder#windowOfTime}, in nanoseconds; 0 for a window of calls. */
    public long windowNs() {
        return windowNs;
    }

    /** See {@link Builder#minimumCalls}. */
    public int minimumCalls() {
        return minimumCalls;
    }

    /** See {@link Builder#openFor}, in nanoseconds. */
    public long openNs() {
        return openNs;
    }

    /** See {@link Builder#probes}. */
    public int probes() {
        return probes;
    }

    /** Whether a call that ends with {@code code} is a failure. */
    public boolean isFailure(StatusCode code) {
        return failures.contains(code);
    }

    /** See {@link Builder#listener}. */
    public @Nullable CircuitBreakerListener listener() {
        return listener;
    }

    @Override
    public String toString() {
        return "CircuitBreakerPolicy[scope=" + scope + ", failureRatePercent=" + failureRatePercent
                + (windowCalls > 0 ? ", windowCalls=" + windowCalls : ", windowNs=" + windowNs)
                + ", minimumCalls=" + minimumCalls + ", openNs=" + openNs + ", probes=" + probes
                + ", failures=" + failures + ']';
    }

    /** Collects the numbers. Not safe for use by several threads. */
    public static final class Builder {
        private static final int MAX_WINDOW_CALLS = 100_000;
        private static final int MAX_PROBES = 10_000;
        private static final int DEFAULT_MINIMUM_CALLS = 10;

        /** Beyond that, a point on the clock and what lies so far ahead can be told apart no longer. */
        private static final Duration MAX_DURATION = Duration.ofDays(365);

        private final Scope scope;
        private double failureRatePercent = 50;
        private int windowCalls;
        private long windowNs = Duration.ofSeconds(20).toNanos();
        private int minimumCalls;
        private long openNs = Duration.ofSeconds(10).toNanos();
        private int probes = 3;
        private Set<StatusCode> failures = EnumSet.of(
                StatusCode.UNAVAILABLE,
                StatusCode.DEADLINE_EXCEEDED,
                StatusCode.INTERNAL,
                StatusCode.UNKNOWN,
                StatusCode.RESOURCE_EXHAUSTED);
        private @Nullable CircuitBreakerListener listener;

        private Builder(Scope scope) {
            this.scope = scope;
        }

        /**
         * Sets which share of failures opens the breaker, in percent; default 50. Probes of a half-open breaker are
         * held to it too.
         *
         * @throws IllegalArgumentException unless it is more than 0 and at most 100
         */
        public Builder failureRatePercent(double percent) {
            if (!(percent > 0 && percent <= 100)) {
                throw new IllegalArgumentException(
                        "failure rate: " + percent + " percent (expected: more than 0, at most 100)");
            }
            failureRatePercent = percent;
            return this;
        }

        /**
         * Looks at the last so many calls, however old they are, instead of a window of time.
         *
         * @throws IllegalArgumentException unless it is 1..100 000
         */
        public Builder windowOfCalls(int calls) {
            windowCalls = requireWithin("window", calls, MAX_WINDOW_CALLS, " calls");
            windowNs = 0;
            return this;
        }

        /**
         * Looks at the calls that ended within this time, however many they are; default 20 s. It slides in steps of
         * a tenth.
         *
         * @throws IllegalArgumentException unless it is positive and at most 365 days
         */
        public Builder windowOfTime(Duration window) {
            windowNs = requirePositiveNs("window", window);
            windowCalls = 0;
            return this;
        }

        /**
         * Sets how many calls must have ended within the window before their rate means anything; default 10, or the
         * window of calls if that is less.
         *
         * @throws IllegalArgumentException if it is less than 1
         */
        public Builder minimumCalls(int calls) {
            minimumCalls = requireWithin("minimum calls", calls, Integer.MAX_VALUE, "");
            return this;
        }

        /**
         * Sets for how long calls are refused before the first probe; default 10 s.
         *
         * @throws IllegalArgumentException unless it is positive and at most 365 days
         */
        public Builder openFor(Duration duration) {
            openNs = requirePositiveNs("open duration", duration);
            return this;
        }

        /**
         * Sets how many calls a half-open breaker lets through to decide; default 3. It opens as soon as so many of
         * them failed that the rest cannot bring their rate below {@link #failureRatePercent}, and closes as soon as
         * so many succeeded that the rest cannot bring it there.
         *
         * @throws IllegalArgumentException unless it is 1..10 000
         */
        public Builder probes(int calls) {
            probes = requireWithin("probes", calls, MAX_PROBES, "");
            return this;
        }

        /**
         * Sets which codes are failures; default UNAVAILABLE, DEADLINE_EXCEEDED, INTERNAL, UNKNOWN and
         * RESOURCE_EXHAUSTED.
         *
         * @throws IllegalArgumentException if there is none, or OK is among them
         */
        public Builder failures(StatusCode... codes) {
            Set<StatusCode> set = EnumSet.noneOf(StatusCode.class);
            Collections.addAll(set, codes);
            if (set.isEmpty() || set.contains(StatusCode.OK)) {
                throw new IllegalArgumentException("failures: " + set + " (expected: one or more codes, not OK)");
            }
            failures = set;
            return this;
        }

        /** Sets who is told of each transition; default nobody. Transitions are logged in any case, at INFO. */
        public Builder listener(CircuitBreakerListener newListener) {
            listener = newListener;
            return this;
        }

        /**
         * The policy.
         *
         * @throws IllegalArgumentException if the minimum is more than the window of calls, and so never reached
         */
        public CircuitBreakerPolicy build() {
            if (windowCalls > 0 && minimumCalls > windowCalls) {
                throw new IllegalArgumentException("minimum calls: " + minimumCalls
                        + " (expected: at most the window of " + windowCalls + " calls)");
            }
            return new CircuitBreakerPolicy(this);
        }

        private int effectiveMinimumCalls() {
            if (minimumCalls > 0) {
                return minimumCalls;
            }
            return windowCalls > 0 ? Math.min(DEFAULT_MINIMUM_CALLS, windowCalls) : DEFAULT_MINIMUM_CALLS;
        }

        private static int requireWithin(String what, int value, int highest, String unit) {
            if (value < 1 || value > highest) {
                String range = highest == Integer.MAX_VALUE ? "1 or more" : "1.." + highest;
                throw new IllegalArgumentException(what + ": " + value + unit + " (expected: " + range + ')');
            }
            return value;
        }

        private static long requirePositiveNs(String what, Duration duration) {
            if (duration.isZero() || duration.isNegative() || duration.compareTo(MAX_DURATION) > 0) {
                throw new IllegalArgumentException(
                        what + ": " + duration + " (expected: a positive duration, at most 365 days)");
            }
            return duration.toNanos();
        }
    }
}
