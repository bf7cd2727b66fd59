package io.peregrine.transport.header;

import io.netty.util.AsciiString;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The fields of one received header block, in the order of arrival. Valid only during the callback that hands it out:
 * the connection reuses it for the next block. Names and values themselves are immutable and may be kept.
 *
 * <p>A block that a server sends again and again is one and the same object each time, which does not change. What the
 * layer above has made of it can be {@linkplain #interpretation(Object) left} with it, and need not be made again.
 */
public final class ResponseHeaders {
    /** A block with more fields is refused: each costs more memory than HPACK's size counts (HOSTILE.md 2.2). */
    static final int MAX_FIELDS = 256;

    private AsciiString[] names = new AsciiString[8];
    private AsciiString[] values = new AsciiString[8];
    private int size;

    /** Whether the fields never change again. */
    private boolean lasting;

    private @Nullable Object interpretation;

    ResponseHeaders() {}

    /** Returns a block without fields, which does not change. */
    public static ResponseHeaders empty() {
        return new ResponseHeaders().lasting();
    }

    /** The number of fields. */
    public int size() {
        return size;
    }

    /** The name of field {@code index}, in {@code 0..size()-1}. */
    public AsciiString name(int index) {
        return names[index];
    }

    /** The value of field {@code index}, in {@code 0..size()-1}. */
    public AsciiString value(int index) {
        return values[index];
    }

    /** The value of the first field called {@code name}, or null if there is none. */
    public @Nullable AsciiString find(AsciiString name) {
        for (int i = 0; i < size; i++) {
            if (name.equals(names[i])) {
                return values[i];
            }
        }
        return null;
    }

    /** These fields in a form that stays as it is. */
    public ResponseHeaders lasting() {
        if (lasting) {
            return this;
        }
        ResponseHeaders copy = new ResponseHeaders();
        copy.names = Arrays.copyOf(names, size);
        copy.values = Arrays.copyOf(values, size);
        copy.size = size;
        copy.lasting = true;
        return copy;
    }

    /**
     * What was left with {@link #interpretation(Object)} when this block came before, or null. For the event loop of
     * the connection.
     */
    public @Nullable Object interpretation() {
        return interpretation;
    }

    /**
     * Leaves what the layer above has made of these fields, for the next time that they come. It must depend on the
     * fields and the connection only, and not on the call. Without effect on a block that is valid only now. For the
     * event loop of the connection.
     */
    public void interpretation(Object made) {
        if (lasting) {
            interpretation = made;
        }
    }

    void clear() {
        assert !lasting : "fields: " + this + " (expected: none that last)";
        size = 0;
    }

    void add(AsciiString name, AsciiString value) {
        assert !lasting : "fields: " + this + " (expected: none that last)";
        if (size == names.length) {
            names = Arrays.copyOf(names, size * 2);
            values = Arrays.copyOf(values, size * 2);
        }
        names[size] = name;
        values[size] = value;
        size++;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("[");
        for (int i = 0; i < size; i++) {
            text.append(i == 0 ? "" : ", ").append(names[i]);
        }
        return text.append(']').toString();
    }
}
