package io.peregrine.transport.tls.material;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * Where certificates and keys come from: a file, bytes, or whatever an application asks. It is read when the builder
 * that holds it is built, so that all complaints come from one place and name the file, and again at each reload.
 */
public final class MaterialSource {
    /** Reads the bytes, or complains with a sentence that names the source. */
    private interface Reader {
        byte[] read(String name);
    }

    private final String name;
    private final boolean mayChange;
    private final Reader reader;

    private MaterialSource(String name, boolean mayChange, Reader reader) {
        this.name = name;
        this.mayChange = mayChange;
        this.reader = reader;
    }

    /** Returns a source that reads the file each time; {@code option} is what complaints begin with. */
    public static MaterialSource of(String option, Path file) {
        return new MaterialSource(option + ": " + file, true, name -> readFile(name, file));
    }

    /** Returns a source of a copy of these bytes. */
    public static MaterialSource of(String option, byte[] content) {
        byte[] copy = content.clone();
        return new MaterialSource(option + ": the bytes given", false, name -> copy);
    }

    /** Returns a source that asks the supplier each time. */
    public static MaterialSource of(String option, Supplier<byte[]> supplier) {
        return new MaterialSource(option + ": what the supplier returned", true, name -> ask(name, supplier));
    }

    /** The option and the file, to begin a complaint with. */
    public String name() {
        return name;
    }

    /** Whether another {@link #read()} may return other bytes. */
    public boolean mayChange() {
        return mayChange;
    }

    /**
     * Returns the bytes, of which there is at least one.
     *
     * @throws IllegalArgumentException if there is none or they cannot be read; the message names the source
     */
    public byte[] read() {
        byte[] bytes = reader.read(name);
        if (bytes.length == 0) {
            throw new IllegalArgumentException(name + " is empty");
        }
        return bytes;
    }

    /** Returns a source of the same name with what this one has now. */
    public MaterialSource snapshot() {
        byte[] bytes = read();
        return new MaterialSource(name, false, ignored -> bytes);
    }

    private static byte[] readFile(String name, Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new IllegalArgumentException(name + " does not exist", e);
        } catch (IOException e) {
            throw new IllegalArgumentException(name + " cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /** The supplier is foreign code: whatever it throws is one more way not to have the bytes. */
    private static byte[] ask(String name, Supplier<byte[]> supplier) {
        try {
            return requireNonNull(supplier.get(), "null (expected: bytes)");
        } catch (RuntimeException e) {
            throw new IllegalArgumentException(name + " cannot be read (" + e + ")", e);
        }
    }
}
