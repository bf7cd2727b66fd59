package io.peregrine.transport.header;

import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/**
 * The fields of one received header block, in the order of arrival. Valid only during the callback that hands it out:
 * the connection reuses it for the next block. Names and values themselves are immutable and may be kept.
 */
public final class ResponseHeaders {
    /** A block with more fields is refused: each costs more memory than HPACK's size counts (HOSTILE.md 2.2). */
    static final int MAX_FIELDS = 256;

    private AsciiString[] names = new AsciiString[8];
    private AsciiString[] values = new AsciiString[8];
    private int size;

    ResponseHeaders() {}

    /** Returns a block without fields. */
    public static ResponseHeaders empty() {
        return new ResponseHeaders();
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

    /** A copy that stays as it is. */
    public ResponseHeaders copy() {
        ResponseHeaders copy = new ResponseHeaders();
        copy.names = java.util.Arrays.copyOf(names, names.length);
        copy.values = java.util.Arrays.copyOf(values, values.length);
        copy.size = size;
        return copy;
    }

    void clear() {
        size = 0;
    }

    void add(AsciiString name, AsciiString value) {
        if (size == names.length) {
            names = java.util.Arrays.copyOf(names, size * 2);
            values = java.util.Arrays.copyOf(values, size * 2);
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
