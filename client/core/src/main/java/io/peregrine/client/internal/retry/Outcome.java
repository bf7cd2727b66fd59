package io.peregrine.client.internal.retry;

import io.peregrine.transport.http2.StreamFailure;

/** How an attempt ended, as far as it matters for what may follow (SPEC 2.14). */
public enum Outcome {
    /** The server's response had begun: the call is committed to this attempt (RT-3). */
    RESPONSE,
    /** The server refused with a status alone; its trailers may tell when to come back. */
    TRAILERS_ONLY,
    /** It ended on the wire without a gRPC response; the server may have seen it. */
    LOST,
    /** Nothing left this side (RT-7). */
    UNPROCESSED,
    /** The peer says that its application has not seen it (RT-8). */
    REFUSED,
    /** No response headers within the time for one attempt (RT-16). */
    TIMED_OUT,
    /** No stream was made: no connection for a call that does not wait for one, or no credentials (RT-9, RT-11). */
    NOT_PICKED,
    /** The picker dropped it: nothing is sent again (PK-5, HG-9). */
    DROPPED,
    /** This side ended it: nothing follows (RT-9). */
    FINAL;

    /** Whether the status is this side's own word on the attempt: a cancel by the application meanwhile says more. */
    public boolean givesWayToCancel() {
        return this == UNPROCESSED || this == REFUSED || this == NOT_PICKED || this == TIMED_OUT;
    }

    /** Of an attempt that had no response when this happened to its stream. */
    public static Outcome ofFailure(StreamFailure.Kind kind) {
        return switch (kind) {
            case UNPROCESSED -> UNPROCESSED;
            case REFUSED -> REFUSED;
            case RESET, CONNECTION_LOST, MALFORMED, TOO_LARGE -> LOST;
            case REQUEST_HEADERS_TOO_LARGE, OVERLOADED, DEADLINE_EXCEEDED, CANCELLED, INTERNAL -> FINAL;
        };
    }
}
