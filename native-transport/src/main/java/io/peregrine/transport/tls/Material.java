package io.peregrine.transport.tls;

import java.util.List;
import java.util.function.Supplier;

/**
 * What a TLS context is made of, and how to read it as often as need be.
 *
 * @param sources everything that {@code reader} reads
 * @param reader reads it; complains by {@link IllegalArgumentException} with one sentence that names the source
 */
record Material<T>(List<MaterialSource> sources, Supplier<T> reader) {
    T read() {
        return reader.get();
    }
}
