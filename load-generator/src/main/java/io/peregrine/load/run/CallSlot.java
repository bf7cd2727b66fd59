package io.peregrine.load.run;

import io.peregrine.client.Metadata;
import io.peregrine.client.StatusException;
import io.peregrine.client.UnaryCallback;

/**
 * The receiver of one call's outcome, reused for the next call: starting a call allocates nothing here.
 *
 * <p>Exactly one of {@link #onOk} and {@link #onError} is called for each start, on any thread, possibly before the
 * start returns.
 */
public interface CallSlot extends UnaryCallback<ReplyCounter> {
    /** The call ended with OK. */
    void onOk();

    /**
     * The call failed.
     *
     * @param statusCode 1..16
     * @param text what went wrong, for the error distribution
     */
    void onError(int statusCode, String text);

    @Override
    default void onSuccess(ReplyCounter reply, Metadata trailers) {
        onOk();
    }

    @Override
    default void onFailure(StatusException failure) {
        onError(failure.code().value(), String.valueOf(failure.getMessage()));
    }
}
