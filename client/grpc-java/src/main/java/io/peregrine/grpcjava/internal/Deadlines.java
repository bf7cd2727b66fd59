package io.peregrine.grpcjava.internal;

import io.grpc.Deadline;
import io.grpc.Status;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** How grpc-java tells of deadlines, which tests and dashboards of its users look for. */
final class Deadlines {
    private static final double NS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);

    private Deadlines() {}

    /** The status of a call whose deadline had passed when it started. */
    static Status expiredAtStart(Deadline deadline, boolean ofContext) {
        return Status.DEADLINE_EXCEEDED.withDescription(String.format(
                Locale.US,
                "ClientCall started after %s deadline was exceeded %.9f seconds ago.",
                source(ofContext),
                -deadline.timeRemaining(TimeUnit.NANOSECONDS) / NS_PER_SECOND));
    }

    /** The status of a call whose deadline, {@code timeoutNs} after its start, this side has seen pass. */
    static Status exceeded(long timeoutNs, boolean ofContext, String details) {
        return Status.DEADLINE_EXCEEDED.withDescription(String.format(
                Locale.US,
                "%s deadline exceeded after %.9fs. [%s]",
                source(ofContext),
                timeoutNs / NS_PER_SECOND,
                details));
    }

    private static String source(boolean ofContext) {
        return ofContext ? "Context" : "CallOptions";
    }
}
