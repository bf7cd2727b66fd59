package io.peregrine.client.balancer.policy;

import java.util.List;

/**
 * Who is told what {@link WeightedRoundRobin} finds when it computes its weights, for metrics and alarms (gRFC A78, A100,
 * SPEC WR-8). Called in the channel's serialised context, once in each update period and when endpoints become ready or are
 * lost: must not block.
 */
public interface WeightObserver {
    /** The weights have been computed. */
    void onWeights(Round round);

    /**
     * What was found, and which of gRPC's metrics count it.
     *
     * @param weights the weights that count, by the reports of servers, in the resolver's order; endpoints without one are
     *     left out: {@code grpc.lb.wrr.endpoint_weights}
     * @param fallback whether fewer than two count, so that the resolver's weights or a plain rotation hold:
     *     {@code grpc.lb.wrr.rr_fallback}
     * @param notYetUsable how many endpoints have no report yet, or not for long enough:
     *     {@code grpc.lb.wrr.endpoint_weight_not_yet_usable}
     * @param stale of how many the last report is too old: {@code grpc.lb.wrr.endpoint_weight_stale}
     * @param inSlowStart how many have a part of their share only: {@code grpc.lb.wrr.endpoints_in_slow_start}
     */
    record Round(List<Double> weights, boolean fallback, int notYetUsable, int stale, int inSlowStart) {
        /** Copies the list. */
        public Round {
            weights = List.copyOf(weights);
        }
    }
}
