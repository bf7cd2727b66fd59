package io.peregrine.transport.http2;

import org.jspecify.annotations.Nullable;

/**
 * Why a stream ended without trailers. Immutable.
 *
 * @param kind what happened
 * @param errorCode the HTTP/2 error code of a RESET (RFC 9113 §7), 0 otherwise
 * @param message one sentence that names the peer's address where there is one
 * @param cause the exception behind it, if any
 * @param goAway the GOAWAY that the peer had sent by then, if any
 */
public record StreamFailure(
        Kind kind,
        long errorCode,
        String message,
        @Nullable Throwable cause,
        @Nullable GoAway goAway) {

    /**
     * What a GOAWAY said (RFC 9113 §6.8).
     *
     * @param errorCode its error code
     * @param debugData its debug data as UTF-8, shortened to 256 characters; may be empty
     */
    public record GoAway(long errorCode, String debugData) {}

    /** A failure without a GOAWAY. */
    public StreamFailure(Kind kind, long errorCode, String message, @Nullable Throwable cause) {
        this(kind, errorCode, message, cause, null);
    }

    /** What ended the stream. */
    public enum Kind {
        /** The request was never sent. It may be sent elsewhere without limit (SPEC RT-7). */
        UNPROCESSED,
        /**
         * The peer got the request but its application has not seen it: REFUSED_STREAM, or an id above the last one
         * of a GOAWAY. It may be sent again once (SPEC RT-8).
         */
        REFUSED,
        /** The peer sent RST_STREAM with {@link #errorCode()}. */
        RESET,
        /** The connection ended under the stream; the server may have processed the request. */
        CONNECTION_LOST,
        /** The peer broke HTTP/2's rules for a stream, or gRPC's framing; the stream was reset by this side. */
        MALFORMED,
        /** A message or a header list is over this side's limit. */
        TOO_LARGE,
        /** The request's header list is over the peer's SETTINGS_MAX_HEADER_LIST_SIZE; nothing was sent. */
        REQUEST_HEADERS_TOO_LARGE,
        /** The stream's deadline passed. */
        DEADLINE_EXCEEDED,
        /** This side cancelled the stream. */
        CANCELLED,
        /** A queue of this connection is full. */
        OVERLOADED,
        /** An exception in this side's own code. */
        INTERNAL
    }

    static StreamFailure of(Kind kind, String message) {
        return new StreamFailure(kind, 0, message, null);
    }
}
