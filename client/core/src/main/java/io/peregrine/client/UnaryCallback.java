package io.peregrine.client;

/**
 * Who is told how an asynchronous unary call ends: exactly one of {@link #onSuccess} and {@link #onFailure}, once.
 *
 * <p>Runs on the connection's event loop unless the call's options name an executor. On the event loop it must not
 * block: every call of the connection waits for it. It may start calls. What it throws is logged and goes no further.
 *
 * @param <R> the response
 */
public interface UnaryCallback<R> {
    /** The call succeeded. {@code trailers} is empty if the server sent none. */
    void onSuccess(R response, Metadata trailers);

    /** The call failed. */
    void onFailure(StatusException failure);

    /** The server's headers arrived, with metadata; before the end, and not called when there is none. */
    default void onHeaders(Metadata headers) {}
}
