package io.peregrine.client.compression;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * gzip (RFC 1952) over the JDK's zlib, from buffer to buffer.
 *
 * <p>A deflater takes some 270 KB of native memory and an inflater 40 KB, so both are kept for reuse: deflaters for
 * each codec, that is for each level, and inflaters for the process.
 */
final class GzipCodec implements Codec {
    /** At most one for each thread that runs at a time, and as many again for those that were interrupted at it. */
    static final int MAX_KEPT_STATES = 2 * Runtime.getRuntime().availableProcessors();

    /** Room is made in steps of this size when there is none left. */
    static final int STEP_BYTES = 4096;

    /** Magic, deflate, no flags, no time, no extra flags, unknown system (RFC 1952 §2.3). */
    private static final byte[] HEADER = {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, (byte) 0xff};

    private static final boolean RAW = true;

    private final StatePool<Deflater> deflaters;

    GzipCodec(int level) {
        deflaters = new StatePool<>(MAX_KEPT_STATES, () -> new Deflater(level, RAW), Deflater::reset, Deflater::end);
    }

    @Override
    public String name() {
        return "gzip";
    }

    @Override
    public void compress(ByteBuf message, ByteBuf out) {
        int size = message.readableBytes();
        CRC32 crc = new CRC32();
        Deflater deflater = deflaters.take();
        try {
            out.writeBytes(HEADER);
            for (ByteBuffer part : message.nioBuffers()) {
                crc.update(part.duplicate());
                deflater.setInput(part);
                while (!deflater.needsInput()) {
                    deflate(deflater, out);
                }
            }
            deflater.finish();
            while (!deflater.finished()) {
                deflate(deflater, out);
            }
        } finally {
            deflaters.giveBack(deflater);
        }
        out.writeIntLE((int) crc.getValue()).writeIntLE(size);
    }

    private static void deflate(Deflater deflater, ByteBuf out) {
        if (!out.isWritable()) {
            out.ensureWritable(STEP_BYTES);
        }
        int written = deflater.deflate(out.nioBuffer(out.writerIndex(), out.writableBytes()));
        out.writerIndex(out.writerIndex() + written);
    }

    @Override
    public void decompress(ByteBuf compressed, ByteBuf out, int maxBytes) throws IOException {
        // Headers and trailers may lie across parts, and zlib is called for each: one copy is the cheaper way.
        ByteBuf whole = compressed.nioBufferCount() == 1 ? compressed.retain() : copyOf(compressed);
        try {
            inflate(whole.nioBuffer(), out, maxBytes);
        } finally {
            whole.release();
        }
    }

    private static ByteBuf copyOf(ByteBuf parts) {
        return parts.alloc().directBuffer(parts.readableBytes()).writeBytes(parts);
    }

    private static void inflate(ByteBuffer compressed, ByteBuf out, int maxBytes) throws IOException {
        GzipInflater inflater = Inflaters.POOL.take();
        try {
            inflater.inflate(compressed, out, maxBytes);
        } finally {
            Inflaters.POOL.giveBack(inflater);
        }
    }

    @Override
    public String toString() {
        return name();
    }

    /** Made with the first message that needs one; every channel knows gzip, and most never meet it. */
    private static final class Inflaters {
        static final StatePool<GzipInflater> POOL =
                new StatePool<>(MAX_KEPT_STATES, GzipInflater::new, GzipInflater::reset, GzipInflater::end);

        private Inflaters() {}
    }
}
