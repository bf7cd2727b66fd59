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

    @Override
    public String toString() {
        return message.isEmpty() ? code.name() : code + ": " + message;
    }
}
