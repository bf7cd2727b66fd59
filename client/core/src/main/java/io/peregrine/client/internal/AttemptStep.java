package io.peregrine.client.internal;

import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What follows an event of a call with several attempts: decided under its lock, done after it.
 *
 * @param next an attempt to begin; it is live
 * @param end the end to deliver, if the call has ended
 * @param trailers those of the end
 * @param losers attempts to cancel
 */
record AttemptStep<R>(@Nullable Attempt<R> next, @Nullable Status end, Metadata trailers, List<Attempt<R>> losers) {
    private static final AttemptStep<?> NOTHING = new AttemptStep<>(null, null, Metadata.EMPTY, List.of());

    @SuppressWarnings("unchecked") // it holds no attempt
    static <R> AttemptStep<R> nothing() {
        return (AttemptStep<R>) NOTHING;
    }

    static <R> AttemptStep<R> begin(Attempt<R> next) {
        return new AttemptStep<>(next, null, Metadata.EMPTY, List.of());
    }

    static <R> AttemptStep<R> cancel(List<Attempt<R>> losers) {
        return new AttemptStep<>(null, null, Metadata.EMPTY, losers);
    }
}
