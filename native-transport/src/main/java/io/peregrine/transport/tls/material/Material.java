package io.peregrine.transport.tls.material;

import java.util.List;
import java.util.function.Supplier;

/**
 * What a TLS context is made of, and how to read it as often as need be.
 *
 * @param sources everything that {@code reader} reads
 * @param reader reads it; complains by {@link IllegalArgumentException} with one sentence that names the source
 * @param <T> what it is read into
 */
public record Material<T>(List<MaterialSource> sources, Supplier<T> reader) {
    /** Reads it, or complains by {@link IllegalArgumentException}. */
    public T read() {
        return reader.get();
    }
}
