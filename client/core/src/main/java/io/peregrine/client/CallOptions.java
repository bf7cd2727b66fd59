package io.peregrine.client;

import java.time.Duration;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * What one call wants beyond its method and its request. Immutable; deriving costs one object, and the same instance
 * may serve any number of calls.
 */
public final class CallOptions {
    /** No deadline, not wait-for-ready, no metadata, callbacks on the event loop. */
    public static final CallOptions DEFAULT = new CallOptions(Long.MAX_VALUE, false, Metadata.EMPTY, null);

    private final long timeoutNs;
    private final boolean waitForReady;
    private final Metadata metadata;
    private final @Nullable Executor executor;

    private CallOptions(long timeoutNs, boolean waitForReady, Metadata metadata, @Nullable Executor executor) {
        this.timeoutNs = timeoutNs;
        this.waitForReady = waitForReady;
        this.metadata = metadata;
        this.executor = executor;
    }

    /** {@link #DEFAULT} with {@link #withDeadlineAfter}. */
    public static CallOptions deadlineAfter(Duration timeout) {
        return DEFAULT.withDeadlineAfter(timeout);
    }

    /**
     * Sets a deadline, counted from the start of each call that uses these options.
     *
     * @param timeout positive; more than 146 years counts as none
     * @throws IllegalArgumentException if it is zero or negative
     */
    public CallOptions withDeadlineAfter(Duration timeout) {
        if (timeout.isZero() || timeout.isNegative()) {
            throw new IllegalArgumentException("deadline after: " + timeout + " (expected: a positive duration)");
        }
        return new CallOptions(saturatedNanos(timeout), waitForReady, metadata, executor);
    }

    /** Whether a call waits while the connection is in TRANSIENT_FAILURE instead of failing; default false. */
    public CallOptions withWaitForReady(boolean wait) {
        return new CallOptions(timeoutNs, wait, metadata, executor);
    }

    /** Sets the metadata to send; default none. */
    public CallOptions withMetadata(Metadata newMetadata) {
        return new CallOptions(timeoutNs, waitForReady, newMetadata, executor);
    }

    /**
     * Runs callbacks, and completes futures, on {@code newExecutor}; default is the connection's event loop, which
     * they must not block.
     */
    public CallOptions withExecutor(Executor newExecutor) {
        return new CallOptions(timeoutNs, waitForReady, metadata, newExecutor);
    }

    /** Time from the start of a call to its deadline, in nanoseconds; {@code Long.MAX_VALUE} for none. */
    public long timeoutNs() {
        return timeoutNs;
    }

    /** See {@link #withWaitForReady}. */
    public boolean waitForReady() {
        return waitForReady;
    }

    /** See {@link #withMetadata}. */
    public Metadata metadata() {
        return metadata;
    }

    /** See {@link #withExecutor}; null for the event loop. */
    public @Nullable Executor executor() {
        return executor;
    }

    private static long saturatedNanos(Duration duration) {
        try {
            return duration.toNanos();
        } catch (ArithmeticException beyondRange) {
            return Long.MAX_VALUE;
        }
    }
}
