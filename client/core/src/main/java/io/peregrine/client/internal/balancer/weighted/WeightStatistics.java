package io.peregrine.client.internal.balancer.weighted;

import io.peregrine.client.balancer.policy.WeightObserver;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a {@code weighted_round_robin} finds while it computes its weights (SPEC WR-8), and tells the application's observer,
 * whose faults stay its own. In the channel's serialised context.
 */
final class WeightStatistics {
    private static final System.Logger LOG = System.getLogger(WeightStatistics.class.getName());

    private double[] weights = {};
    private boolean fallback;
    private int notYetUsable;
    private int stale;
    private int inSlowStart;
    private boolean faultLogged;

    /** The weights are computed once more; those that count will be in the array, and 0 for an endpoint without. */
    void begin(double[] usableWeights) {
        weights = usableWeights;
        fallback = false;
        notYetUsable = 0;
        stale = 0;
        inSlowStart = 0;
    }

    void onFallback() {
        fallback = true;
    }

    void onNotYetUsable() {
        notYetUsable++;
    }

    void onStale() {
        stale++;
    }

    void onSlowStart() {
        inSlowStart++;
    }

    /** They are computed. Without an observer this costs nothing. */
    void tell(@Nullable WeightObserver observer) {
        if (observer == null) {
            return;
        }
        try {
            observer.onWeights(new WeightObserver.Round(
                    Arrays.stream(weights).filter(weight -> weight > 0).boxed().toList(),
                    fallback,
                    notYetUsable,
                    stale,
                    inSlowStart));
        } catch (RuntimeException thrown) {
            if (!faultLogged) {
                faultLogged = true;
                LOG.log(System.Logger.Level.ERROR, "an observer of weights failed; this is logged once", thrown);
            }
        }
    }
}
