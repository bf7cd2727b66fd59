package io.peregrine.client.interceptor;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Cancellable;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.UnaryCallback;

/**
 * Stands between the application and its unary calls, whichever way they are made: may change the method, the request,
 * the options and, by a callback of its own, the response; may answer without {@code next}; may call {@code next}
 * again, once the callback of the time before has been told its end.
 *
 * <p>Used by any number of calls at once. Runs on the thread that makes the call, and must not block. What it throws
 * ends the call with UNKNOWN.
 */
@FunctionalInterface
public interface UnaryInterceptor {
    /**
     * Makes a call, or does not.
     *
     * @param callback to be told the end, exactly once
     * @param next the interceptors behind this one, and the connection
     * @return what cancels the call
     */
    <Q, R> Cancellable intercept(
            MethodDescriptor<Q, R> method, Q request, CallOptions options, UnaryCallback<R> callback, Next next);

    /** What is behind an interceptor. Any thread. */
    interface Next {
        /** Goes on with the call. */
        <Q, R> Cancellable invoke(
                MethodDescriptor<Q, R> method, Q request, CallOptions options, UnaryCallback<R> callback);
    }
}
