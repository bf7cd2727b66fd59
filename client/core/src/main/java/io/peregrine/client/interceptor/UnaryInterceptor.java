package io.peregrine.client.interceptor;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Cancellable;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.UnaryCallback;

/**
 * Stands between the application and its calls by {@code invoke}, {@code invokeForResponse}, {@code invokeAsync} and
 * {@code invokeFuture} with one request: may change the method, the request, the options and, by a callback of its own, the response; may answer without {@code next}, now or later, on any
 * thread; may call {@code next} again, once the callback of the time before has been told its end.
 *
 * <p>Used by any number of calls at once. Runs on the thread that makes the call, and must not block. What is before it
 * is safe from what it does wrong:
 *
 * <ul>
 *   <li>What it throws, or what a callback of its own throws, ends the call with UNKNOWN and that cause; so does null
 *       in place of a result or a response. What it had made of the call with {@code next} is cancelled.
 *   <li>Of several ends that it tells the first counts; the others, and what comes behind the first, are dropped.
 *   <li>When the call is cancelled, so are what it returned and the call that it made last with {@code next}; if it
 *       tells no end once that has ended, the call ends with CANCELLED. From a cancel on, {@code next} starts no calls:
 *       they end with CANCELLED.
 *   <li>If it never tells an end, a caller who waits gives up half a second after the deadline of its options, with
 *       DEADLINE_EXCEEDED; other callers wait until they cancel.
 * </ul>
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
        /**
         * Goes on with the call. Throws nothing: whatever becomes of it, the callback is told, perhaps before this
         * method returns.
         */
        <Q, R> Cancellable invoke(
                MethodDescriptor<Q, R> method, Q request, CallOptions options, UnaryCallback<R> callback);
    }
}
