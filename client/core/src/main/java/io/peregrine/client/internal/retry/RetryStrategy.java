package io.peregrine.client.internal.retry;

import io.peregrine.client.Metadata;
import io.peregrine.client.StatusCode;

/** One attempt after the other, as a retry policy says. */
public final class RetryStrategy implements AttemptStrategy {
    private final RetrySequence sequence;

    /** A strategy for one call. */
    public RetryStrategy(RetrySequence sequence) {
        this.sequence = sequence;
    }

    @Override
    public int previousAttempts() {
        return sequence.previousAttempts();
    }

    @Override
    public boolean tryStart() {
        return true;
    }

    @Override
    public long afterStart() {
        return WAIT;
    }

    @Override
    public long afterFailure(Outcome outcome, StatusCode code, Metadata trailers, int live) {
        if (outcome == Outcome.DROPPED) {
            return DELIVER;
        }
        long delayNs = outcome == Outcome.TIMED_OUT
                ? sequence.delayAfterRecvTimeout()
                : sequence.delayAfter(code, trailers, false);
        return delayNs == RetrySequence.DELIVER ? DELIVER : delayNs;
    }
}
