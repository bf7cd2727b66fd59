package io.peregrine.client;

/**
 * Who is told what happens to a {@link ClientCall}. Exactly one of {@link #onComplete} and {@link #onFailure} is
 * called, once, and nothing after it.
 *
 * <p>Runs on the connection's event loop unless the call's options name an executor, one method at a time either way.
 * On the event loop it must not block: every call of the connection waits for it. What it throws from other methods
 * than the last two ends the call with CANCELLED, and nothing but {@link #onFailure} follows; what it throws from those
 * two is logged. Neither goes any further.
 *
 * @param <R> the response messages
 */
public interface StreamCallback<R> {
    /** The server's headers arrived, with metadata; before the messages, and not called when there is none. */
    default void onHeaders(Metadata headers) {}

    /** One of the messages that were asked for, or the only one of a method that has one. */
    void onMessage(R message);

    /** The call has room for messages again after {@link ClientCall#isWritable} was false, or a message was refused. */
    default void onWritable() {}

    /** The call ended with OK. {@code trailers} is empty if the server sent none. */
    void onComplete(Metadata trailers);

    /** The call failed. */
    void onFailure(StatusException failure);
}
