package io.peregrine.client.internal.retry;

import io.peregrine.client.Metadata;
import io.peregrine.client.StatusCode;
import io.peregrine.client.config.HedgingPolicy;

/**
 * Several attempts side by side, as a hedging policy says (gRFC A6; SPEC HG-1 to HG-8): the next one follows the
 * last after the policy's delay, or at once when one fails with a code that is not fatal.
 *
 * <p>Once frozen, by the throttle, the budget, or a server that asks not to be tried again, no attempt follows.
 */
public final class HedgingStrategy implements AttemptStrategy {
    private final HedgingPolicy policy;
    private final int maxAttempts;
    private final RetryThrottle throttle;
    private final HedgingState state;
    private int started;
    private boolean frozen;

    /**
     * A strategy for one call.
     *
     * @param channelMaxAttempts how many attempts the channel allows (D22)
     * @param state what the calls of the method share
     */
    public HedgingStrategy(HedgingPolicy policy, int channelMaxAttempts, RetryThrottle throttle, HedgingState state) {
        this.policy = policy;
        this.maxAttempts = Math.min(policy.maxAttempts(), channelMaxAttempts);
        this.throttle = throttle;
        this.state = state;
    }

    /** HG-2: how many were started before. */
    @Override
    public int previousAttempts() {
        return started;
    }

    @Override
    public long afterStart() {
        if (started == 0) {
            state.onCall(policy);
        }
        started++;
        return mayHedge() ? state.delayNs(policy) : WAIT;
    }

    /** HG-8: it is paid for if it may. */
    @Override
    public boolean tryStart() {
        if (!mayHedge() || !throttle.isAllowed() || !state.tryHedge(policy)) {
            frozen = true;
            return false;
        }
        return true;
    }

    @Override
    public long afterFailure(Outcome outcome, StatusCode code, Metadata trailers, int live) {
        if (outcome == Outcome.DROPPED || outcome == Outcome.FINAL) {
            frozen = true;
            return live == 0 ? DELIVER : WAIT;
        }
        long pushbackNs = Pushback.delayNs(trailers);
        boolean stop = pushbackNs == Pushback.STOP;
        boolean fatal = outcome != Outcome.TIMED_OUT && !policy.isNonFatal(code);
        if ((stop || !fatal) && !throttle.onFailure()) {
            frozen = true;
        }
        if (stop) {
            frozen = true;
        }
        if (fatal) {
            return DELIVER;
        }
        if (!mayHedge()) {
            return live == 0 ? DELIVER : WAIT;
        }
        return pushbackNs == Pushback.ABSENT ? 0 : pushbackNs;
    }

    @Override
    public void onResponse(long elapsedNs) {
        state.onHeaders(policy, elapsedNs);
    }

    private boolean mayHedge() {
        return !frozen && started < maxAttempts;
    }
}
