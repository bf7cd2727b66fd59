package io.peregrine.client.internal;

import io.peregrine.client.Metadata;
import io.peregrine.client.StatusCode;
import io.peregrine.client.internal.retry.RetrySequence;

/** One attempt after the other, as a retry policy says. */
final class RetryStrategy implements AttemptStrategy {
    private final RetrySequence sequence;

    RetryStrategy(RetrySequence sequence) {
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
