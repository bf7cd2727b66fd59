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
    private static final int FRAME_HEADER_BYTES = 9;

    private final Http2ClientConnection connection;
    private final StreamLifecycle streams;
    private final PeerLabel peerLabel;
    private final DefaultHttp2FrameReader reader;
    private final Http2FrameListener receiver;
    private final FloodDefence flood;
    private boolean parsing;
    private boolean prefaceSeen;
    private @Nullable ByteBuf unparsed;

    FrameInput(
            Http2ClientConnection connection,
            StreamLifecycle streams,
            PeerLabel peerLabel,
            HeaderSink.Decoder headersDecoder,
            Http2FrameListener receiver,
            FloodDefence flood) {
        this.connection = connection;
        this.streams = streams;
        this.peerLabel = peerLabel;
        // HeaderBlockLimit counts CONTINUATION; the reader's own limit, which 0 would lower to none, knows no size.
        this.reader = new DefaultHttp2FrameReader(headersDecoder, Integer.MAX_VALUE);
        this.receiver = receiver;
        this.flood = flood;
    }

    /** Takes one read of the socket, whose reference it owns from here. */
    void read(ChannelHandlerContext ctx, ByteBuf received) {
        ByteBuf kept = unparsed;
        ByteBuf input =
                kept == null ? received : ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), kept, received);
        unparsed = input;
        parse(ctx, input);
    }

    /** Goes on with what was read and left when replies were not read. */
    void goOn(ChannelHandlerContext ctx) {
        ByteBuf kept = unparsed;
        if (kept != null) {
            parse(ctx, kept);
        }
    }

    private void parse(ChannelHandlerContext ctx, ByteBuf input) {
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

    /** Each frame is looked at before it is parsed, so that none is parsed that should not be. */
    private void readFrames(ChannelHandlerContext ctx, ByteBuf input) {
        while (!connection.isClosed() && input.readableBytes() >= FRAME_HEADER_BYTES) {
            int frameStart = input.readerIndex();
            int lengthAndType = input.getInt(frameStart);
            int length = lengthAndType >>> 8;
            int frameBytes = FRAME_HEADER_BYTES + length;
            // One that is too long is refused by the reader as soon as its header is here.
            boolean tooLong = length > reader.maxFrameSize();
            if ((input.readableBytes() < frameBytes && !tooLong)
                    || !flood.replies().mayParse()) {
                return;
            }
            int end = input.writerIndex();
            input.writerIndex(tooLong ? end : frameStart + frameBytes);
            try {
                readFrame(ctx, input, lengthAndType & 0xFF, input.getByte(frameStart + 4));
            } finally {
                input.writerIndex(end);
            }
        }
    }

    /** After a stream error the frame is consumed and the next one follows; after a connection error nothing does. */
    private void readFrame(ChannelHandlerContext ctx, ByteBuf input, int type, int flags) {
        try {
            flood.headerBlock().onFrame(type, flags);
            reader.readFrame(ctx, input, receiver);
        } catch (Http2Exception.StreamException streamError) {
            onStreamError(streamError);
        } catch (Http2Exception error) {
            onConnectionError(error.error(), error.getMessage(), error);
        }
    }

    private void onStreamError(Http2Exception.StreamException error) {
        int streamId = error.streamId();
        TransportStream stream = streams.table().find(streamId);
        if (stream == null) {
            if (!streams.table().wasOpened(streamId)) {
                onConnectionError(PROTOCOL_ERROR, error.getMessage() + " (stream " + streamId + " is idle)", error);
            } else {
                onErrorOfEndedStream();
            }
        } else if (error instanceof Http2Exception.HeaderListSizeException) {
            streams.resetTooLarge(stream, String.valueOf(error.getMessage()));
        } else {
            streams.reset(stream, error.error(), String.valueOf(error.getMessage()));
        }
    }

    /** One of an open stream costs the server that stream; these cost it nothing. */
    private void onErrorOfEndedStream() {
        try {
            flood.budget().spend(FloodLimits.Budget.ENDED_STREAM);
        } catch (Http2Exception overBudget) {
            onConnectionError(overBudget.error(), overBudget.getMessage(), overBudget);
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
