package io.peregrine.client.internal.chain;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientCall;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StreamCallback;
import io.peregrine.client.interceptor.StreamInterceptor;
import io.peregrine.client.internal.CallDispatcher;
import io.peregrine.client.internal.StreamCall;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The stream interceptors of a channel, in order, and behind them the connection. Immutable. */
public final class StreamChain extends InterceptorChain<StreamInterceptor> {
    /** Where calls go that passed all interceptors. */
    public interface Connection {
        /** Sends a call on its way, or refuses it. */
        <Q, R> void start(StreamCall<Q, R> call);
    }

    private final Connection connection;

    private StreamChain(List<StreamInterceptor> interceptors, CallDispatcher dispatcher, Connection connection) {
        super(interceptors, dispatcher);
        this.connection = connection;
    }

    /** Links interceptors, the outermost first; null if there are none. */
    public static @Nullable StreamChain of(
            List<StreamInterceptor> interceptors, CallDispatcher dispatcher, Connection connection) {
        return interceptors.isEmpty() ? null : new StreamChain(interceptors, dispatcher, connection);
    }

    /** Starts a call; see {@link io.peregrine.client.ClientConn#startCall}. */
    public <Q, R> ClientCall<Q> start(MethodDescriptor<Q, R> method, CallOptions options, StreamCallback<R> callback) {
        StreamLink<Q, R> first = new StreamLink<>(this, 0, null, method, options, callback);
        first.start(method, options);
        return first;
    }

    <Q, R> StreamCall<Q, R> newCall(MethodDescriptor<Q, R> method, CallOptions options, StreamCallback<R> callback) {
        return new StreamCall<>(dispatcher(), method, options, callback, options.executor());
    }

    <Q, R> void start(StreamCall<Q, R> call) {
        connection.start(call);
    }
}
