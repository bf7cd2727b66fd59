package io.peregrine.client.balancer.policy;

import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancerProvider;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.internal.balancer.weighted.PeakEwmaBalancer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The policy {@code peak_ewma} (SPEC EX-1): each call goes to the cheaper of two endpoints that are drawn at random among
 * those that are ready. What an endpoint costs is its latency times the calls under way there and one more, divided by its
 * weight. The latency follows what calls have taken: at once when they become slower, and over the decay time when they
 * become faster. So a server that pauses is left alone within one call's time, and tried again a little later. For calls that
 * end soon; a stream that is open for an hour says nothing of the server. Immutable.
 *
 * @param decayTime the time in which an old latency loses 63 % of its say; default 10 s, at least 1 ms
 * @param penalty what each call under way costs at an endpoint of which no latency is known, and what a failed call without a
 *     deadline costs at least; default 1 s, more than zero
 * @param slowStart how the share of a new endpoint grows; null if it has all of it at once
 */
public record PeakEwma(
        Duration decayTime, Duration penalty, @Nullable SlowStart slowStart) implements LoadBalancingPolicy {
    private static final String NAME = "peak_ewma";
    private static final Duration DECAY_TIME = Duration.ofSeconds(10);
    private static final Duration SHORTEST_DECAY_TIME = Duration.ofMillis(1);
    private static final Duration PENALTY = Duration.ofSeconds(1);

    /** What is longer than a day means for ever, and fits into a long of nanoseconds many times. */
    private static final Duration LONGEST = Duration.ofDays(1);

    /**
     * Checks the bounds.
     *
     * @throws IllegalArgumentException if a duration is too short, or more than a day
     */
    public PeakEwma {
        if (decayTime.compareTo(SHORTEST_DECAY_TIME) < 0 || decayTime.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(
                    "decayTime: " + decayTime + " (expected: " + SHORTEST_DECAY_TIME + ".." + LONGEST + ')');
        }
        if (penalty.isNegative() || penalty.isZero() || penalty.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(
                    "penalty: " + penalty + " (expected: more than zero, up to " + LONGEST + ')');
        }
    }

    /** The policy with its defaults. */
    public static PeakEwma policy() {
        return new PeakEwma(DECAY_TIME, PENALTY, null);
    }

    /** This policy with another decay time. */
    public PeakEwma withDecayTime(Duration newDecayTime) {
        return new PeakEwma(newDecayTime, penalty, slowStart);
    }

    /** This policy with another penalty. */
    public PeakEwma withPenalty(Duration newPenalty) {
        return new PeakEwma(decayTime, newPenalty, slowStart);
    }

    /** This policy with slow start. */
    public PeakEwma withSlowStart(SlowStart newSlowStart) {
        return new PeakEwma(decayTime, penalty, newSlowStart);
    }

    /**
     * Reads {@code {"decayTime": "10s", "penalty": "1s", "slowStartConfig": {...}}}; every field may be absent, and
     * {@code slowStartConfig} is as in {@link SlowStart#parse}.
     */
    public static LoadBalancerProvider provider() {
        return new LoadBalancerProvider() {
            @Override
            public String name() {
                return NAME;
            }

            @Override
            public LoadBalancingPolicy parse(ConfigObject config, LoadBalancerRegistry policies) {
                return new PeakEwma(
                        duration(config.field("decayTime"), DECAY_TIME, SHORTEST_DECAY_TIME),
                        duration(config.field("penalty"), PENALTY, Duration.ofNanos(1)),
                        SlowStart.parse(config.field("slowStartConfig")));
            }
        };
    }

    private static Duration duration(ConfigValue value, Duration otherwise, Duration shortest) {
        if (!value.isPresent()) {
            return otherwise;
        }
        Duration set = value.asDuration();
        if (set.compareTo(shortest) < 0 || set.compareTo(LONGEST) > 0) {
            throw value.wrong("a duration of at least " + shortest.toNanos() + " ns and at most a day");
        }
        return set;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public LoadBalancer newBalancer(LoadBalancer.Context context) {
        return new PeakEwmaBalancer(context, this);
    }
}
