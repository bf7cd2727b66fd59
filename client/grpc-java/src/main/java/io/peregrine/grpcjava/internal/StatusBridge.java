package io.peregrine.grpcjava.internal;

import io.grpc.Status;
import io.peregrine.allocation.MessageSizeException;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.report.AttemptReport;
import io.peregrine.client.report.CallReport;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** From a native status to grpc-java's and back. The codes have the same numbers. */
public final class StatusBridge {
    private StatusBridge() {}

    /**
     * A failure of a call. Where this side made it, and knows no cause, the cause is the native failure, which tells the
     * way of the call; a server's status stays as it is. A request over the limit is CANCELLED in grpc-java.
     */
    static Status toGrpc(StatusException failure) {
        io.peregrine.client.Status status = failure.status();
        Throwable cause = status.cause();
        if (cause instanceof MessageSizeException tooLarge) {
            return unsendable(tooLarge);
        }
        if (cause == null && !isOfServer(failure)) {
            cause = failure;
        }
        return Status.fromCodeValue(status.code().value())
                .withDescription(status.message().isEmpty() ? null : status.message())
                .withCause(cause);
    }

    /** A status of grpc-java's, for example one that call credentials failed with. */
    public static io.peregrine.client.Status toNative(Status status) {
        String description = status.getDescription();
        return new io.peregrine.client.Status(
                StatusCode.ofValue(status.getCode().value()),
                description == null ? "" : description,
                status.getCause());
    }

    /** The status of a call whose listener threw. */
    static Status thrown(String what, Throwable thrown) {
        return Status.CANCELLED.withCause(thrown).withDescription(what);
    }

    private static Status unsendable(MessageSizeException tooLarge) {
        Status why = Status.RESOURCE_EXHAUSTED.withDescription(
                "message too large " + tooLarge.size() + " > " + tooLarge.limit());
        return Status.CANCELLED.withDescription("Failed to stream message").withCause(why.asRuntimeException());
    }

    /** Whether this side saw the deadline pass, rather than a server that says so. */
    static boolean isLocalDeadline(StatusException failure) {
        return failure.code() == StatusCode.DEADLINE_EXCEEDED && !isOfServer(failure);
    }

    /** Whether the response had begun. */
    static boolean hasResponded(StatusException failure) {
        AttemptReport last = lastAttempt(failure);
        return last != null && last.responded();
    }

    /** A stream that a server ended with a status has a peer, and nothing happened to its connection. */
    private static boolean isOfServer(StatusException failure) {
        AttemptReport last = lastAttempt(failure);
        return last != null
                && last.peer() != null
                && last.failure() == null
                && last.status().code() == failure.code();
    }

    private static @Nullable AttemptReport lastAttempt(StatusException failure) {
        CallReport report = failure.report();
        List<AttemptReport> attempts = report == null ? List.of() : report.attempts();
        return attempts.isEmpty() ? null : attempts.get(attempts.size() - 1);
    }
}
