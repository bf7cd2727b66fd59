package io.peregrine.client.internal;

import io.netty.buffer.ByteBuf;
import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientCall;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import io.peregrine.client.internal.control.TransportListener;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.StreamFailure;
import java.net.SocketAddress;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A call with streams, or with hedges: the application's side of it. What it sends goes to {@link StreamAttempts}, and
 * what these receive goes through {@link StreamDelivery} to its callback.
 *
 * @param <Q> the request messages
 * @param <R> the response messages
 */
public final class StreamCall<Q, R> extends Call<Q, R> implements ClientCall<Q> {
    private static final Status CANCELLED = Status.of(StatusCode.CANCELLED, "cancelled");

    private final StreamDelivery<R> delivery;
    private final StreamAttempts<R> attempts;
    private final @Nullable TransportListener transportListener;

    /** {@link #trySend} was refused, or {@link #isWritable} denied, perhaps while there was no attempt that could tell of room. */
    private volatile boolean refusedToSend;

    // Of the sending thread.
    private boolean closed;
    private boolean anySent;
    private boolean compress = true;

    /** The one response of a method that has one, until the status says whether it counts (CA-1). */
    private @Nullable R heldResponse;

    /**
     * A call that has not started.
     *
     * @param executor where the callback runs; null for the thread of the event
     */
    public StreamCall(
            CallDispatcher dispatcher,
            MethodDescriptor<Q, R> method,
            CallOptions options,
            StreamCallback<R> callback,
            @Nullable Executor executor) {
        this(dispatcher, method, options, callback, executor, dispatcher.nanoTime());
    }

    /** As above, in place of a call that started at {@code startNs}. */
    StreamCall(
            CallDispatcher dispatcher,
            MethodDescriptor<Q, R> method,
            CallOptions options,
            StreamCallback<R> callback,
            @Nullable Executor executor,
            long startNs) {
        define(dispatcher, method, options, startNs);
        this.attempts = new StreamAttempts<>(this);
        boolean manyThreads = hedgingPolicy() != null || awaitsConfig();
        this.transportListener = callback instanceof TransportListener told ? told : null;
        this.delivery = new StreamDelivery<>(this, callback, executor, manyThreads);
    }

    /** Sends it on its way. Called once, if at all. */
    public void start() {
        takeConfigIfDue();
        Status refusal = refusal();
        if (refusal != null) {
            reject(refusal);
        } else {
            attempts.start();
        }
    }

    /** Sends it on its way with its only request, which leaves in one write with the headers (CA-2). */
    public void startWith(Q request) {
        ByteBuf framed = frameOrEnd(request);
        if (framed != null) {
            startWithFramed(framed);
        }
    }

    /** As {@link #startWith}, with a message that is the call's from now on. */
    void startWithFramed(ByteBuf framed) {
        takeConfigIfDue();
        Status refusal = refusal();
        if (refusal != null) {
            framed.release();
            reject(refusal);
            return;
        }
        anySent = true;
        closed = true;
        attempts.startWith(framed);
    }

    /** Ends a call that has no attempt. */
    public void reject(Status status) {
        attempts.end(status, Metadata.EMPTY);
    }

    // ---- ClientCall ------------------------------------------------------------------------------------------

    @Override
    public boolean trySend(Q message) {
        if (anySent && method().type().hasOneRequest()) {
            throw new IllegalStateException("a second request message for " + method() + " (expected: one)");
        }
        requireOpen("a message");
        if (attempts.hasEnded()) {
            anySent = true;
            return true;
        }
        if (!isWritable()) {
            return false;
        }
        ByteBuf framed = frameOrEnd(message);
        if (framed == null) {
            anySent = true;
            return true;
        }
        // The only request and the end of the requests are one write (CA-2).
        boolean last = method().type().hasOneRequest();
        if (!attempts.send(framed, last)) {
            return false;
        }
        anySent = true;
        if (last) {
            closed = true;
        }
        return true;
    }

    @Override
    public boolean isWritable() {
        if (attempts.isWritable()) {
            return true;
        }
        // First the flag, then another look: whoever makes room does it the other way round.
        refusedToSend = true;
        return attempts.isWritable();
    }

