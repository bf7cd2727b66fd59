package io.peregrine.client;

import java.io.Serial;

/**
 * A call that did not end with OK. Its message says what happened and names the target and the method.
 *
 * <p>One that a blocking call throws has a stack trace; one that is handed to a callback or a future has none, since
 * it would show the event loop.
 */
public final class StatusException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    private final transient Status status;
    private final transient Metadata trailers;

    /**
     * Makes an exception.
     *
     * @param status not OK
     * @param trailers what the server sent with it, or {@link Metadata#EMPTY}
     * @param where names the call, for the message
     * @param withStackTrace whether to capture the stack
     */
    public StatusException(Status status, Metadata trailers, String where, boolean withStackTrace) {
        super(status + " [" + where + ']', status.cause(), false, withStackTrace);
        this.status = status;
        this.trailers = trailers;
    }

    /** A failure that no call stands behind, for example one that an interceptor makes; without a stack trace. */
    public StatusException(Status status) {
        super(status.toString(), status.cause(), false, false);
        this.status = status;
        this.trailers = Metadata.EMPTY;
    }

    /** The status; its message is the server's own where the server ended the call. */
    public Status status() {
        return status;
    }

    /** The code of the status. */
    public StatusCode code() {
        return status.code();
    }

    /** The server's trailers, without the fields that the library owns; empty if it sent none. */
    public Metadata trailers() {
        return trailers;
    }
}
