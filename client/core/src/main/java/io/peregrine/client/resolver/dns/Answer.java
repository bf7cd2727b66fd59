package io.peregrine.client.resolver.dns;

import java.util.List;

/**
 * What is known of a name. Immutable.
 *
 * @param values empty if there are none
 * @param ttlNs for how long, in nanoseconds; {@link #NO_TTL} if nothing says so
 */
record Answer<T>(List<T> values, long ttlNs) {
    static final long NO_TTL = Long.MAX_VALUE;

    Answer {
        values = List.copyOf(values);
    }

    static <T> Answer<T> of(List<T> values) {
        return new Answer<>(values, NO_TTL);
    }
}
