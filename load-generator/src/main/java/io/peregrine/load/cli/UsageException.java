package io.peregrine.load.cli;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** What the user asked for cannot be done; the message is the one sentence that is printed, and the exit code is 2. */
final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UsageException(String message) {
        super(message);
    }

    UsageException(@Nullable String message, Throwable cause) {
        super(message, cause);
    }

    /** Turns the refusal of a value that the user gave into a usage error. */
    static <T> T unlessAccepted(Input<T> input) throws IOException {
        try {
            return input.read();
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage(), e);
        }
    }

    /** Reads or checks what the user gave; refuses it with an IllegalArgumentException. */
    interface Input<T> {
        T read() throws IOException;
    }
}
