package io.peregrine.load.serve;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2FrameTypes;
import org.jspecify.annotations.Nullable;

/**
 * Writes frames one behind the other into one buffer, which goes out with the next {@link #flush}.
 *
 * <p>Confined to the connection's event loop. What a read batch causes is one write to the socket.
 */
final class FrameWriter {
    /** A full buffer is handed to the channel at this size, so that its water marks count it. */
    private static final int CHUNK_BYTES = 64 << 10;

    private static final int HEADER_BYTES = Http2CodecUtil.FRAME_HEADER_LENGTH;
    private static final int END_STREAM = 0x1;
    private static final int END_HEADERS = 0x4;
    private static final int ACK = 0x1;

    private final ChannelHandlerContext ctx;
    private @Nullable ByteBuf out;
    private boolean flushOwed;

    FrameWriter(ChannelHandlerContext ctx) {
        this.ctx = ctx;
    }

    void headers(int streamId, byte[] block, boolean endStream) {
        int flags = endStream ? END_HEADERS | END_STREAM : END_HEADERS;
        begin(Http2FrameTypes.HEADERS, flags, streamId, block.length).writeBytes(block);
    }

    /** Copies {@code length} bytes of {@code source} from {@code index}; its own indices stay as they are. */
    void data(int streamId, ByteBuf source, int index, int length) {
        begin(Http2FrameTypes.DATA, 0, streamId, length).writeBytes(source, index, length);
    }

    void reset(int streamId, long errorCode) {
        begin(Http2FrameTypes.RST_STREAM, 0, streamId, Integer.BYTES).writeInt((int) errorCode);
    }

    void settings(int maxConcurrentStreams, int initialWindowBytes, int maxHeaderListBytes) {
        ByteBuf frame = begin(Http2FrameTypes.SETTINGS, 0, 0, 3 * Http2CodecUtil.SETTING_ENTRY_LENGTH);
        frame.writeShort(Http2CodecUtil.SETTINGS_MAX_CONCURRENT_STREAMS).writeInt(maxConcurrentStreams);
        frame.writeShort(Http2CodecUtil.SETTINGS_INITIAL_WINDOW_SIZE).writeInt(initialWindowBytes);
        frame.writeShort(Http2CodecUtil.SETTINGS_MAX_HEADER_LIST_SIZE).writeInt(maxHeaderListBytes);
    }

    void settingsAck() {
        begin(Http2FrameTypes.SETTINGS, ACK, 0, 0);
    }

    void pingAck(long payload) {
        begin(Http2FrameTypes.PING, ACK, 0, Long.BYTES).writeLong(payload);
    }

    void windowUpdate(int streamId, int credit) {
        begin(Http2FrameTypes.WINDOW_UPDATE, 0, streamId, Integer.BYTES).writeInt(credit);
    }

    void goAway(int lastStreamId, long errorCode) {
        begin(Http2FrameTypes.GO_AWAY, 0, 0, 2 * Integer.BYTES)
                .writeInt(lastStreamId)
                .writeInt((int) errorCode);
    }

    /** Hands everything to the socket. */
    void flush() {
        handOver();
        if (flushOwed) {
            flushOwed = false;
            ctx.flush();
        }
    }

    /** Flushes, then closes the channel. */
    void flushAndClose() {
        flush();
        ChannelFuture unused = ctx.close();
    }

    void release() {
        if (out != null) {
            out.release();
            out = null;
        }
    }

    private ByteBuf begin(int type, int flags, int streamId, int payloadBytes) {
        if (out != null && out.readableBytes() >= CHUNK_BYTES) {
            handOver();
        }
        if (out == null) {
            out = ctx.alloc().directBuffer(CHUNK_BYTES);
        }
        return out.ensureWritable(HEADER_BYTES + payloadBytes)
                .writeMedium(payloadBytes)
                .writeByte(type)
                .writeByte(flags)
                .writeInt(streamId);
    }

    private void handOver() {
        if (out == null) {
            return;
        }
        // The channel releases the buffer whatever becomes of the write; a failure closes the channel.
        ChannelFuture unused = ctx.write(out);
        out = null;
        flushOwed = true;
    }
}
