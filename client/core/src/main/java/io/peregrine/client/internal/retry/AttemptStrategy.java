package io.peregrine.client.internal.retry;

import io.peregrine.client.Metadata;
import io.peregrine.client.StatusCode;

/**
 * What follows the attempts of one call while it is not committed to any of them: more attempts, or the end (SPEC
 * 2.14). Not safe for use by several threads: guarded by the lock of its call.
 */
public interface AttemptStrategy {
    /** Not a delay: the attempt that ended ends the call. */
    long DELIVER = RetrySequence.DELIVER;

    /** Not a delay: nothing changes; other attempts are under way, or one is due already. */
    long WAIT = -2;

    /** How many attempts came before the next one, for its headers (RT-6, HG-2). */
    int previousAttempts();

    /**
     * Whether the attempt that {@link #afterStart} or {@link #afterFailure} planned may start, now that its time has
     * come (HG-8); if not, none follows.
     */
    default boolean tryStart() {
        return true;
    }

    /** An attempt was started; the answer is the time to the next one, in nanoseconds, or {@link #WAIT}. */
    default long afterStart() {
        return WAIT;
    }

    /**
     * An attempt failed that the server may have seen, or that found no connection.
     *
     * @param live how many attempts are under way still
     * @return nanoseconds to the next attempt, counted from now, or {@link #WAIT} or {@link #DELIVER}
     */
    long afterFailure(Outcome outcome, StatusCode code, Metadata trailers, int live);

    /** The response of an attempt began, so many nanoseconds after its start. Not under the lock. */
    default void onResponse(long elapsedNs) {}
}
