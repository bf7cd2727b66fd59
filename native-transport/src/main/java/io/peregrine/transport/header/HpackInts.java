package io.peregrine.transport.header;

import io.netty.buffer.ByteBuf;
import io.netty.util.AsciiString;

/** HPACK's integer and string representations (RFC 7541 §5), without Huffman coding. */
final class HpackInts {
    private HpackInts() {}

    /**
     * Writes {@code value} with a prefix of {@code prefixBits} bits; {@code pattern} holds the bits above the prefix.
     */
    static void writeInt(ByteBuf out, int pattern, int prefixBits, int value) {
        int limit = (1 << prefixBits) - 1;
        if (value < limit) {
            out.writeByte(pattern | value);
            return;
        }
        out.writeByte(pattern | limit);
        int rest = value - limit;
        while (rest >= 0x80) {
            out.writeByte((rest & 0x7F) | 0x80);
            rest >>>= 7;
        }
        out.writeByte(rest);
    }

    /** Writes a string literal as plain octets. */
    static void writeString(ByteBuf out, byte[] octets) {
        writeInt(out, 0, 7, octets.length);
        out.writeBytes(octets);
    }

    /** Writes a string literal as plain octets. */
    static void writeString(ByteBuf out, AsciiString text) {
        writeInt(out, 0, 7, text.length());
        out.writeBytes(text.array(), text.arrayOffset(), text.length());
    }
}
