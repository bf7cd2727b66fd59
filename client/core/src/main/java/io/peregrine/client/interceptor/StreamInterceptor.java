package io.peregrine.client.interceptor;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientCall;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StreamCallback;

/**
 * Stands between the application and its calls with streams, by {@code newStream}, {@code startCall}, {@code publish}
 * and {@code invokeFuture} with a publisher, whatever the type of their method: may change the method and
 * the options, put a {@link ForwardingClientCall} before the call to see and change what is sent, and a callback of its
 * own before the application's to see and change what arrives; may answer without {@code next}, with a call of its
 * own; may call {@code next} again.
 *
 * <p>Used by any number of calls at once. Runs on the thread that makes the call, and must not block. What is before it
 * is safe from what it does wrong, as a {@link UnaryInterceptor} says, with the same results. Besides:
 *
 * <ul>
 *   <li>The callback before it is told one thing at a time, even if several threads tell it.
 *   <li>What its call throws out of {@link ClientCall#trySend} and the other methods goes to whoever called, but for
 *       {@code cancel}: that is logged.
 *   <li>Once the call has ended, its call gets no messages any more.
 * </ul>
 */
@FunctionalInterface
public interface StreamInterceptor {
    /**
     * Starts a call, or does not.
     *
     * @param callback to be told what happens; its end exactly once
     * @param next the interceptors behind this one, and the connection
     * @return the call that the application drives
     */
    <Q, R> ClientCall<Q> intercept(
            MethodDescriptor<Q, R> method, CallOptions options, StreamCallback<R> callback, Next next);

    /** What is behind an interceptor. Any thread. */
    interface Next {
        /**
         * Starts the call. Throws nothing: whatever becomes of it, the callback is told, perhaps before this method
         * returns.
         */
        <Q, R> ClientCall<Q> start(MethodDescriptor<Q, R> method, CallOptions options, StreamCallback<R> callback);
    }
}
