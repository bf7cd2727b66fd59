package io.peregrine.client.internal.message;

import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import java.io.Serial;
import org.jspecify.annotations.Nullable;

/**
 * A status on its way to the call that ends with it. Carries no stack trace: an expected outcome, and one that a
 * server may cause at will.
 */
public final class CallFailure extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    private final transient Status status;

    CallFailure(StatusCode code, String message, @Nullable Throwable cause) {
        super(message, cause, false, false);
        this.status = new Status(code, message, cause);
    }

    /** How the call ends; never OK. */
    public Status status() {
        return status;
    }
}
