package io.peregrine.client.balancer;

import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import org.jspecify.annotations.Nullable;

/** The end of a call, as a balancer is told of it. */
record FinishedCall(Status status, boolean isSent) implements DoneInfo {
    static final FinishedCall OK = new FinishedCall(Status.OK, true);

    @Override
    public Metadata trailers() {
        return Metadata.EMPTY;
    }

    @Override
    public boolean isResponded() {
        return status.isOk();
    }

    @Override
    public long elapsedNs() {
        return 1_000;
    }

    @Override
    public long timeoutNs() {
        return Long.MAX_VALUE;
    }

    @Override
    public @Nullable LoadReport loadReport() {
        return null;
    }
}
