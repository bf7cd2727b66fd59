package io.peregrine.client.balancer;

import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import org.jspecify.annotations.Nullable;

/**
 * How an attempt that a picker placed has ended (SPEC PK-9). Valid during {@link DoneListener#onDone} only: the object is
 * used again for other calls.
 */
public interface DoneInfo {
    /** The attempt's status: what the server or the connection said, before any retry. */
    Status status();

    /** The trailers; empty if none came. */
    Metadata trailers();

    /** Whether a connection took the attempt. If not, the pick was in vain, and says nothing of the server. */
    boolean isSent();

    /** Whether response headers came. */
    boolean isResponded();

    /** The time from the pick to the end, in nanoseconds. */
    long elapsedNs();

    /** The time from the pick to the deadline of the call, in nanoseconds; {@code Long.MAX_VALUE} if it has none. */
    long timeoutNs();

    /** What the server said of its load in the trailers; null if nothing. Parsed by the first call of each attempt. */
    @Nullable
    LoadReport loadReport();
}
