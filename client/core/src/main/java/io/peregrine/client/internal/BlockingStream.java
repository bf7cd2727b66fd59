package io.peregrine.client.internal;

import io.peregrine.client.ClientCall;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import io.peregrine.transport.http2.TransportStream;
import io.peregrine.transport.io.driven.CallerDrivenEventLoop;
import io.peregrine.transport.io.driven.CallerWait;
import java.lang.invoke.VarHandle;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.atomic.AtomicReference;
import org.jctools.queues.atomic.SpscAtomicArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * A call with streams whose caller waits. What arrives goes into a queue of a fixed size, which the demand for more
 * messages respects; a thread waits as {@link CallerWait} does, and is told by the event loop.
 *
 * <p>No wake-up is lost: a thread that is about to park has written itself into {@link #receiver} or {@link #sender}
 * and then looks once more; the event loop writes what changed and then looks for the thread.
 *
 * @param <Q> the request messages
 * @param <R> the response messages
 */
public final class BlockingStream<Q, R> implements StreamCallback<R>, AllHeaders, Iterable<R> {
    /** So many messages may wait here, unmarshalled; more wait as octets, within the stream's window. */
    private static final int PREFETCH = 16;

    private final MethodDescriptor<Q, R> method;
    private final boolean stackTraces;
    private final long giveUpNs;
    private final SpscAtomicArrayQueue<R> received = new SpscAtomicArrayQueue<>(PREFETCH);
    private final AtomicReference<@Nullable CallerWait> receiver = new AtomicReference<>();
    private final AtomicReference<@Nullable CallerWait> sender = new AtomicReference<>();
    private final CallerWait.Condition messageOrEnd = this::hasMessageOrEnd;
    private final CallerWait.Condition roomOrEnd = this::hasRoomOrEnd;
    private final CallerWait.Condition end = this::hasEnded;

    /** The loop that waiting threads drive, if there is one. A hint: any of them finds it anew when it sends. */
    private volatile @Nullable CallerDrivenEventLoop driven;

    /** Of the receiving thread: messages taken since it asked for more. */
    private int taken;

    private volatile @Nullable Metadata headers;

    /** Written before {@link #ended}. */
    private Metadata trailers = Metadata.EMPTY;

    /** Written before {@link #ended}; null if the call ended with OK. */
    private @Nullable StatusException failure;

    private volatile boolean ended;

    /** Set once, before anything else is called. */
    private @Nullable ClientCall<Q> call;

    /**
     * A stream whose call is still to be {@linkplain #begin made}.
     *
     * @param giveUpNs when a thread that waits gives up a call that nobody ends, on the clock of
     *     {@link System#nanoTime()}; {@link TransportStream#NO_DEADLINE} for never
     */
    public BlockingStream(MethodDescriptor<Q, R> method, boolean stackTraces, long giveUpNs) {
        this.method = method;
        this.stackTraces = stackTraces;
        this.giveUpNs = giveUpNs;
    }

    /** Takes the call, whose callback this is, and asks for its first messages. */
    public void begin(ClientCall<Q> started) {
        call = started;
        started.request(PREFETCH);
    }

    /** Lets the threads that wait drive that loop; null for none. */
    public void drives(@Nullable CallerDrivenEventLoop loop) {
        driven = loop;
    }

    /** The call. */
    public ClientCall<Q> call() {
        ClientCall<Q> started = call;
        if (started == null) {
            throw new IllegalStateException("the call of " + method + " has not begun");
        }
        return started;
    }

    // ---- Sending ---------------------------------------------------------------------------------------------

    /** See {@link io.peregrine.client.ClientStream#send}. */
    public boolean send(Q message) {
        CallerWait wait = enter(sender, "send");
        try {
            while (true) {
                throwIfFailed();
                if (call().trySend(message)) {
                    return !hasEndedWithOk();
                }
                if (!hasRoomOrEnd()) {
                    await(wait, roomOrEnd);
                }
            }
        } finally {
            leave(sender, wait);
        }
    }

    /** See {@link io.peregrine.client.ClientStream#trySend}. */
    public boolean trySend(Q message) {
        CallerWait wait = enter(sender, "send");
        try {
            throwIfFailed();
            return call().trySend(message);
        } finally {
            leave(sender, wait);
        }
    }

    /** See {@link io.peregrine.client.ClientStream#closeSend}. */
    public void closeSend() {
        CallerWait wait = begin();
        try {
            call().closeSend();
        } finally {
            end(wait);
        }
    }

    /** See {@link io.peregrine.client.ClientStream#flush}. */
    public void flush() {
        CallerWait wait = begin();
        try {
            call().flush();
        } finally {
            end(wait);
        }
    }

    private boolean hasEndedWithOk() {
        return ended && failure == null;
    }

    private void throwIfFailed() {
        if (ended && failure != null) {
            throw thrown(failure);
        }
    }

    // ---- Receiving -------------------------------------------------------------------------------------------

    /** See {@link io.peregrine.client.ClientStream#receive}. */
    public @Nullable R receive() {
        CallerWait wait = enter(receiver, "receive");
        try {
            R message = received.poll();
            while (message == null) {
                if (ended) {
                    // The event loop ends behind its last message.
                    message = received.poll();
                    break;
                }
                if (received.isEmpty()) {
                    await(wait, messageOrEnd);
                }
                message = received.poll();
            }
            if (message == null) {
                throwIfFailed();
                return null;
            }
            askForMore();
            return message;
        } finally {
            leave(receiver, wait);
        }
    }

    /** The response of a method that has one. */
    public R receiveOnly() {
        R response = receive();
        if (response == null) {
            throw new IllegalStateException("no message left in the response to " + method + " (expected: one)");
        }
        // A failure that follows the message counts more (CA-1).
        if (receive() != null) {
            throw new IllegalStateException("more than one message in the response to " + method);
        }
        return response;
    }

    /** See {@link io.peregrine.client.ClientStream#headers}. */
    public Metadata headers() {
        CallerWait wait = enter(receiver, "headers");
        try {
            while (!hasHeadersOrEnd()) {
                await(wait, this::hasHeadersOrEnd);
            }
            Metadata known = headers;
            if (known == null) {
                throwIfFailed();
            }
            return known == null ? Metadata.EMPTY : known;
        } finally {
            leave(receiver, wait);
        }
    }

    /** See {@link io.peregrine.client.ClientStream#trailers}. */
    public Metadata trailers() {
        if (!hasEndedWithOk()) {
            throw new IllegalStateException(
                    "trailers of " + method + " before its end (expected: after receive() has returned null)");
        }
        return trailers;
    }

    /** In halves, so that a message costs less than one signal to the event loop. */
    private void askForMore() {
        taken++;
        if (taken == PREFETCH / 2) {
            taken = 0;
            call().request(PREFETCH / 2);
        }
    }

    @Override
    public Iterator<R> iterator() {
        return new Iterator<>() {
            private @Nullable R next;

            @Override
            public boolean hasNext() {
                if (next == null) {
                    next = receive();
                }
                return next != null;
            }

            @Override
            public R next() {
                if (!hasNext()) {
                    throw new NoSuchElementException("the call of " + method + " has ended");
                }
                R message = next;
                assert message != null;
                next = null;
                return message;
            }
        };
    }

    // ---- Waiting ---------------------------------------------------------------------------------------------

    private CallerWait enter(AtomicReference<@Nullable CallerWait> role, String what) {
        CallerWait other = role.compareAndExchange(null, CallerWait.current());
        if (other != null) {
            throw new IllegalStateException(what + "() on " + method + " while "
                    + other.caller().getName() + " is in it (expected: one thread at a time)");
        }
        return begin();
    }

    private void leave(AtomicReference<@Nullable CallerWait> role, CallerWait wait) {
        role.set(null);
        end(wait);
    }

    private CallerWait begin() {
        CallerWait wait = CallerWait.begin();
        wait.aim(driven);
        return wait;
    }

    private void end(CallerWait wait) {
        CallerDrivenEventLoop target = wait.target();
        if (target != null && target != driven) {
            driven = target;
        }
        wait.end();
    }

    private boolean hasMessageOrEnd() {
        return !received.isEmpty() || ended;
    }

    private boolean hasRoomOrEnd() {
        return call().isWritable() || ended;
    }

    private boolean hasHeadersOrEnd() {
        return headers != null || hasMessageOrEnd();
    }

    private boolean hasEnded() {
        return ended;
    }

    private void await(CallerWait wait, CallerWait.Condition condition) {
        requireNoEventLoop();
        switch (wait.await(condition, giveUpNs)) {
            case OVER -> {}
            case LATE -> throw givenUp();
            case INTERRUPTED -> {
                call().cancel("the thread that waited was interrupted", new InterruptedException());
                awaitEnd(wait);
                Thread.currentThread().interrupt();
            }
            default -> throw new AssertionError();
        }
    }

    /** Asked only by a thread that is about to wait, so that the question costs nothing otherwise. */
    private void requireNoEventLoop() {
        if (CallerWait.isForbidden()) {
            throw new IllegalStateException("to wait for " + method
                    + " on an event loop would be to wait for itself (expected: another thread, or startCall())");
        }
    }

    /** The cancel is on its way; an interrupt must not keep this thread from waiting. */
    private void awaitEnd(CallerWait wait) {
        while (true) {
            switch (wait.await(end, giveUpNs)) {
                case OVER -> {
                    return;
                }
                case INTERRUPTED -> {}
                case LATE -> {
                    Thread.currentThread().interrupt();
                    throw givenUp();
                }
                default -> throw new AssertionError();
            }
        }
    }

    /** HOSTILE.md P2: whoever ought to end the call at its deadline may be stuck. */
    private StatusException givenUp() {
        Status late = Status.of(
                StatusCode.DEADLINE_EXCEEDED,
                "deadline exceeded, and nobody has ended the call: its event loop, or an interceptor, is stuck");
        call().cancel(late.message(), null);
        return thrown(new StatusException(late));
    }

    private static void signal(AtomicReference<@Nullable CallerWait> role) {
        CallerWait waiting = role.get();
        if (waiting != null) {
            waiting.signal();
        }
    }

    private StatusException thrown(StatusException cause) {
        return stackTraces ? cause.withStackTrace() : cause;
    }

    // ---- StreamCallback --------------------------------------------------------------------------------------

    /** Somebody may wait for the response to begin. */
    @Override
    public boolean wantsEmptyHeaders() {
        return true;
    }

    @Override
    public void onHeaders(Metadata metadata) {
        headers = metadata;
        signal(receiver);
    }

    @Override
    public void onMessage(R message) {
        if (!received.offer(message)) {
            throw new IllegalStateException("a message of " + method + " that was not asked for");
        }
        // The queue's write is only released; the receiver writes its role and then looks into the queue.
        VarHandle.fullFence();
        signal(receiver);
    }

    @Override
    public void onWritable() {
        signal(sender);
    }

    @Override
    public void onComplete(Metadata received) {
        trailers = received;
        end();
    }

    @Override
    public void onFailure(StatusException received) {
        failure = received;
        end();
    }

    private void end() {
        ended = true;
        signal(receiver);
        signal(sender);
    }
}
