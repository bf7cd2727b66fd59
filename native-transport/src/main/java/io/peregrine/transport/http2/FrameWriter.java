package io.peregrine.transport.http2;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http2.Http2Error;
import io.peregrine.allocation.ownership.EventLoopConfined;
import io.peregrine.transport.header.HeaderBlockEncoder;
import org.jspecify.annotations.Nullable;

/**
 * Writes frames (RFC 9113 §4.1). Small frames of one loop turn share one buffer, so that they leave in one system
 * call; the payload of a large DATA frame goes by reference.
 *
 * <p>{@link #flush} hands everything to the socket; nothing leaves before.
 */
@EventLoopConfined
final class FrameWriter {
    private static final int FRAME_HEADER_BYTES = 9;
    private static final int HEADERS = 0x1;
    private static final int RST_STREAM = 0x3;
    private static final int SETTINGS = 0x4;
    private static final int PING = 0x6;
    private static final int GO_AWAY = 0x7;
    private static final int WINDOW_UPDATE = 0x8;
    private static final int CONTINUATION = 0x9;
    private static final int NO_FLAGS = 0;
    private static final int ACK = 0x1;
    private static final int END_STREAM = 0x1;
    private static final int END_HEADERS = 0x4;

    private static final byte[] PREFACE = ByteBufUtil.decodeHexDump("505249202a20485454502f322e300d0a0d0a534d0d0a0d0a");

    /** Up to here copying into the shared buffer is cheaper than a buffer of its own in the gathering write. */
    private static final int COPY_LIMIT_BYTES = 4096;

    /** A shared buffer of this size is handed on, so that it never grows without bound in one turn. */
    private static final int HAND_ON_BYTES = 64 << 10;

    private static final int MIN_BUFFER_BYTES = 512;

    private final Channel channel;
    private @Nullable ByteBuf shared;
    private int sharedCapacity = MIN_BUFFER_BYTES;
    private boolean written;
    private boolean writing;
    private int replies;
    private long settings;
    private long pings;
    private long requests;
    private long dataFrames;
    private long dataBytes;
    private int pingsInARow;

    FrameWriter(Channel channel) {
        this.channel = channel;
    }

    void preface() {
        buffer().writeBytes(PREFACE);
    }

    /** Writes SETTINGS from pairs of id and value. */
    void settings(long... idsAndValues) {
        settings++;
        ByteBuf out = buffer();
        frameHeader(out, idsAndValues.length / 2 * 6, SETTINGS, NO_FLAGS, 0);
        for (int i = 0; i < idsAndValues.length; i += 2) {
            out.writeShort((int) idsAndValues[i]);
            out.writeInt((int) idsAndValues[i + 1]);
        }
    }

    void settingsAck() {
        replies++;
        frameHeader(buffer(), 0, SETTINGS, ACK, 0);
    }

    void pingAck(long opaque) {
        replies++;
        ByteBuf out = buffer();
        frameHeader(out, 8, PING, ACK, 0);
        out.writeLong(opaque);
    }

    /** Writes PING, which is not an answer. */
    void ping(long opaque) {
        pings++;
        pingsInARow++;
        ByteBuf out = buffer();
        frameHeader(out, 8, PING, NO_FLAGS, 0);
        out.writeLong(opaque);
    }

    /**
     * The PINGs written since the last HEADERS, DATA with content, or WINDOW_UPDATE: what servers and proxies that
     * guard against PING floods may count.
     */
    int pingsInARow() {
        return pingsInARow;
    }

    void windowUpdate(int streamId, int increment) {
        pingsInARow = 0;
        ByteBuf out = buffer();
        frameHeader(out, 4, WINDOW_UPDATE, NO_FLAGS, streamId);
        out.writeInt(increment);
    }

    void rstStream(int streamId, Http2Error code) {
        ByteBuf out = buffer();
        frameHeader(out, 4, RST_STREAM, NO_FLAGS, streamId);
        out.writeInt((int) code.code());
    }

    /** Writes RST_STREAM for an error of the peer's. */
    void rstStreamReply(int streamId, Http2Error code) {
        replies++;
        rstStream(streamId, code);
    }

    /** Writes GOAWAY; a client's last stream id is 0, since the server opens none. */
    void goAway(Http2Error code, String debug) {
        ByteBuf out = buffer();
        int start = out.writerIndex();
        frameHeader(out, 0, GO_AWAY, NO_FLAGS, 0);
        out.writeInt(0);
        out.writeInt((int) code.code());
        int debugBytes = ByteBufUtil.writeUtf8(out, debug);
        out.setMedium(start, 8 + debugBytes);
    }

