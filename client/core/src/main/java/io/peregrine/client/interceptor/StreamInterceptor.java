package io.peregrine.client.interceptor;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientCall;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StreamCallback;

/**
 * Stands between the application and its calls with streams, whichever way they are made: may change the method and
 * the options, put itself before the {@link ClientCall} to see and change what is sent, and before the callback to see
 * and change what arrives; may answer without {@code next}; may call {@code next} again.
 *
 * <p>Used by any number of calls at once. Runs on the thread that makes the call, and must not block. What it throws
 * ends the call with UNKNOWN.
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
        /** Starts the call. */
        <Q, R> ClientCall<Q> start(MethodDescriptor<Q, R> method, CallOptions options, StreamCallback<R> callback);
    }
}
