package io.peregrine.load.serve;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.handler.codec.http2.Http2CodecUtil;
import java.util.ArrayDeque;
import java.util.function.Consumer;

/**
 * Sends answers within what the client allows: the connection's window, the stream's window and the frame
 * size (RFC 9113 §6.9, §4.2), and no faster than the socket takes them.
 *
 * <p>Confined to the connection's event loop. An answer that cannot go out whole waits in {@link #blocked}
 * and goes on when credit arrives or the socket is writable again.
 */
final class Responses {
    private final Channel channel;
    private final FrameWriter writer;
    private final Consumer<ServerStream> onDone;
    private final ResponseBlocks blocks = new ResponseBlocks();
    private final ArrayDeque<ServerStream> blocked = new ArrayDeque<>();
    private int connectionWindow = Http2CodecUtil.DEFAULT_WINDOW_SIZE;
    private int maxFrameBytes = Http2CodecUtil.DEFAULT_MAX_FRAME_SIZE;

    /**
     * @param onDone receives each stream whose answer is written to its end
     */
    Responses(Channel channel, FrameWriter writer, Consumer<ServerStream> onDone) {
        this.channel = channel;
        this.writer = writer;
        this.onDone = onDone;
    }

    void peerTableSize(long bytes) {
        blocks.peerTableSize(bytes);
    }

    void peerMaxFrameSize(int bytes) {
        maxFrameBytes = bytes;
    }

    /** Returns false when the window would pass 2^31-1 (§6.9.1). */
    boolean replenishConnection(int credit) {
        long grown = (long) connectionWindow + credit;
        if (grown > Http2CodecUtil.MAX_INITIAL_WINDOW_SIZE) {
            return false;
        }
        connectionWindow = (int) grown;
        return true;
    }

    /** Starts the answer that {@link ServerStream#body} holds. */
    void start(ServerStream stream) {
        stream.answering = true;
        proceed(stream);
    }

    void fail(ServerStream stream, int grpcStatus, String message) {
        stream.answering = true;
        writer.headers(stream.id, blocks.failure(grpcStatus, message), true);
        onDone.accept(stream);
    }

    void refuse(ServerStream stream, int httpStatus) {
        stream.answering = true;
        writer.headers(stream.id, blocks.httpStatus(httpStatus), true);
        onDone.accept(stream);
    }

    /** Goes on with every answer that waits, as far as the connection's window and the socket allow. */
    void proceedBlocked() {
        for (int left = blocked.size(); left > 0 && connectionWindow > 0 && channel.isWritable(); left--) {
            ServerStream stream = blocked.remove();
            stream.queued = false;
            if (stream.closed) {
                onDone.accept(stream);
            } else {
                proceed(stream);
            }
        }
    }

    /** Goes on with one answer after its own window has grown. */
    void proceed(ServerStream stream) {
        if (!stream.headersSent) {
            writer.headers(stream.id, blocks.headers(), false);
            stream.headersSent = true;
        }
        if (!sendBody(stream)) {
            stream.keepBody(channel.alloc());
            if (!stream.queued) {
                stream.queued = true;
                blocked.add(stream);
            }
            return;
        }
        writer.headers(stream.id, blocks.okTrailers(), true);
        onDone.accept(stream);
    }

    void close() {
        blocked.clear();
    }

    private boolean sendBody(ServerStream stream) {
        ByteBuf body = stream.body();
        while (stream.remaining() > 0) {
            int bytes = Math.min(
                    Math.min(stream.remaining(), maxFrameBytes), Math.min(stream.sendWindow, connectionWindow));
            if (bytes <= 0 || !channel.isWritable()) {
                return false;
            }
            writer.data(stream.id, body, stream.bodyIndex, bytes);
            stream.bodyIndex += bytes;
            stream.sendWindow -= bytes;
            connectionWindow -= bytes;
        }
        return true;
    }
}
