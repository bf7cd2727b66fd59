package io.peregrine.client.resolver;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a resolver knows of an endpoint beyond its addresses, for balancers and connections (SPEC RS-6). Immutable; two
 * are equal if they have equal values under the same keys.
 */
public final class Attributes {
    /** No attributes. */
    public static final Attributes EMPTY = new Attributes(Map.of());

    private final Map<Key<?>, Object> values;

    private Attributes(Map<Key<?>, Object> values) {
        this.values = values;
    }

    /**
     * Names an attribute. Keys are compared by identity: make one and keep it.
     *
     * @param <T> the values; immutable, with an {@code equals} of their own
     */
    public static final class Key<T> {
        private final String name;
        private final Class<T> type;
        private final boolean ofConnection;

        private Key(String name, Class<T> type, boolean ofConnection) {
            this.name = name;
            this.type = type;
            this.ofConnection = ofConnection;
        }

        /** A key of what only balancers care for: connections live on when its value changes. */
        public static <T> Key<T> of(String name, Class<T> type) {
            return new Key<>(name, type, false);
        }

        /** A key of what connections depend on: another value needs another connection (SPEC SC-8). */
        public static <T> Key<T> ofConnection(String name, Class<T> type) {
            return new Key<>(name, type, true);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /** The value; null if there is none. */
    public <T> @Nullable T get(Key<T> key) {
        return key.type.cast(values.get(key));
    }

    /** The value, or {@code otherwise} if there is none. */
    public <T> T get(Key<T> key, T otherwise) {
        T value = get(key);
        return value == null ? otherwise : value;
    }

    /** These attributes with one more, or another value. */
    public <T> Attributes with(Key<T> key, T value) {
        Map<Key<?>, Object> more = new LinkedHashMap<>(values);
        more.put(key, Objects.requireNonNull(value));
        return new Attributes(more);
    }

    /** Those that connections depend on. */
    public Attributes ofConnection() {
        Map<Key<?>, Object> kept = new LinkedHashMap<>();
        values.forEach((key, value) -> {
            if (key.ofConnection) {
                kept.put(key, value);
            }
        });
        if (kept.isEmpty()) {
            return EMPTY;
        }
        return kept.size() == values.size() ? this : new Attributes(kept);
    }

    /** Whether there are none. */
    public boolean isEmpty() {
        return values.isEmpty();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Attributes that && values.equals(that.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return values.toString();
    }
}
