package io.peregrine.allocation;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;

/**
 * Writes a message as a gRPC Length-Prefixed-Message (gRPC over HTTP/2, "Requests"):
 *
 * <pre>
 *   +----------+-----------------------+------------------+
 *   | flag (1) | length (4, unsigned,  | message (length) |
 *   |          | big-endian)           |                  |
 *   +----------+-----------------------+------------------+
 * </pre>
 *
 * <p>Prefix and message share one direct buffer that is sized once, so the message is written where the socket
 * reads it. One that is to be compressed is encoded into a second buffer first, which lives only as long as that.
 */
public final class MessageFramer {
    /** The bytes before each message: one of flags, four of length. */
    public static final int PREFIX_BYTES = 5;

    /** The largest message that fits behind a prefix in one buffer, whose size is an int. */
    static final int MAX_FRAMEABLE_BYTES = Integer.MAX_VALUE - PREFIX_BYTES;

    private static final int UNCOMPRESSED = 0;
    private static final int COMPRESSED = 1;

    private MessageFramer() {}

    /**
     * Encodes one uncompressed message behind its prefix. May be called from any thread.
     *
     * @param allocator       where the buffer comes from
     * @param writer          encodes the message
     * @param message         the message
     * @param maxMessageBytes the largest encoded size allowed in bytes, without the prefix; 0 or more
     * @param <T>             the type of the message
     * @return a new direct buffer that holds prefix and message; the caller owns it
     * @throws MessageSizeException  if the message is over the limit; nothing was allocated then
     * @throws IllegalStateException if the writer wrote another number of bytes than it said
     */
    public static <T> ByteBuf frame(
            ByteBufAllocator allocator, MessageWriter<? super T> writer, T message, int maxMessageBytes) {
        return framePlain(allocator, writer, message, checkSize(writer.encodedSize(message), maxMessageBytes));
    }

    /**
     * Encodes one message, compresses it and puts the prefix before it. A message without bytes stays as it is, with
     * the flag 0 (SPEC MS-4). May be called from any thread.
     *
     * <p>The compressed bytes are written where the socket reads them, behind room for the prefix, which is filled in
     * when their number is known. The buffer begins with room for the message as it was; only one that compression
     * makes larger needs more.
     *
     * @param allocator       where the buffers come from
     * @param writer          encodes the message
     * @param message         the message
     * @param maxMessageBytes the largest encoded size allowed in bytes, before compression; 0 or more
     * @param compressor      compresses what the writer wrote
     * @param <T>             the type of the message
     * @return a new direct buffer that holds prefix and compressed message; the caller owns it
     * @throws MessageSizeException  if the message is over the limit; nothing was allocated or compressed then
     * @throws IllegalStateException if the writer wrote another number of bytes than it said
     * @throws IOException           if the compressor failed
     */
    public static <T> ByteBuf frame(
            ByteBufAllocator allocator,
            MessageWriter<? super T> writer,
            T message,
            int maxMessageBytes,
            MessageCompressor compressor)
            throws IOException {
        int size = checkSize(writer.encodedSize(message), maxMessageBytes);
        if (size == 0) {
            return framePlain(allocator, writer, message, 0);
        }
        ByteBuf plain = allocator.directBuffer(size);
        try {
            writer.write(message, plain);
            checkWritten(plain.writerIndex(), size);
            return frameCompressed(allocator, plain, compressor);
        } finally {
            plain.release();
        }
    }

    private static <T> ByteBuf framePlain(
            ByteBufAllocator allocator, MessageWriter<? super T> writer, T message, int size) {
        // No maximum capacity: a writer that goes past its size is then told by how much.
        ByteBuf frame = allocator.directBuffer(PREFIX_BYTES + size);
        try {
            frame.writeByte(UNCOMPRESSED).writeInt(size);
            writer.write(message, frame);
            checkWritten(frame.writerIndex() - PREFIX_BYTES, size);
        } catch (Throwable failure) {
            frame.release();
            throw failure;
        }
        return frame;
    }

    private static ByteBuf frameCompressed(ByteBufAllocator allocator, ByteBuf plain, MessageCompressor compressor)
            throws IOException {
        ByteBuf frame = allocator.directBuffer(PREFIX_BYTES + plain.readableBytes());
        try {
            frame.writeZero(PREFIX_BYTES);
            compressor.compress(plain, frame);
            frame.setByte(0, COMPRESSED).setInt(1, frame.writerIndex() - PREFIX_BYTES);
        } catch (Throwable failure) {
            frame.release();
            throw failure;
        }
        return frame;
    }

    private static int checkSize(int size, int maxMessageBytes) {
        if (maxMessageBytes < 0) {
            throw new IllegalArgumentException("maxMessageBytes: " + maxMessageBytes + " (expected: 0 or more)");
        }
        if (size < 0) {
            throw new IllegalStateException("encodedSize: " + size + " bytes (expected: 0 or more)");
        }
        int limit = Math.min(maxMessageBytes, MAX_FRAMEABLE_BYTES);
        if (size > limit) {
            throw new MessageSizeException(size, limit);
        }
        return size;
    }

    private static void checkWritten(int written, int size) {
        if (written != size) {
            throw new IllegalStateException(
                    "wrote: " + written + " bytes (expected: " + size + " bytes, the encoded size)");
        }
    }
}
