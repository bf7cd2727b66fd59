package io.peregrine.client.internal.retry;

import io.peregrine.client.config.HedgingPolicy;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * What the hedging calls of one method of a channel share: the budget for their hedges, and how long their responses
 * take to begin. It belongs to the method, not to a policy, so it outlives a new service config, and an application
 * that makes a policy for each call has one budget all the same.
 *
 * <p>A policy without a budget or a percentile costs nothing here. Safe for use by several threads, without a lock.
 */
public final class HedgingState {
    private final HedgeBudget budget = new HedgeBudget();

    /** Made for the first policy that asks for a percentile. */
    private final AtomicReference<@Nullable HeaderLatency> latency = new AtomicReference<>();

    /** Of a method that was not called before. */
    public HedgingState() {}

    /** A call under the policy starts its first attempt. */
    public void onCall(HedgingPolicy policy) {
        if (isLimited(policy)) {
            budget.onCall(policy.budgetRatio());
        }
    }

    /**
     * Takes what one more attempt costs; false if the budget is used up, and then the call sends no more (HG-8). Asked
     * last, after the throttle and the number of attempts: what it took is not given back.
     */
    public boolean tryHedge(HedgingPolicy policy) {
        return !isLimited(policy) || budget.tryHedge();
    }

    /**
     * How long to wait for the response of one attempt before the next is sent, in nanoseconds, 0 or more (HG-1): the
     * policy's percentile once enough is known, else its fixed delay.
     */
    public long delayNs(HedgingPolicy policy) {
        HeaderLatency known = latency.get();
        if (policy.delayPercentile() == 0 || known == null) {
            return policy.delayNs();
        }
        long percentileNs = known.atPercentile(policy.delayPercentile());
        return percentileNs == HeaderLatency.NOT_ENOUGH_YET ? policy.delayNs() : percentileNs;
    }

    /**
     * The response headers of an attempt have come.
     *
     * @param latencyNs since that attempt was started, in nanoseconds
     */
    public void onHeaders(HedgingPolicy policy, long latencyNs) {
        if (policy.delayPercentile() != 0) {
            latency().record(latencyNs);
        }
    }

    private HeaderLatency latency() {
        HeaderLatency known = latency.get();
        if (known != null) {
            return known;
        }
        HeaderLatency made = new HeaderLatency();
        HeaderLatency first = latency.compareAndExchange(null, made);
        return first == null ? made : first;
    }

    private static boolean isLimited(HedgingPolicy policy) {
        return policy.budgetRatio() != Double.POSITIVE_INFINITY;
    }
}
