package io.peregrine.transport.tls;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where PEM text comes from. A file is read when the builder that holds it is built, so that all complaints come from
 * one place and name the file.
 */
final class PemSource {
    private final String name;
    private final @Nullable Path file;
    private final byte @Nullable [] content;

    private PemSource(String name, @Nullable Path file, byte @Nullable [] content) {
        this.name = name;
        this.file = file;
        this.content = content;
    }

    static PemSource of(String option, Path file) {
        return new PemSource(option + ": " + file, file, null);
    }

    static PemSource of(String option, byte[] content) {
        return new PemSource(option + ": the bytes given", null, content.clone());
    }

    /** The option and the file, to begin a complaint with. */
    String name() {
        return name;
    }

    byte[] read() {
        byte[] bytes = file == null ? requireNonNull(content) : readFile(file);
        if (bytes.length == 0) {
            throw new IllegalArgumentException(name + " is empty (expected: PEM)");
        }
        return bytes;
    }

    private byte[] readFile(Path path) {
        try {
            return Files.readAllBytes(path);
        } catch (NoSuchFileException e) {
            throw new IllegalArgumentException(name + " does not exist (expected: a PEM file)", e);
        } catch (IOException e) {
            throw new IllegalArgumentException(name + " cannot be read (" + e.getMessage() + ")", e);
        }
    }
}
