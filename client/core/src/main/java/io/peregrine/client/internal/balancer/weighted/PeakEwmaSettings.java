package io.peregrine.client.internal.balancer.weighted;

import io.peregrine.client.balancer.policy.PeakEwma;
import io.peregrine.client.balancer.policy.SlowStart;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A {@link PeakEwma} in the numbers that calls need. Immutable.
 *
 * @param decayNs the decay time
 * @param penaltyNs the penalty
 * @param tick how often time passes for endpoints that no call tells of
 */
record PeakEwmaSettings(
        double decayNs,
        double penaltyNs,
        Duration tick,
        @Nullable SlowStart slowStart) {
    /** A hundredth of the decay time is a step of 1 % at most, which no choice depends on. */
    private static final int TICKS = 100;

    private static final Duration SHORTEST_TICK = Duration.ofMillis(10);
    private static final Duration LONGEST_TICK = Duration.ofMillis(250);

    static PeakEwmaSettings of(PeakEwma policy) {
        Duration tick = policy.decayTime().dividedBy(TICKS);
        if (tick.compareTo(SHORTEST_TICK) < 0) {
            tick = SHORTEST_TICK;
        } else if (tick.compareTo(LONGEST_TICK) > 0) {
            tick = LONGEST_TICK;
        }
        return new PeakEwmaSettings(
                (double) policy.decayTime().toNanos(), (double) policy.penalty().toNanos(), tick, policy.slowStart());
    }

    /** What a failed call costs at least: its whole time, or the penalty if it has no deadline. */
    double failureNs(long timeoutNs) {
        return timeoutNs == Long.MAX_VALUE ? penaltyNs : (double) timeoutNs;
    }

    double slowStartFactor(long ageNs) {
        return slowStart == null ? 1 : slowStart.factor(ageNs);
    }
}
