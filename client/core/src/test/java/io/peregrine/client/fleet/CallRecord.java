package io.peregrine.client.fleet;

import io.peregrine.client.StatusCode;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * How one call went.
 *
 * @param intendedNs when it was to start, on the clock of {@link System#nanoTime()}
 * @param endNs when it ended
 * @param code how it ended
 * @param peer where it went, of one that failed; null if nowhere, or if it did not fail
 * @param failure what a failed one says
 */
record CallRecord(
        long intendedNs,
        long endNs,
        StatusCode code,
        @Nullable SocketAddress peer,
        @Nullable String failure) {
    boolean isOk() {
        return code == StatusCode.OK;
    }

    /** From the intended start, so that a client that comes late counts its delay. */
    long latencyNs() {
        return endNs - intendedNs;
    }
}