    @Override
    public void closeSend() {
        if (method().type().hasOneRequest()) {
            if (!anySent) {
                throw new IllegalStateException("no request message for " + method() + " (expected: one)");
            }
            // The message was the end of the requests too (CA-2).
            return;
        }
        requireOpen("an end of the requests");
        closed = true;
        attempts.closeSend();
    }

    @Override
    public void request(int messages) {
        if (messages < 1) {
            throw new IllegalArgumentException("messages: " + messages + " (expected: 1 or more)");
        }
        // Of a method with one response all that comes is taken anyway, so that a second message is seen (CA-1).
        if (!method().type().hasOneResponse()) {
            attempts.request(messages);
        }
    }

    @Override
    public void cork() {
        attempts.cork();
    }

    @Override
    public void flush() {
        attempts.flush();
    }

    @Override
    public void compress(boolean on) {
        compress = on;
    }

    @Override
    public void cancel() {
        attempts.cancel(CANCELLED);
    }

    @Override
    public void cancel(String reason, @Nullable Throwable cause) {
        attempts.cancel(new Status(StatusCode.CANCELLED, reason, cause));
    }

    private void requireOpen(String what) {
        if (closed) {
            throw new IllegalStateException(
                    what + " for " + method() + " behind the end of its requests (expected: nothing after closeSend)");
        }
    }

    private @Nullable ByteBuf frameOrEnd(Q message) {
        try {
            return frame(message, compress);
        } catch (StatusException unsendable) {
            attempts.cancel(unsendable.status());
            return null;
        }
    }

    /** A committed call does not begin again: what its attempt was given to send is kept nowhere else (RT-4). */
    @Override
    boolean isConfigDue() {
        return super.isConfigDue() && !attempts.isCommitted();
    }

    @Override
    Set<SocketAddress> tried(Attempt<R> picking) {
        Set<SocketAddress> peers = super.tried(picking);
        for (Attempt<R> other : attempts.live()) {
            SocketAddress peer = other == picking ? null : other.peer();
            if (peer != null) {
                peers.add(peer);
            }
        }
        return peers;
    }

    @Override
    boolean hasTried(Attempt<R> picking) {
        List<Attempt<R>> live = attempts.live();
        return super.hasTried(picking) || live.size() > 1 || (live.size() == 1 && live.get(0) != picking);
    }

    // ---- From the attempts -----------------------------------------------------------------------------------

    @Override
    void onTransport(ClientTransport transport) {
        if (transportListener != null) {
            transportListener.onTransport(transport);
        }
    }

    @Override
    void onHeaders(Attempt<R> attempt, Metadata headers) {
        if (attempts.onResponse(attempt)) {
            delivery.onHeaders(headers);
        }
    }

    @Override
    void onMessage(Attempt<R> attempt, R message) {
        if (!attempts.isCommittedTo(attempt)) {
            return;
        }
        if (!method().type().hasOneResponse()) {
            delivery.onMessage(message);
        } else if (heldResponse == null) {
            heldResponse = message;
        } else {
            attempt.abort(Status.of(StatusCode.INTERNAL, "more than one message in the response to " + method()));
        }
    }

    @Override
    void onWritable(Attempt<R> attempt) {
        if (attempts.isLive(attempt)) {
            refusedToSend = false;
            delivery.onWritable();
        }
    }

    @Override
    boolean tryLeave(Attempt<R> attempt) {
        return attempts.tryLeave(attempt);
    }

    @Override
    void onEnd(Attempt<R> attempt, Status status, Metadata trailers, @Nullable StreamFailure failure) {
        attempts.onEnd(attempt, status, trailers, failure);
    }

    /** There may be room for what was refused while there was no attempt. */
    void announceRoom() {
        if (refusedToSend && attempts.isWritable()) {
            refusedToSend = false;
            delivery.onWritable();
        }
    }

    /** The end. Called once. */
    void deliverEnd(Status status, Metadata trailers) {
        R held = heldResponse;
        if (!status.isOk()) {
            delivery.onFailure(failure(unlessKilled(status), trailers, false));
        } else if (held == null && method().type().hasOneResponse()) {
            String message = "no message in the response to " + method() + ", which ended with OK";
            delivery.onFailure(failure(Status.of(StatusCode.INTERNAL, message), trailers, false));
        } else {
            dispatcher().throttle().onSuccess();
            if (held != null) {
                delivery.onMessage(held);
            }
            delivery.onComplete(trailers);
        }
    }
}
