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
    public long afterFailure(Outcome outcome, StatusCode code, Metadata trailers, int live) {
        return outcome == Outcome.DROPPED ? DELIVER : sequence.delayAfter(outcome, code, trailers);
    }
}
