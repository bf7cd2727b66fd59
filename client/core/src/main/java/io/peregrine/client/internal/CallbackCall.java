package io.peregrine.client.internal;

import io.peregrine.allocation.ReusePool;
import io.peregrine.client.CallOptions;
import io.peregrine.client.Cancellable;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.UnaryCallback;
import io.peregrine.client.internal.control.TransportListener;
import io.peregrine.transport.http2.ClientTransport;
import org.jspecify.annotations.Nullable;

/** A call whose end goes to a {@link UnaryCallback}. */
public final class CallbackCall<Q, R> extends UnaryCall<Q, R> {
    private static final ReusePool<CallbackCall<?, ?>> SPENT = new ReusePool<>(CallbackCall::new);

    private final ReusePool.@Nullable Shelf<CallbackCall<?, ?>> shelf;
    private @Nullable UnaryCallback<R> callback;

    private CallbackCall(ReusePool.Shelf<CallbackCall<?, ?>> shelf) {
        this.shelf = shelf;
    }

    /** A call that has not started, and is used once. */
    public CallbackCall(
            CallDispatcher dispatcher, MethodDescriptor<Q, R> method, CallOptions options, UnaryCallback<R> callback) {
        this.shelf = null;
        this.callback = callback;
        define(dispatcher, method, options);
    }

    /** A call that has not started. It is used again, by another call, as soon as it has ended as usual. */
    @SuppressWarnings("unchecked") // a spent call holds nothing of any type
    public static <Q, R> CallbackCall<Q, R> reused(
            CallDispatcher dispatcher, MethodDescriptor<Q, R> method, CallOptions options, UnaryCallback<R> callback) {
        CallbackCall<Q, R> call = (CallbackCall<Q, R>) SPENT.take();
        call.callback = callback;
        call.define(dispatcher, method, options);
        return call;
    }

    /** What cancels this use of the object, at any time; taken before the call starts. */
    public Cancellable handle() {
        return new Handle(this, run());
    }

    @Override
    void deliver(Status status, @Nullable R response, Metadata trailers) {
        UnaryCallback<R> told = callback;
        assert told != null;
        if (response == null) {
            told.onFailure(failure(status, trailers, false));
            return;
        }
        ReusePool.Shelf<CallbackCall<?, ?>> home = shelf;
        if (home != null && tryRetire()) {
            // Before the callback, which is likely to make the next call.
            callback = null;
            home.putBack(this);
        }
        told.onSuccess(response, trailers);
    }

    @Override
    void onTransport(ClientTransport transport) {
        if (callback instanceof TransportListener told) {
            told.onTransport(transport);
        }
    }

    @Override
    void deliverHeaders(Metadata responseHeaders) {
        UnaryCallback<R> told = callback;
        assert told != null;
        told.onHeaders(responseHeaders);
    }

    /** One use of a call, for whoever may want to cancel it. */
    private record Handle(CallbackCall<?, ?> call, long run) implements Cancellable {
        @Override
        public void cancel() {
            call.cancel(run);
        }
    }
}
