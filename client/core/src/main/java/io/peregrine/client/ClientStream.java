package io.peregrine.client;

import io.peregrine.client.internal.BlockingStream;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * A call with streams, for a caller that waits: {@link #send} blocks while the server is slow, {@link #receive} blocks
 * until there is a message. Platform and virtual threads may call; an event loop that would have to wait gets an
 * IllegalStateException.
 *
 * <pre>{@code
 * try (ClientStream<Quote, Fill> stream = conn.newStream(TRADE, options)) {
 *     stream.send(quote);
 *     stream.closeSend();
 *     for (Fill fill : stream) { ... }
 * }
 * }</pre>
 *
 * <p>One thread may send while another receives; two threads must not do either at once, and if they do, the second
 * gets an IllegalStateException. A thread that is interrupted while it waits cancels the call, keeps its interrupt
 * status and gets a {@link StatusException} with CANCELLED.
 *
 * @param <Q> the request messages
 * @param <R> the response messages
 */
public final class ClientStream<Q, R> implements AutoCloseable, Iterable<R> {
    private final BlockingStream<Q, R> stream;

    ClientStream(BlockingStream<Q, R> stream) {
        this.stream = stream;
    }

    /**
     * Sends a message; waits while the call is full. A message that cannot be marshalled, or is too large, ends the call,
     * which whoever sends or receives after that is told.
     *
     * @return false if the server has ended the call with OK already: it wants no more, and the message was dropped
     * @throws StatusException if the call has failed
     * @throws IllegalStateException after {@link #closeSend}, or if the method has one request and this is the second
     */
    public boolean send(Q message) {
        return stream.send(message);
    }

    /**
     * Sends a message if the call has room for it.
     *
     * @return false if it has none: nothing was taken. True if it was taken, or dropped because the server has ended
     *     the call with OK, which {@link #send} tells by false
     * @throws StatusException if the call has failed
     * @throws IllegalStateException as {@link #send}
     */
    public boolean trySend(Q message) {
        return stream.trySend(message);
    }

    /** Ends the requests; see {@link ClientCall#closeSend}. Does not wait. */
    public void closeSend() {
        stream.closeSend();
    }

    /** Leaves messages together until {@link #flush}; see {@link ClientCall#cork}. */
    public void cork() {
        stream.call().cork();
    }

    /** See {@link #cork}. Does not wait. */
    public void flush() {
        stream.flush();
    }

    /** Whether the messages sent from now on are compressed; see {@link ClientCall#compress}. */
    public void compress(boolean on) {
        stream.call().compress(on);
    }

    /**
     * Waits for the next message.
     *
     * @return null if the call has ended with OK
     * @throws StatusException if the call has failed
     */
    public @Nullable R receive() {
        return stream.receive();
    }

    /**
     * {@link #closeSend}, and waits for the response of a method that has one.
     *
     * @throws StatusException if the call fails
     * @throws IllegalStateException if the requests have ended already, or the method has more than one response
     */
    public R closeAndReceive() {
        closeSend();
        return stream.receiveOnly();
    }

    /**
     * Waits until the response begins, and returns the server's metadata; empty if it sent none, or ended the call
     * without any.
     *
     * @throws StatusException if the call fails before
     */
    public Metadata headers() {
        return stream.headers();
    }

    /**
     * The server's trailers.
     *
     * @throws IllegalStateException if the call has not ended with OK: {@link #receive} has not returned null
     */
    public Metadata trailers() {
        return stream.trailers();
    }

    /** The messages that are left, as {@link #receive} gives them. The same ones for each iterator. */
    @Override
    public Iterator<R> iterator() {
        return stream.iterator();
    }

    /** Ends the call as CANCELLED, unless it has ended. Any thread. */
    public void cancel() {
        stream.call().cancel();
    }

    /** {@link #cancel()} with a reason; see {@link ClientCall#cancel(String, Throwable)}. */
    public void cancel(String reason, @Nullable Throwable cause) {
        stream.call().cancel(reason, cause);
    }

    /** Cancels the call, unless it has ended; does not wait. */
    @Override
    public void close() {
        stream.call().cancel("the stream was closed before the call had ended", null);
    }
}
