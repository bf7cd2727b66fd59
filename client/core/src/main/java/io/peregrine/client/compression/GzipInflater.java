package io.peregrine.client.compression;

import io.netty.buffer.ByteBuf;
import java.io.EOFException;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import java.util.zip.ZipException;

/**
 * Reads gzip members (RFC 1952), one behind the other to the end of the input, and checks what they say of themselves:
 * the header's checksum, the length and the checksum of the data.
 *
 * <p>At no time is there more output than the limit and one byte. Not safe for use by several threads.
 */
final class GzipInflater {
    private static final short MAGIC = (short) 0x8b1f;
    private static final int METHOD_DEFLATE = 8;

    // RFC 1952 §2.3.1, FLG.
    private static final int HEADER_CHECKSUM = 0x02;
    private static final int EXTRA = 0x04;
    private static final int NAME = 0x08;
    private static final int COMMENT = 0x10;
    private static final int RESERVED = 0xe0;

    /** Time, extra flags and operating system. */
    private static final int IGNORED_BYTES = 6;

    private final Inflater inflater = new Inflater(true);
    private final CRC32 crc = new CRC32();

    /**
     * Appends what {@code in} holds to {@code out}; stops when that is more than {@code maxBytes}.
     *
     * @throws EOFException if the input ends too early
     * @throws ZipException if it is anything but gzip members
     */
    void inflate(ByteBuffer in, ByteBuf out, int maxBytes) throws IOException {
        long end = out.writerIndex() + maxBytes + 1L;
        in.order(ByteOrder.LITTLE_ENDIAN);
        try {
            do {
                readHeader(in);
                int start = out.writerIndex();
                inflateMember(in, out, end);
                if (out.writerIndex() == end) {
                    return;
                }
                readTrailer(in, out.writerIndex() - start);
                inflater.reset();
            } while (in.hasRemaining());
        } catch (BufferUnderflowException truncated) {
            throw new EOFException("gzip: truncated");
        }
    }

    /** Ready for another input; lets go of the last one. */
    void reset() {
        inflater.reset();
    }

    /** Frees the native state. */
    void end() {
        inflater.end();
    }

    private void readHeader(ByteBuffer in) throws ZipException {
        int start = in.position();
        requireEqual("magic number", in.getShort() & 0xffff, MAGIC & 0xffff);
        requireEqual("compression method", in.get() & 0xff, METHOD_DEFLATE);
        int flags = in.get();
        requireEqual("reserved flags", flags & RESERVED, 0);
        skip(in, IGNORED_BYTES);
        if ((flags & EXTRA) != 0) {
            skip(in, in.getShort() & 0xffff);
        }
        if ((flags & NAME) != 0) {
            skipText(in);
        }
        if ((flags & COMMENT) != 0) {
            skipText(in);
        }
        if ((flags & HEADER_CHECKSUM) != 0) {
            crc.reset();
            crc.update(in.duplicate().position(start).limit(in.position()));
            requireEqual("header checksum", in.getShort() & 0xffff, crc.getValue() & 0xffff);
        }
    }

    private static void skip(ByteBuffer in, int bytes) {
        if (in.remaining() < bytes) {
            throw new BufferUnderflowException();
        }
        in.position(in.position() + bytes);
    }

    private static void skipText(ByteBuffer in) {
        while (in.get() != 0) {
            // Names and comments end with a zero.
        }
    }

    private void inflateMember(ByteBuffer in, ByteBuf out, long end) throws IOException {
        crc.reset();
        inflater.setInput(in);
        while (!inflater.finished() && out.writerIndex() < end) {
            if (!out.isWritable()) {
                out.ensureWritable((int) Math.min(GzipCodec.STEP_BYTES, end - out.writerIndex()));
            }
            int room = (int) Math.min(out.writableBytes(), end - out.writerIndex());
            ByteBuffer target = out.nioBuffer(out.writerIndex(), room);
            int written = inflateInto(target);
            if (written == 0 && !inflater.finished()) {
                if (inflater.needsDictionary()) {
                    throw new ZipException("gzip: needs a preset dictionary");
                }
                throw new EOFException("gzip: truncated");
            }
            crc.update(target.flip());
            out.writerIndex(out.writerIndex() + written);
        }
    }

    private int inflateInto(ByteBuffer target) throws ZipException {
        try {
            return inflater.inflate(target);
        } catch (DataFormatException corrupt) {
            throw new ZipException("gzip: " + corrupt.getMessage());
        }
    }

    private void readTrailer(ByteBuffer in, int size) throws ZipException {
        requireEqual("checksum", in.getInt() & 0xffff_ffffL, crc.getValue());
        requireEqual("length", in.getInt() & 0xffff_ffffL, size);
    }

    private static void requireEqual(String what, long actual, long expected) throws ZipException {
        if (actual != expected) {
            throw new ZipException("gzip: " + what + ": 0x" + Long.toHexString(actual) + " (expected: 0x"
                    + Long.toHexString(expected) + ')');
        }
    }
}