    /** Writes a request's HEADERS without END_STREAM, and CONTINUATION where the block is over the frame size. */
    void headers(TransportStream stream, HeaderBlockEncoder encoder, long timeoutNs, int maxFrameBytes) {
        requests++;
        pingsInARow = 0;
        ByteBuf out = buffer();
        int start = out.writerIndex();
        frameHeader(out, 0, HEADERS, END_HEADERS, stream.id);
        encoder.encode(stream.requestHeaders(), timeoutNs, stream.requestFields(), out);
        int blockBytes = out.writerIndex() - start - FRAME_HEADER_BYTES;
        out.setMedium(start, blockBytes);
        if (blockBytes > maxFrameBytes) {
            splitHeaders(out, start, stream.id, maxFrameBytes);
        }
    }

    /** Writes one DATA frame from {@code length} bytes of {@code source} at {@code index}; borrows the source. */
    void data(int streamId, ByteBuf source, int index, int length, boolean endStream) {
        dataFrames++;
        dataBytes += length;
        pingsInARow = length > 0 ? 0 : pingsInARow;
        ByteBuf out = buffer();
        frameHeader(out, length, 0, endStream ? END_STREAM : NO_FLAGS, streamId);
        if (length <= COPY_LIMIT_BYTES) {
            out.writeBytes(source, index, length);
            return;
        }
        handOn();
        write(source.retainedSlice(index, length));
    }

    /** Hands all frames to the socket, if there are any. */
    void flush() {
        if (shared != null) {
            handOn();
        }
        if (written) {
            written = false;
            boolean outer = writing;
            writing = true;
            try {
                channel.flush();
            } finally {
                writing = outer;
            }
        }
    }

    /** Flushes; the future completes when the socket has taken everything written so far, or never will. */
    ChannelFuture flushAndReport() {
        if (shared != null) {
            handOn();
        }
        replies = 0;
        written = false;
        boolean outer = writing;
        writing = true;
        try {
            return channel.writeAndFlush(Unpooled.EMPTY_BUFFER);
        } finally {
            writing = outer;
        }
    }

    /** The replies to frames of the peer's that were written since the last {@link #flushAndReport}. */
    int replies() {
        return replies;
    }

    /** The SETTINGS written on this connection, but for acknowledgements. */
    long settings() {
        return settings;
    }

    /** The PINGs written on this connection, but for acknowledgements. */
    long pings() {
        return pings;
    }

    /** The requests begun on this connection. */
    long requests() {
        return requests;
    }

    /** The DATA frames written on this connection. */
    long dataFrames() {
        return dataFrames;
    }

    /** The bytes in them. */
    long dataBytes() {
        return dataBytes;
    }

    /** Whether a write or a flush is on the stack: the channel may call its handlers from within one. */
    boolean isWriting() {
        return writing;
    }

    /** Drops what was not flushed: the connection is gone. */
    void discard() {
        if (shared != null) {
            shared.release();
            shared = null;
        }
    }

    private ByteBuf buffer() {
        ByteBuf out = shared;
        if (out != null && out.readableBytes() >= HAND_ON_BYTES) {
            handOn();
            out = null;
        }
        if (out == null) {
            out = channel.alloc().directBuffer(sharedCapacity);
            shared = out;
        }
        return out;
    }

    private void handOn() {
        ByteBuf out = shared;
        assert out != null;
        // The next turn is likely to be as large as this one; a turn that is far smaller lets it shrink.
        int used = out.readableBytes();
        if (used > sharedCapacity || used < sharedCapacity >> 2) {
            sharedCapacity = Math.max(MIN_BUFFER_BYTES, Integer.highestOneBit(used) << 1);
        }
        shared = null;
        write(out);
    }

    /** The void promise costs no object; a failed write arrives as exceptionCaught. */
    private void write(ByteBuf frames) {
        written = true;
        boolean outer = writing;
        writing = true;
        try {
            ChannelFuture unused = channel.write(frames, channel.voidPromise());
        } finally {
            writing = outer;
        }
    }

    /** The rare block that does not fit one frame: it was written behind one frame header and is cut up here. */
    private static void splitHeaders(ByteBuf out, int start, int streamId, int maxFrameBytes) {
        int blockStart = start + FRAME_HEADER_BYTES;
        ByteBuf rest = out.copy(blockStart + maxFrameBytes, out.writerIndex() - blockStart - maxFrameBytes);
        try {
            out.setMedium(start, maxFrameBytes);
            out.setByte(start + 4, NO_FLAGS);
            out.writerIndex(blockStart + maxFrameBytes);
            while (rest.isReadable()) {
                int length = Math.min(rest.readableBytes(), maxFrameBytes);
                boolean last = length == rest.readableBytes();
                frameHeader(out, length, CONTINUATION, last ? END_HEADERS : NO_FLAGS, streamId);
                out.writeBytes(rest, length);
            }
        } finally {
            rest.release();
        }
    }

    private static void frameHeader(ByteBuf out, int length, int type, int flags, int streamId) {
        out.writeMedium(length);
        out.writeShort(type << 8 | flags);
        out.writeInt(streamId);
    }
}
