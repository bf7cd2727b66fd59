package io.peregrine.grpcjava.internal.message;

import io.grpc.Detachable;
import io.grpc.HasByteBuffer;
import io.grpc.KnownLength;
import io.netty.buffer.ByteBuf;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A message where it was received, as the stream that a grpc-java marshaller reads. Good until the marshaller returns;
 * {@link #detach} makes one that lasts until it is closed. Not safe for use by several threads.
 */
final class InboundStream extends InputStream implements KnownLength, HasByteBuffer, Detachable {
    private static final int NO_MARK = -1;

    /** Null once it is closed or detached. */
    private @Nullable ByteBuf message;

    private final boolean owned;
    private int mark = NO_MARK;

    /** A stream over bytes that are borrowed. */
    InboundStream(ByteBuf message) {
        this(message, false);
    }

    private InboundStream(ByteBuf message, boolean owned) {
        this.message = message;
        this.owned = owned;
    }

    @Override
    public int available() {
        ByteBuf from = message;
        return from == null ? 0 : from.readableBytes();
    }

    @Override
    public int read() {
        ByteBuf from = message;
        return from == null || !from.isReadable() ? -1 : from.readUnsignedByte();
    }

    @Override
    public int read(byte[] to, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, to.length);
        if (length == 0) {
            return 0;
        }
        ByteBuf from = message;
        if (from == null || !from.isReadable()) {
            return -1;
        }
        int count = Math.min(length, from.readableBytes());
        from.readBytes(to, offset, count);
        return count;
    }

    @Override
    public long skip(long bytes) {
        ByteBuf from = message;
        if (from == null || bytes <= 0) {
            return 0;
        }
        int count = (int) Math.min(bytes, from.readableBytes());
        from.skipBytes(count);
        return count;
    }

    @Override
    public boolean markSupported() {
        return true;
    }

    @Override
    public void mark(int readLimit) {
        ByteBuf from = message;
        mark = from == null ? NO_MARK : from.readerIndex();
    }

    @Override
    public void reset() {
        ByteBuf from = message;
        if (from == null || mark == NO_MARK) {
            throw new IllegalStateException("reset of a stream without a mark");
        }
        from.readerIndex(mark);
    }

    @Override
    public boolean byteBufferSupported() {
        return true;
    }

    /** What is left, or the first part of it where it lies in several; {@link #skip} moves on. Read-only. */
    @Override
    public @Nullable ByteBuffer getByteBuffer() {
        ByteBuf from = message;
        if (from == null || !from.isReadable()) {
            return null;
        }
        ByteBuffer first = from.nioBufferCount() == 1 ? from.nioBuffer() : from.nioBuffers()[0];
        return first.asReadOnlyBuffer();
    }

    @Override
    public InputStream detach() {
        ByteBuf from = message;
        if (from == null) {
            throw new IllegalStateException("the stream is closed, or was detached before");
        }
        message = null;
        return new InboundStream(owned ? from : from.readRetainedSlice(from.readableBytes()), true);
    }

    @Override
    public void close() {
        ByteBuf from = message;
        message = null;
        if (from != null && owned) {
            from.release();
        }
    }
}
