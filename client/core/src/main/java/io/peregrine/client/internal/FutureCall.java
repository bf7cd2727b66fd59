package io.peregrine.client.internal;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A call whose end completes a future; cancelling the future cancels the call. */
public final class FutureCall<Q, R> extends UnaryCall<Q, R> {
    private final CompletableFuture<R> future = new CallFuture();

    /** A call that has not started. */
    public FutureCall(CallDispatcher dispatcher, MethodDescriptor<Q, R> method, CallOptions options) {
        define(dispatcher, method, options);
    }

    /** The future. */
    public CompletableFuture<R> future() {
        return future;
    }

    @Override
    void deliver(Status status, @Nullable R response, Metadata trailers) {
        if (response != null) {
            future.complete(response);
        } else {
            future.completeExceptionally(failure(status, trailers, false));
        }
    }

    @Override
    void deliverHeaders(Metadata responseHeaders) {
        // A future has no place for them.
    }

    private final class CallFuture extends CompletableFuture<R> {
        @Override
        public boolean cancel(boolean mayInterruptIfRunning) {
            boolean cancelled = super.cancel(mayInterruptIfRunning);
            if (cancelled) {
                FutureCall.this.cancel();
            }
            return cancelled;
        }
    }
}
