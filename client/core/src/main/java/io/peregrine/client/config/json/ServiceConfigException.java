package io.peregrine.client.config.json;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/**
 * A service config that is wrong. The message is one sentence with the JSON path, the value and what was expected, for
 * example {@code $.methodConfig[1].retryPolicy.maxAttempts: 1 (expected: an integer of at least 2)}. The config is
 * invalid as a whole (SPEC SV-9).
 */
public final class ServiceConfigException extends IllegalArgumentException {
    @Serial
    private static final long serialVersionUID = 1;

    /** With its sentence. */
    public ServiceConfigException(String message) {
        this(message, null);
    }

    /** With its sentence and the exception behind it. */
    public ServiceConfigException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
