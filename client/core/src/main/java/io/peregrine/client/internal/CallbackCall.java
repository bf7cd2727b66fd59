package io.peregrine.client.internal;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.UnaryCallback;
import org.jspecify.annotations.Nullable;

/** A call whose end goes to a {@link UnaryCallback}. */
public final class CallbackCall<Q, R> extends UnaryCall<Q, R> {
    private final UnaryCallback<R> callback;

    /** A call that has not started. */
    public CallbackCall(
            CallDispatcher dispatcher, MethodDescriptor<Q, R> method, CallOptions options, UnaryCallback<R> callback) {
        super(dispatcher, method, options);
        this.callback = callback;
    }

    @Override
    void deliver(Status status, @Nullable R response, Metadata trailers) {
        if (response != null) {
            callback.onSuccess(response, trailers);
        } else {
            callback.onFailure(failure(status, trailers, false));
        }
    }

    @Override
    void deliverHeaders(Metadata responseHeaders) {
        callback.onHeaders(responseHeaders);
    }
}
