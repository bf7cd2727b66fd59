package io.peregrine.client.internal.chain;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Cancellable;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.UnaryCallback;
import io.peregrine.client.UnaryResponse;
import io.peregrine.client.interceptor.UnaryInterceptor;
import io.peregrine.client.internal.CallDispatcher;
import io.peregrine.client.internal.CallbackCall;
import io.peregrine.client.internal.UnaryCall;
import io.peregrine.transport.io.driven.CallerWait;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The unary interceptors of a channel, in order, and behind them the connection. Immutable. */
public final class UnaryChain extends InterceptorChain<UnaryInterceptor> {
    /** Where calls go that passed all interceptors. */
    public interface Connection {
        /** Sends a call on its way, or refuses it. */
        <Q, R> void start(UnaryCall<Q, R> call, Q request);
    }

    private final Connection connection;

    private UnaryChain(List<UnaryInterceptor> interceptors, CallDispatcher dispatcher, Connection connection) {
        super(interceptors, dispatcher);
        this.connection = connection;
    }

    /** Links interceptors, the outermost first; null if there are none. */
    public static @Nullable UnaryChain of(
            List<UnaryInterceptor> interceptors, CallDispatcher dispatcher, Connection connection) {
        return interceptors.isEmpty() ? null : new UnaryChain(interceptors, dispatcher, connection);
    }

    /** Starts a call; see {@link io.peregrine.client.ClientConn#invokeAsync}. */
    public <Q, R> Cancellable start(
            MethodDescriptor<Q, R> method, Q request, CallOptions options, UnaryCallback<R> callback) {
        UnaryLink<Q, R> first = new UnaryLink<>(this, 0, null, method, options, callback);
        first.start(method, request, options);
        return first;
    }

    /** Starts a call and returns its future; see {@link io.peregrine.client.ClientConn#invokeFuture}. */
    public <Q, R> CompletableFuture<R> startFuture(MethodDescriptor<Q, R> method, Q request, CallOptions options) {
        FutureResponse<R> future = new FutureResponse<>();
        future.begin(start(method, request, options, future.callback()));
        return future;
    }

    /** Makes a call and waits; see {@link io.peregrine.client.ClientConn#invokeForResponse}. */
    public <Q, R> UnaryResponse<R> await(MethodDescriptor<Q, R> method, Q request, CallOptions options) {
        CallerWait wait = CallerWait.begin();
        try {
            AwaitedResponse<R> response = new AwaitedResponse<>(options);
            // The caller waits for no callback, and may itself be the executor's only thread.
            return response.await(start(method, request, CallerDeadline.withoutExecutor(options), response));
        } finally {
            wait.end();
        }
    }

    <Q, R> CallbackCall<Q, R> newCall(MethodDescriptor<Q, R> method, CallOptions options, UnaryCallback<R> callback) {
        return new CallbackCall<>(dispatcher(), method, options, callback);
    }

    <Q, R> void start(UnaryCall<Q, R> call, Q request) {
        connection.start(call, request);
    }
}
