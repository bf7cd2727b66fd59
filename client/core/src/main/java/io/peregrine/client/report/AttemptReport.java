package io.peregrine.client.report;

import io.peregrine.client.Status;
import io.peregrine.transport.http2.StreamFailure;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One attempt of a call: a pick and a stream. Immutable.
 *
 * @param previousAttempts how many attempts came before, transparent ones not counted
 * @param peer the server's address; null if no connection was picked
 * @param status how it ended
 * @param startedAfter from the start of the call to that of the attempt
 * @param took from the start of the attempt to its end
 * @param waits what it waited for, in order; the time that is missing was spent on its response
 * @param responded whether the server's response had begun
 * @param failure what happened on the connection; null if the server ended the stream with a status, or there was none
 */
public record AttemptReport(
        int previousAttempts,
        @Nullable SocketAddress peer,
        Status status,
        Duration startedAfter,
        Duration took,
        List<Wait> waits,
        boolean responded,
        @Nullable StreamFailure failure) {

    /** The HTTP/2 error code with which the peer reset the stream (RFC 9113 §7); null if it did not. */
    public @Nullable Long resetErrorCode() {
        return failure != null && failure.kind() == StreamFailure.Kind.RESET ? Long.valueOf(failure.errorCode()) : null;
    }

    /** The GOAWAY that the peer had sent when the stream ended; null if none. */
    public StreamFailure.@Nullable GoAway goAway() {
        return failure == null ? null : failure.goAway();
    }

    @Override
    public String toString() {
        String waited = waits.isEmpty()
                ? ""
                : ", waited " + waits.stream().map(Wait::toString).collect(Collectors.joining(", "));
        return status.code() + (peer == null ? " without a connection" : " from " + peer) + " after "
                + Durations.inMillis(took) + waited;
    }
}
