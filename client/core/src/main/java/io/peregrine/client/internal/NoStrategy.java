package io.peregrine.client.internal;

import io.peregrine.client.Metadata;
import io.peregrine.client.StatusCode;

/** One attempt, and what that leads to. */
final class NoStrategy implements AttemptStrategy {
    static final NoStrategy INSTANCE = new NoStrategy();

    private NoStrategy() {}

    @Override
    public int previousAttempts() {
        return 0;
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
        return DELIVER;
    }
}
