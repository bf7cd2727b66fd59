package io.peregrine.client.internal.chain;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Cancellable;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusException;
import io.peregrine.client.UnaryCallback;
import io.peregrine.client.interceptor.UnaryInterceptor;
import io.peregrine.client.internal.CallbackCall;
import org.jspecify.annotations.Nullable;

/**
 * What stands before an interceptor, or before the connection, in one unary call: the interceptor's callback, its
 * {@code next}, and to whoever is before it the call.
 *
 * @param <Q> the request
 * @param <R> the response
 */
final class UnaryLink<Q, R> extends ChainLink<Cancellable>
        implements UnaryInterceptor.Next, UnaryCallback<R>, Cancellable {
    private final UnaryChain chain;
    private final UnaryCallback<R> callback;

    /**
     * A link of a call that has not started.
     *
     * @param position of the interceptor; that of the connection is behind the last
     */
    UnaryLink(
            UnaryChain chain,
            int position,
            @Nullable ChainLink<?> before,
            MethodDescriptor<Q, R> method,
            CallOptions options,
            UnaryCallback<R> callback) {
        super(chain, position, before, method, options.executor());
        this.chain = chain;
        this.callback = callback;
    }

    /** Hands the call to the interceptor or to the connection. Called once; throws nothing. */
    void start(MethodDescriptor<Q, R> calledMethod, Q request, CallOptions options) {
        if (!isLast()) {
            startIntercepted(calledMethod, request, options);
        } else {
            CallbackCall<Q, R> call = chain.newCall(calledMethod, options, this);
            adopt(call);
            chain.start(call, request);
        }
    }

    private void startIntercepted(MethodDescriptor<Q, R> calledMethod, Q request, CallOptions options) {
        Cancellable returned;
        try {
            returned = requireReturned(
                    chain.interceptor(position()).intercept(calledMethod, request, options, this, this),
                    "what cancels the call");
        } catch (RuntimeException | Error thrown) {
            fail(name() + " threw", thrown);
            return;
        }
        adopt(returned);
    }

    @Override
    public <S, T> Cancellable invoke(
            MethodDescriptor<S, T> nextMethod, S request, CallOptions options, UnaryCallback<T> nextCallback) {
        UnaryLink<S, T> made = new UnaryLink<>(chain, position() + 1, this, nextMethod, options, nextCallback);
        if (begin(made)) {
            made.start(nextMethod, request, options);
        }
        return made;
    }

    @Override
    public void cancel() {
        cancel(CANCELLED);
    }

    @Override
    void cancelOwn(Cancellable returned, Status status) {
        returned.cancel();
    }

    // ---- UnaryCallback ---------------------------------------------------------------------------------------

    @Override
    public void onHeaders(Metadata headers) {
        if (tryTurn()) {
            tellHeaders(headers);
            endTurn();
        } else {
            enqueue(() -> tellHeaders(headers));
        }
    }

    @Override
    public void onSuccess(R response, Metadata trailers) {
        if (tryTurn()) {
            tellSuccess(response, trailers);
            endTurn();
        } else {
            enqueue(() -> tellSuccess(response, trailers));
        }
    }

    private void tellHeaders(Metadata headers) {
        if (isOver()) {
            return;
        }
        try {
            callback.onHeaders(headers);
        } catch (RuntimeException | Error thrown) {
            onEndThrew("onHeaders", thrown);
        }
    }

    private void tellSuccess(R response, Metadata trailers) {
        if (isNull(response)) {
            fail(name() + " answered", new NullPointerException("a null response (expected: a message)"));
            return;
        }
        if (!takeEnd()) {
            return;
        }
        try {
            callback.onSuccess(response, trailers);
        } catch (RuntimeException | Error thrown) {
            onEndThrew("onSuccess", thrown);
        }
        afterEnd(null);
    }

    /** What the types exclude, an interceptor may do all the same. */
    private static boolean isNull(@Nullable Object response) {
        return response == null;
    }

    @Override
    void tellFailure(StatusException failure) {
        try {
            callback.onFailure(failure);
        } catch (RuntimeException | Error thrown) {
            onEndThrew("onFailure", thrown);
        }
    }
}
