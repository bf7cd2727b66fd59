package io.peregrine.client.internal.chain;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientCall;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import io.peregrine.client.interceptor.StreamInterceptor;
import io.peregrine.client.internal.AllHeaders;
import io.peregrine.client.internal.StreamCall;
import org.jspecify.annotations.Nullable;

/**
 * What stands before an interceptor, or before the connection, in one call with streams: the interceptor's callback,
 * its {@code next}, and to whoever is before it the call.
 *
 * @param <Q> the request messages
 * @param <R> the response messages
 */
final class StreamLink<Q, R> extends ChainLink<ClientCall<Q>>
        implements StreamInterceptor.Next, StreamCallback<R>, ClientCall<Q>, AllHeaders {
    private final StreamChain chain;
    private final StreamCallback<R> callback;

    /** What the callback threw, as the end of the call: it is told nothing else any more. Of whoever has the turn. */
    private @Nullable Status thrown;

    /**
     * A link of a call that has not started.
     *
     * @param position of the interceptor; that of the connection is behind the last
     */
    StreamLink(
            StreamChain chain,
            int position,
            @Nullable ChainLink<?> before,
            MethodDescriptor<Q, R> method,
            CallOptions options,
            StreamCallback<R> callback) {
        super(chain, position, before, method, options.executor());
        this.chain = chain;
        this.callback = callback;
    }

    /** Hands the call to the interceptor or to the connection. Called once; throws nothing. */
    void start(MethodDescriptor<Q, R> calledMethod, CallOptions options) {
        if (!isLast()) {
            startIntercepted(calledMethod, options);
        } else {
            StreamCall<Q, R> call = chain.newCall(calledMethod, options, this);
            adopt(call);
            chain.start(call);
        }
    }

    private void startIntercepted(MethodDescriptor<Q, R> calledMethod, CallOptions options) {
        ClientCall<Q> returned;
        try {
            returned = requireReturned(
                    chain.interceptor(position()).intercept(calledMethod, options, this, this), "the call");
        } catch (RuntimeException | Error thrown) {
            fail(name() + " threw", thrown);
            return;
        }
        adopt(returned);
    }

    @Override
    public <S, T> ClientCall<S> start(
            MethodDescriptor<S, T> nextMethod, CallOptions options, StreamCallback<T> nextCallback) {
        StreamLink<S, T> made = new StreamLink<>(chain, position() + 1, this, nextMethod, options, nextCallback);
        if (begin(made)) {
            made.start(nextMethod, options);
        }
        return made;
    }

    @Override
    void cancelOwn(ClientCall<Q> returned, Status status) {
        returned.cancel(status.message(), status.cause());
    }

    // ---- ClientCall ------------------------------------------------------------------------------------------

    /** Null if the call has ended: what is done with it then has no effect, whatever the interceptor thinks. */
    private @Nullable ClientCall<Q> live() {
        return isOver() ? null : own();
    }

    @Override
    public boolean trySend(Q message) {
        ClientCall<Q> call = live();
        return call == null || call.trySend(message);
    }

    @Override
    public boolean isWritable() {
        ClientCall<Q> call = live();
        return call == null || call.isWritable();
    }

    @Override
    public void closeSend() {
        ClientCall<Q> call = live();
        if (call != null) {
            call.closeSend();
        }
    }

    @Override
    public void request(int messages) {
        ClientCall<Q> call = live();
        if (call != null) {
            call.request(messages);
        }
    }

    @Override
    public void cork() {
        ClientCall<Q> call = live();
        if (call != null) {
            call.cork();
        }
    }

    @Override
    public void flush() {
        ClientCall<Q> call = live();
        if (call != null) {
            call.flush();
        }
    }

    @Override
    public void compress(boolean on) {
        ClientCall<Q> call = live();
        if (call != null) {
            call.compress(on);
        }
    }

    @Override
    public void cancel() {
        cancel(CANCELLED);
    }

    @Override
    public void cancel(String reason, @Nullable Throwable cause) {
        cancel(new Status(StatusCode.CANCELLED, reason, cause));
    }

    // ---- StreamCallback --------------------------------------------------------------------------------------

    @Override
    public boolean wantsEmptyHeaders() {
        return AllHeaders.isWantedBy(callback);
    }

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
    public void onMessage(R message) {
        if (tryTurn()) {
            tellMessage(message);
            endTurn();
        } else {
            enqueue(() -> tellMessage(message));
        }
    }

    @Override
    public void onWritable() {
        if (tryTurn()) {
            tellWritable();
            endTurn();
        } else {
            enqueue(this::tellWritable);
        }
    }

    @Override
    public void onComplete(Metadata trailers) {
        if (tryTurn()) {
            tellComplete(trailers);
            endTurn();
        } else {
            enqueue(() -> tellComplete(trailers));
        }
    }

    private void tellHeaders(Metadata headers) {
        if (isMuted()) {
            return;
        }
        try {
            callback.onHeaders(headers);
        } catch (RuntimeException | Error fault) {
            onCallbackThrew("onHeaders", fault);
        }
    }

    private void tellMessage(R message) {
        if (isMuted()) {
            return;
        }
        try {
            callback.onMessage(message);
        } catch (RuntimeException | Error fault) {
            onCallbackThrew("onMessage", fault);
        }
    }

    private void tellWritable() {
        if (isMuted()) {
            return;
        }
        try {
            callback.onWritable();
        } catch (RuntimeException | Error fault) {
            onCallbackThrew("onWritable", fault);
        }
    }

    private void tellComplete(Metadata trailers) {
        Status own = thrown;
        if (own != null) {
            // The OK was on its way before the callback threw, which would have cancelled the call.
            tellOnce(new StatusException(own));
            return;
        }
        if (!takeEnd()) {
            return;
        }
        try {
            callback.onComplete(trailers);
        } catch (RuntimeException | Error fault) {
            onEndThrew("onComplete", fault);
        }
        afterEnd(null);
    }

    @Override
    void tellFailure(StatusException failure) {
        try {
            callback.onFailure(failure);
        } catch (RuntimeException | Error fault) {
            onEndThrew("onFailure", fault);
        }
    }

    private boolean isMuted() {
        return isOver() || thrown != null;
    }

    private void onCallbackThrew(String what, Throwable fault) {
        Status own = new Status(StatusCode.CANCELLED, what + " of " + method() + " threw: " + fault, fault);
        thrown = own;
        if (!blameCallback(what, fault)) {
            cancel(own);
        }
    }
}
