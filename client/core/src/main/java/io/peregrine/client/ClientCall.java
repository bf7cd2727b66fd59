package io.peregrine.client;

import org.jspecify.annotations.Nullable;

/**
 * A call with streams, seen by whoever drives it without blocking; what arrives goes to its {@link StreamCallback}.
 *
 * <p>It is bounded both ways: {@link #trySend} takes a message only while the call {@linkplain #isWritable has room},
 * and messages arrive only as far as they were {@linkplain #request asked for}.
 *
 * <p>{@link #request} and {@link #cancel} may be called from any thread at any time, and do nothing once the call has
 * ended. The sending methods are for one thread at a time.
 *
 * @param <Q> the request messages
 */
public interface ClientCall<Q> extends Cancellable {
    /**
     * Sends a message, unless the call is full. Marshals it at once, so it may be changed afterwards. A message that
     * cannot be marshalled, or is too large, ends the call.
     *
     * @return false if the call is full: nothing was taken, and {@link StreamCallback#onWritable} follows. True if it
     *     was taken, or dropped because the call has ended
     * @throws IllegalStateException after {@link #closeSend}, or if the method has one request and this is the second
     */
    boolean trySend(Q message);

    /** Whether {@link #trySend} takes a message now. If not, {@link StreamCallback#onWritable} follows. */
    boolean isWritable();

    /**
     * Ends the requests, behind those that were sent. The response goes on. The request of a method that has one ends
     * them by itself; this is not needed then, and does nothing.
     *
     * @throws IllegalStateException if called a second time, or before the request of a method that has one
     */
    void closeSend();

    /**
     * Asks for more response messages; {@link Integer#MAX_VALUE} at once means all that will ever come.
     *
     * <p>The only response of a method that has one comes without being asked for, with the end that says that it
     * counts.
     *
     * @param messages 1 or more
     * @throws IllegalArgumentException if it is not; the call goes on
     */
    void request(int messages);

    /**
     * Keeps messages, and the end of the requests, from being written until {@link #flush}, so that a batch costs one
     * write. The call's bound holds nevertheless: what a full call was given is written.
     */
    void cork();

    /** Ends {@link #cork}, and lets what was sent meanwhile be written. */
    void flush();

    /** Whether the messages sent from now on are compressed, if the call has a compressor at all; default true. */
    void compress(boolean on);

    /**
     * As {@link #cancel()}, with a reason, which goes into the status.
     *
     * @param reason one sentence
     * @param cause becomes the cause of the {@link StatusException}
     */
    void cancel(String reason, @Nullable Throwable cause);
}
