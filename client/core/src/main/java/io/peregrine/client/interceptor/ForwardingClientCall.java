package io.peregrine.client.interceptor;

import io.peregrine.client.ClientCall;
import org.jspecify.annotations.Nullable;

/**
 * A call that hands all it is asked to another one: for interceptors that see or change what is sent, and override what
 * they need.
 *
 * @param <Q> the request messages
 */
public abstract class ForwardingClientCall<Q> implements ClientCall<Q> {
    private final ClientCall<Q> call;

    /** Forwards to {@code call}. */
    protected ForwardingClientCall(ClientCall<Q> call) {
        this.call = call;
    }

    /** The other call. */
    protected final ClientCall<Q> call() {
        return call;
    }

    @Override
    public boolean trySend(Q message) {
        return call.trySend(message);
    }

    @Override
    public boolean isWritable() {
        return call.isWritable();
    }

    @Override
    public void closeSend() {
        call.closeSend();
    }

    @Override
    public void request(int messages) {
        call.request(messages);
    }

    @Override
    public void cork() {
        call.cork();
    }

    @Override
    public void flush() {
        call.flush();
    }

    @Override
    public void compress(boolean on) {
        call.compress(on);
    }

    /** Goes through {@link #cancel(String, Throwable)}, so that an override of that one sees every cancel. */
    @Override
    public final void cancel() {
        cancel("cancelled", null);
    }

    @Override
    public void cancel(String reason, @Nullable Throwable cause) {
        call.cancel(reason, cause);
    }
}
