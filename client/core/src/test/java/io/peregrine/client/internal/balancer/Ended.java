package io.peregrine.client.internal.balancer;

import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.DoneInfo;
import io.peregrine.client.balancer.DoneListener;
import io.peregrine.client.balancer.LoadReport;
import io.peregrine.client.balancer.PickResult;
import org.jspecify.annotations.Nullable;

/** How an attempt of a test has ended. */
public record Ended(Status status, boolean isSent) implements DoneInfo {
    /** With OK. */
    public static final Ended WELL = new Ended(Status.OK, true);

    /** With UNAVAILABLE, as the server says. */
    public static final Ended BADLY = new Ended(Status.of(StatusCode.UNAVAILABLE, "no"), true);

    /** Before it was sent. */
    public static final Ended UNSENT = new Ended(Status.of(StatusCode.UNAVAILABLE, "not ready any more"), false);

    /** Tells the listener of the pick, if it has one. */
    public void tell(PickResult picked) {
        DoneListener listener = picked.doneListener();
        if (listener != null) {
            listener.onDone(this);
        }
    }

    @Override
    public Metadata trailers() {
        return Metadata.EMPTY;
    }

    @Override
    public boolean isResponded() {
        return isSent;
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
