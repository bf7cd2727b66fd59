package io.peregrine.client.internal;

import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;

/**
 * Statuses that this side chose for a call: by its picker, its config selector, its service config or its credentials
 * (gRFC A54, SPEC PK-6).
 */
final class ControlPlaneStatus {
    private ControlPlaneStatus() {}

    /**
     * Leaves a status alone unless its code tells what the server did with the call, which nobody here can know. Such
     * a one becomes INTERNAL with the original in its message. Retries see the new code.
     */
    static Status restrict(Status status) {
        return switch (status.code()) {
            case OK,
                    INVALID_ARGUMENT,
                    NOT_FOUND,
                    ALREADY_EXISTS,
                    FAILED_PRECONDITION,
                    ABORTED,
                    OUT_OF_RANGE,
                    DATA_LOSS ->
                new Status(
                        StatusCode.INTERNAL,
                        "a status that only the server may choose was chosen by the client: " + status,
                        status.cause());
            case CANCELLED,
                    UNKNOWN,
                    DEADLINE_EXCEEDED,
                    PERMISSION_DENIED,
                    RESOURCE_EXHAUSTED,
                    UNIMPLEMENTED,
                    INTERNAL,
                    UNAVAILABLE,
                    UNAUTHENTICATED -> status;
        };
    }
}
