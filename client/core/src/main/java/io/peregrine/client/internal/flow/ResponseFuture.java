package io.peregrine.client.internal.flow;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientCall;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * The one response to the requests of a publisher; cancelling it cancels the call.
 *
 * @param <Q> the request messages
 * @param <R> the response
 */
public final class ResponseFuture<Q, R> extends CompletableFuture<R> {
    private final Requests<Q> requests;

    /** Null until the call has been made: who cancels cannot know the future before. */
    private volatile @Nullable ClientCall<Q> call;

    private ResponseFuture(Requests<Q> requests) {
        this.requests = requests;
    }

    /**
     * Makes the call and subscribes to its requests.
     *
     * @throws IllegalArgumentException if the method has more than one response
     */
    public static <Q, R> CompletableFuture<R> start(
            CallStarter starter,
            MethodDescriptor<Q, R> method,
            Flow.Publisher<? extends Q> publisher,
            CallOptions options) {
        Objects.requireNonNull(publisher, "publisher");
        if (!method.type().hasOneResponse()) {
            throw new IllegalArgumentException(
                    "method: " + method + ", which is " + method.type() + " (expected: one with one response)");
        }
        Requests<Q> requests = Requests.published(method);
        ResponseFuture<Q, R> future = new ResponseFuture<>(requests);
        ClientCall<Q> started = starter.startCall(method, options, future.new End());
        future.call = started;
        started.request(1);
        requests.begin(started);
        requests.follow(publisher);
        return future;
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        boolean cancelled = super.cancel(mayInterruptIfRunning);
        ClientCall<Q> started = call;
        if (cancelled && started != null) {
            requests.end();
            started.cancel();
        }
        return cancelled;
    }

    private final class End implements StreamCallback<R> {
        private @Nullable R response;

        @Override
        public void onMessage(R message) {
            response = message;
        }

        @Override
        public void onWritable() {
            requests.onWritable();
        }

        @Override
        public void onComplete(Metadata trailers) {
            requests.end();
            R received = response;
            // A call of a method with one response ends with OK behind it (CA-1); an interceptor's may not.
            if (received != null) {
                complete(received);
            } else {
                completeExceptionally(new StatusException(
                        Status.of(StatusCode.INTERNAL, "no message in the response, which ended with OK")));
            }
        }

        @Override
        public void onFailure(StatusException failure) {
            requests.end();
            completeExceptionally(failure);
        }
    }
}
