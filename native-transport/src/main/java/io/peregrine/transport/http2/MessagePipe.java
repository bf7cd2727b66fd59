package io.peregrine.transport.http2;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jctools.queues.atomic.MpscUnboundedAtomicArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * What passes between the caller of a streaming call and the event loop of its stream: messages to send, one way, and
 * demand for received ones, the other way. After a change the caller says {@link ClientTransport#signal}, once for as
 * many changes as it likes to leave together.
 *
 * <p>It is bounded by bytes: {@link #offer} refuses a message while {@link #isWritable} is false, so that a pipe
 * holds less than its limit and one message more (SPEC H2-10). {@link TransportStream#onWritable} tells when it has
 * room again.
 *
 * <p>The methods of the caller's side may be called from any thread; offers of several threads are sent in some order.
 */
public final class MessagePipe {
    /** The limit by default, the quota of grpc-go. */
    public static final int DEFAULT_LIMIT_BYTES = 64 << 10;

    private static final int QUEUE_CHUNK = 16;

    private final int limitBytes;
    private final MpscUnboundedAtomicArrayQueue<ByteBuf> messages = new MpscUnboundedAtomicArrayQueue<>(QUEUE_CHUNK);

    /** Bytes offered and not yet written to the connection. */
    private final AtomicLong queuedBytes = new AtomicLong();

    /** Messages asked for since the loop looked last. */
    private final AtomicInteger demanded = new AtomicInteger();

    /** At first true: what is offered before the stream opens is found then, and a signal must not come before its start. */
    private final AtomicBoolean signalled = new AtomicBoolean(true);

    /** The loop's own. */
    private final UnreadMessages unread = new UnreadMessages();

    /** Written before the message enters the queue, read by the loop when it leaves it: the queue publishes it. */
    private @Nullable ByteBuf last;

    /** Written after the last offer, read by the loop before it finds the queue empty. */
    private volatile boolean ended;

    /** Written by the loop before it empties the queue, read by offers after they have entered it. */
    private volatile boolean closed;

    /** A pipe with the default limit. */
    public MessagePipe() {
        this(DEFAULT_LIMIT_BYTES);
    }

    /** A pipe that takes messages while fewer than {@code limitBytes} bytes are unsent; at least 1. */
    public MessagePipe(int limitBytes) {
        if (limitBytes < 1) {
            throw new IllegalArgumentException("limit: " + limitBytes + " bytes (expected: 1 or more)");
        }
        this.limitBytes = limitBytes;
    }

    // ---- The caller's side: any thread -----------------------------------------------------------------------

    /**
     * Puts a message behind those offered before.
     *
     * @param framed the message with its prefix, not empty; its reference is the pipe's if the answer is true, and is
     *     dropped at once if the stream has ended
     * @return false if the pipe is full; the buffer stays the caller's
     */
    public boolean offer(ByteBuf framed) {
        if (closed) {
            framed.release();
            return true;
        }
        if (!isWritable()) {
            return false;
        }
        enqueue(framed);
        return true;
    }

    /**
     * As {@link #offer}, whether the pipe is full or not: for messages that somebody else holds anyway, and bounds, such
     * as those of a call that may have to be sent again.
     */
    public void offerHeld(ByteBuf framed) {
        if (closed) {
            framed.release();
        } else {
            enqueue(framed);
        }
    }

    private void enqueue(ByteBuf framed) {
        queuedBytes.addAndGet(framed.readableBytes());
        messages.offer(framed);
        if (closed) {
            // The loop may have emptied the queue before this message was in it.
            releaseAll();
        }
    }

    /** Ends the request behind what was offered. Offers after this are not sent. */
    public void end() {
        ended = true;
    }

    /**
     * As {@link #offerHeld(ByteBuf)}; the last message carries the end of the request with it, so that the loop never
     * sees the one without the other, and both leave in one frame.
     */
    public void offerHeld(ByteBuf framed, boolean isLast) {
        if (isLast) {
            last = framed;
        }
        offerHeld(framed);
    }

    /** Whether {@link #offer} takes a message, if only to drop it because the stream has ended. */
    public boolean isWritable() {
        return closed || queuedBytes.get() < limitBytes;
    }

    /** Bytes that were offered and have not been written to the connection. */
    public long queuedBytes() {
        return queuedBytes.get();
    }

    /**
     * Asks for {@code messages} more messages; at least 1. {@link Integer#MAX_VALUE} at once means all that will ever
     * come.
     */
    public void request(int messages) {
        if (messages < 1) {
            throw new IllegalArgumentException("messages: " + messages + " (expected: 1 or more)");
        }
        demanded.accumulateAndGet(messages, MessagePipe::saturatingSum);
    }

    /** Drops what was offered; for a stream that no transport has accepted. */
    public void close() {
        closed = true;
        releaseAll();
    }

    // ---- The loop's side -------------------------------------------------------------------------------------

    /** Whether the caller of this must tell the loop: nobody else has since it looked last. */
    boolean trySignal() {
        return !signalled.get() && signalled.compareAndSet(false, true);
    }

    /** The loop looks now; what changes from here on signals anew. */
    void onSignalTaken() {
        signalled.set(false);
    }

    UnreadMessages unread() {
        return unread;
    }

    int takeDemand() {
        return demanded.get() == 0 ? 0 : demanded.getAndSet(0);
    }

    @Nullable
    @SuppressWarnings("ReferenceEquality") // that message, and not one with the same bytes
    ByteBuf poll() {
        ByteBuf next = closed ? null : messages.poll();
        if (next != null && next == last) {
            ended = true;
        }
        return next;
    }

    /** Whether nothing will come any more; to be asked after a {@link #poll} that found nothing. */
    boolean isDrained() {
        return ended && messages.isEmpty();
    }

    /** Counts bytes as written; true if the pipe was full and has room now. */
    boolean onWritten(int bytes) {
        long left = queuedBytes.addAndGet(-bytes);
        return left < limitBytes && left + bytes >= limitBytes;
    }

    /** Only the loop polls before {@link #closed} is set, and nobody but this method after. */
    private synchronized void releaseAll() {
        for (ByteBuf message = messages.poll(); message != null; message = messages.poll()) {
            queuedBytes.addAndGet(-message.readableBytes());
            message.release();
        }
    }

    static int saturatingSum(int one, int other) {
        int sum = one + other;
        return sum < 0 ? Integer.MAX_VALUE : sum;
    }
}
