package io.peregrine.client.internal.chain;

import io.peregrine.client.Cancellable;
import io.peregrine.client.Metadata;
import io.peregrine.client.StatusException;
import io.peregrine.client.UnaryCallback;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The end of a call as a future; cancelling it cancels the call. */
final class FutureResponse<R> extends CompletableFuture<R> {
    /** Null until the call has been made: who cancels cannot know the future before. */
    private volatile @Nullable Cancellable call;

    UnaryCallback<R> callback() {
        return new UnaryCallback<>() {
            @Override
            public void onSuccess(R response, Metadata trailers) {
                complete(response);
            }

            @Override
            public void onFailure(StatusException failure) {
                completeExceptionally(failure);
            }
        };
    }

    void begin(Cancellable started) {
        call = started;
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        boolean cancelled = super.cancel(mayInterruptIfRunning);
        Cancellable started = call;
        if (cancelled && started != null) {
            started.cancel();
        }
        return cancelled;
    }
}
