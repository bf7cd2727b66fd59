package io.peregrine.client.internal.balancer.weighted;

import java.util.Arrays;

/**
 * What a {@code weighted_round_robin} finds when it computes its weights (SPEC WR-8, gRFC A78, A100). In the channel's
 * serialised context.
 */
final class WeightStatistics {
    private long fallbacks;
    private long notYetUsable;
    private long stale;
    private int inSlowStart;
    private double[] weights = {};

    /** The weights are computed once more; those are the ones that count, 0 for an endpoint without. */
    void begin(double[] usableWeights) {
        weights = usableWeights;
        inSlowStart = 0;
    }

    void onFallback() {
        fallbacks++;
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

    /** How often fewer than two endpoints had a weight of their own: {@code grpc.lb.wrr.rr_fallback}. */
    long fallbacks() {
        return fallbacks;
    }

    /** How often an endpoint had no weight yet: {@code grpc.lb.wrr.endpoint_weight_not_yet_usable}. */
    long notYetUsable() {
        return notYetUsable;
    }

    /** How often an endpoint's last report was too old: {@code grpc.lb.wrr.endpoint_weight_stale}. */
    long stale() {
        return stale;
    }

    /** How many endpoints were in slow start the last time: {@code grpc.lb.wrr.endpoints_in_slow_start}. */
    int inSlowStart() {
        return inSlowStart;
    }

    /** The weights that counted the last time: {@code grpc.lb.wrr.endpoint_weights}. */
    double[] weights() {
        return Arrays.stream(weights).filter(weight -> weight > 0).toArray();
    }
}
