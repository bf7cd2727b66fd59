package io.peregrine.client.internal.retry;

import io.peregrine.client.Metadata;
import io.peregrine.client.StatusCode;

/** One attempt, and what that leads to. */
public final class NoStrategy implements AttemptStrategy {
    /** The only one. */
    public static final NoStrategy INSTANCE = new NoStrategy();

    private NoStrategy() {}

    @Override
    public int previousAttempts() {
        return 0;
    }

    @Override
    public long afterFailure(Outcome outcome, StatusCode code, Metadata trailers, int live) {
        return DELIVER;
    }
}
