package io.peregrine.client.internal.chain;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Deadline;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.transport.http2.TransportStream;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * How long a thread waits for a call that others ought to end: until the deadline of the call's options and half a
 * second more, so that whoever ends the call as it should comes first.
 */
public final class CallerDeadline {
    /** After its deadline a call gets so long to be ended by whoever ought to, before its caller gives up on it. */
    public static final long GRACE_NS = TimeUnit.MILLISECONDS.toNanos(500);

    private static final Executor SAME_THREAD = Runnable::run;

    private CallerDeadline() {}

    /**
     * When a caller that starts to wait now gives up, on the clock of {@link System#nanoTime()};
     * {@link TransportStream#NO_DEADLINE} for never.
     */
    public static long giveUpNs(CallOptions options) {
        long now = System.nanoTime();
        long leftNs = options.timeoutNs();
        Deadline fixed = options.deadline();
        if (fixed != null) {
            leftNs = Math.min(leftNs, Math.max(0, fixed.nanoTime() - now));
        }
        return leftNs > Long.MAX_VALUE / 2 ? TransportStream.NO_DEADLINE : now + leftNs + GRACE_NS;
    }

    /** Options under which nothing that the waiting thread waits for needs an executor. */
    public static CallOptions withoutExecutor(CallOptions options) {
        return options.executor() == null ? options : options.withExecutor(SAME_THREAD);
    }

    /** How a call ends that nobody has ended in time. */
    public static Status exceeded() {
        return Status.of(
                StatusCode.DEADLINE_EXCEEDED,
                "deadline exceeded, and neither an interceptor nor the connection ended" + " the call");
    }
}
