package io.peregrine.client;

import org.jspecify.annotations.Nullable;

/**
 * How a call ended: a code, a message for people, and on this side the exception behind it, if there was one.
 *
 * @param code the code
 * @param message the message, empty if there is none
 * @param cause the exception that caused it; never sent or received
 */
public record Status(
        StatusCode code, String message, @Nullable Throwable cause) {
    /** Success. */
    public static final Status OK = new Status(StatusCode.OK, "", null);

    /** A status without a cause. */
    public static Status of(StatusCode code, String message) {
        return new Status(code, message, null);
    }

    /** Whether the code is {@link StatusCode#OK}. */
    public boolean isOk() {
        return code == StatusCode.OK;
    }

    /** This status with another message. */
    public Status withMessage(String newMessage) {
        return new Status(code, newMessage, cause);
    }

    /**
     * This status as one of a picker, config selector, service config or call credentials: codes that only a server
     * may use, which tell what it did with the call, become INTERNAL with the original in the message (gRFC A54; SPEC
     * PK-6). Retries see the new code. OK is one of those: a call that was
     * never sent has not succeeded.
     */
    public Status asControlPlane() {
        return switch (code) {
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
                        "a status that only the server may choose was chosen by the client: " + this,
                        cause);
            case CANCELLED,
                    UNKNOWN,
                    DEADLINE_EXCEEDED,
                    PERMISSION_DENIED,
                    RESOURCE_EXHAUSTED,
                    UNIMPLEMENTED,
                    INTERNAL,
                    UNAVAILABLE,
                    UNAUTHENTICATED -> this;
        };
    }

    @Override
    public String toString() {
        return message.isEmpty() ? code.name() : code + ": " + message;
    }
}
