package io.peregrine.client.credentials;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A bearer token and the time until which it is valid. Its text never shows the value.
 *
 * @param value goes behind {@code Bearer} as it is: one or more characters in 0x21..0x7E
 * @param expiry from when on it is not valid any more; null for a token that stays valid
 */
public record AccessToken(String value, @Nullable Instant expiry) {
    /**
     * Makes a token.
     *
     * @throws IllegalArgumentException if the value is empty or has a character outside 0x21..0x7E; the message does
     *     not show the value
     */
    public AccessToken {
        if (value.isEmpty()) {
            throw new IllegalArgumentException("token: empty (expected: one or more characters in 0x21..0x7E)");
        }
        for (int i = 0; i < value.length(); i++) {
            if (value.charAt(i) <= 0x20 || value.charAt(i) > 0x7E) {
                throw new IllegalArgumentException("token: illegal character at " + i + " (expected: 0x21..0x7E)");
            }
        }
    }

    /** A token that stays valid. */
    public static AccessToken of(String value) {
        return new AccessToken(value, null);
    }

    /** The expiry only: the value is a secret. */
    @Override
    public String toString() {
        return "AccessToken[expiry=" + (expiry == null ? "never" : expiry) + ']';
    }
}
