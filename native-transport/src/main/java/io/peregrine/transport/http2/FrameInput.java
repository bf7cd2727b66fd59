package io.peregrine.transport.http2;

import static io.netty.handler.codec.http2.Http2Error.PROTOCOL_ERROR;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http2.DefaultHttp2FrameReader;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.peregrine.allocation.ownership.EventLoopConfined;
import io.peregrine.transport.header.HeaderSink;
import org.jspecify.annotations.Nullable;

/**
 * From the octets of the socket to frames: judges the server's preface, keeps what is less than a frame, and sorts
 * the reader's errors into those of a stream and those of the connection (RFC 9113 §5.4).
 *
 * <p>Invariant: after a connection error nothing is parsed.
 */
@EventLoopConfined
final class FrameInput {
    private final Http2ClientConnection connection;
    private final StreamLifecycle streams;
    private final PeerLabel peerLabel;
    private final DefaultHttp2FrameReader reader;
    private final Http2FrameListener receiver;
    private boolean parsing;
    private boolean prefaceSeen;
    private @Nullable ByteBuf unparsed;

    FrameInput(
            Http2ClientConnection connection,
            StreamLifecycle streams,
            PeerLabel peerLabel,
            HeaderSink.Decoder headersDecoder,
            Http2FrameListener receiver) {
        this.connection = connection;
        this.streams = streams;
        this.peerLabel = peerLabel;
        this.reader = new DefaultHttp2FrameReader(headersDecoder);
        this.receiver = receiver;
    }

    /** Takes one read of the socket, whose reference it owns from here. */
    void read(ChannelHandlerContext ctx, ByteBuf received) {
        ByteBuf kept = unparsed;
        ByteBuf input =
                kept == null ? received : ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), kept, received);
        unparsed = input;
        parsing = true;
        try {
            if (prefaceSeen || judgePreface(input)) {
                readFrames(ctx, input);
            }
        } finally {
            parsing = false;
            if (connection.isClosed() || !input.isReadable()) {
                unparsed = null;
                input.release();
            }
        }
    }

    /** After a stream error the frame is consumed and the next one follows; after a connection error nothing does. */
    private void readFrames(ChannelHandlerContext ctx, ByteBuf input) {
        boolean again;
        do {
            again = false;
            try {
                reader.readFrame(ctx, input, receiver);
            } catch (Http2Exception.StreamException streamError) {
                onStreamError(streamError);
                again = !connection.isClosed() && input.isReadable();
            } catch (Http2Exception error) {
                onConnectionError(error.error(), error.getMessage(), error);
            }
        } while (again);
    }

    private void onStreamError(Http2Exception.StreamException error) {
        int streamId = error.streamId();
        TransportStream stream = streams.table().find(streamId);
        if (stream == null) {
            if (!streams.table().wasOpened(streamId)) {
                onConnectionError(PROTOCOL_ERROR, error.getMessage() + " (stream " + streamId + " is idle)", error);
            }
        } else if (error instanceof Http2Exception.HeaderListSizeException) {
            streams.resetTooLarge(stream);
        } else {
            streams.reset(stream, error.error(), String.valueOf(error.getMessage()));
        }
    }

    private void onConnectionError(Http2Error code, @Nullable String what, Http2Exception error) {
        connection.closeWith(code, "connection error with " + peerLabel + ": " + what, error);
    }

    private boolean judgePreface(ByteBuf input) {
        switch (ServerPreface.judge(input)) {
            case INCOMPLETE -> {
                return false;
            }
            case HTTP2 -> {
                prefaceSeen = true;
                return true;
            }
            case FOREIGN -> {
                connection.closeWith(PROTOCOL_ERROR, notHttp2(input), null);
                return false;
            }
            default -> throw new AssertionError();
        }
    }

    /** What is wrong with the preface when the peer sends no more of it, or null if it sent none or all of it. */
    @Nullable
    String truncatedPreface() {
        ByteBuf rest = unparsed;
        return prefaceSeen || rest == null ? null : notHttp2(rest);
    }

    private String notHttp2(ByteBuf input) {
        return peerLabel + " does not speak HTTP/2: its first bytes are \"" + ServerPreface.show(input)
                + "\" (expected: a SETTINGS frame)";
    }

    /** Drops what was not parsed; what is being parsed goes when its reader is done. */
    void close() {
        reader.close();
        ByteBuf rest = unparsed;
        if (rest != null && !parsing) {
            rest.release();
            unparsed = null;
        }
    }
}
