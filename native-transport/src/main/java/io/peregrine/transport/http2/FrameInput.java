package io.peregrine.transport.http2;

import static io.netty.handler.codec.http2.Http2Error.PROTOCOL_ERROR;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http2.DefaultHttp2FrameReader;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2Headers;
import io.peregrine.allocation.ownership.EventLoopConfined;
import io.peregrine.transport.header.HeaderSink;
import org.jspecify.annotations.Nullable;

/**
 * From the octets of the socket to frames: judges the server's preface, keeps what is less than a frame, and sorts
 * errors into those of a stream and those of the connection (RFC 9113 §5.4).
 *
 * <p>A frame of the kinds that calls consist of, if it is well-formed and not padded, is read where it lies, without
 * an object. Every other frame goes to Netty's frame reader: what is rare, what has a wrong form, and all that comes
 * within a header block of several frames. So every rule about the form of a frame that can be broken is judged by the
 * reader, and here is only said when none is.
 *
 * <p>Frames do not end where reads do. What a read has of a large DATA frame is received at once, as a piece of it; of
 * any other frame it waits in a small buffer for what it lacks, and the read after it is parsed where it lies. So no
 * read is copied behind the one before.
 *
 * <p>Invariants: after a connection error nothing is parsed; while {@link #dataLeft} is above 0, the next octet is of
 * the payload of that DATA frame and nothing waits.
 */
@EventLoopConfined
final class FrameInput {
    private static final int FRAME_HEADER_BYTES = 9;

    /** DATA of this size is received in pieces; below it a deframer for the message costs more than a copy. */
    static final int MIN_PIECED_DATA_BYTES = 4096;

    private static final int DATA = 0x0;
    private static final int HEADERS = 0x1;
    private static final int RST_STREAM = 0x3;
    private static final int SETTINGS = 0x4;
    private static final int PING = 0x6;
    private static final int WINDOW_UPDATE = 0x8;

    private static final int END_STREAM = 0x1;
    private static final int ACK = 0x1;
    private static final int END_HEADERS = 0x4;
    private static final int PADDED = 0x8;
    private static final int PRIORITY = 0x20;

    private final Http2ClientConnection connection;
    private final StreamLifecycle streams;
    private final PeerLabel peerLabel;
    private final DefaultHttp2FrameReader reader;
    private final HeaderSink.Decoder headersDecoder;
    private final FrameReceiver receiver;
    private final FloodDefence flood;
    private boolean parsing;
    private boolean prefaceSeen;

    /** What was received and waits. Owned. */
    private @Nullable ByteBuf unparsed;

    /** Whether {@link #unparsed} is less than a frame, in a buffer of its own. */
    private boolean incomplete;

    /** The payload that is still to come of the DATA frame that is received in pieces. */
    private int dataLeft;

    private int dataStreamId;
    private boolean dataEndsStream;

    FrameInput(
            Http2ClientConnection connection,
            StreamLifecycle streams,
            PeerLabel peerLabel,
            HeaderSink.Decoder headersDecoder,
            FrameReceiver receiver,
            FloodDefence flood) {
        this.connection = connection;
        this.streams = streams;
        this.peerLabel = peerLabel;
        // HeaderBlockLimit counts CONTINUATION; the reader's own limit, which 0 would lower to none, knows no size.
        this.reader = new DefaultHttp2FrameReader(headersDecoder, Integer.MAX_VALUE);
        this.headersDecoder = headersDecoder;
        this.receiver = receiver;
        this.flood = flood;
    }

    /** Takes one read of the socket, whose reference it owns from here. */
    void read(ChannelHandlerContext ctx, ByteBuf received) {
        ByteBuf kept = unparsed;
        if (kept == null) {
            parse(ctx, received);
        } else if (!incomplete) {
            parse(ctx, append(ctx, kept, received));
        } else {
            readBehind(ctx, kept, received);
        }
    }

    private void readBehind(ChannelHandlerContext ctx, ByteBuf kept, ByteBuf received) {
        boolean parsed = false;
        try {
            if (complete(kept, received)) {
                parse(ctx, kept);
                parsed = true;
            }
        } finally {
            if (!parsed) {
                received.release();
            }
        }
        if (parsed) {
            parseBehind(ctx, received);
        }
    }

    /** Goes on with what was read and left when replies were not read. */
    void goOn(ChannelHandlerContext ctx) {
        ByteBuf kept = unparsed;
        if (kept != null && !incomplete) {
            parse(ctx, kept);
        }
    }

    private void parseBehind(ChannelHandlerContext ctx, ByteBuf received) {
        ByteBuf kept = unparsed;
        if (connection.isClosed() || !received.isReadable()) {
            received.release();
        } else if (kept == null) {
            parse(ctx, received);
        } else {
            unparsed = append(ctx, kept, received);
        }
    }

    private ByteBuf append(ChannelHandlerContext ctx, ByteBuf kept, ByteBuf received) {
        ByteBuf all = ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), kept, received);
        unparsed = all;
        return all;
    }

    /** Moves what the kept frame lacks out of the read; false if it lacks more, for which the read is empty. */
    private boolean complete(ByteBuf kept, ByteBuf received) {
        if (!fill(kept, FRAME_HEADER_BYTES, received)) {
            return false;
        }
        int length = kept.getUnsignedMedium(kept.readerIndex());
        return length > reader.maxFrameSize()
                || isPiecedData(kept, length)
                || fill(kept, FRAME_HEADER_BYTES + length, received);
    }

    private static boolean fill(ByteBuf kept, int bytes, ByteBuf received) {
        int missing = bytes - kept.readableBytes();
        if (missing > 0) {
            kept.writeBytes(received, Math.min(missing, received.readableBytes()));
        }
        return kept.readableBytes() >= bytes;
    }

    private void parse(ChannelHandlerContext ctx, ByteBuf input) {
        unparsed = input;
        incomplete = false;
        parsing = true;
        try {
            if (prefaceSeen || judgePreface(input)) {
                incomplete = readFrames(ctx, input);
            }
        } finally {
            parsing = false;
            if (connection.isClosed() || !input.isReadable()) {
                unparsed = null;
                input.release();
            } else if (incomplete) {
                keep(ctx, input);
            }
        }
    }

    /** A read is not kept for the few octets behind its last whole frame. */
    private void keep(ChannelHandlerContext ctx, ByteBuf input) {
        // Without memory for them nothing waits, and the failure ends the connection.
        unparsed = null;
        try {
            unparsed = ctx.alloc().directBuffer(input.readableBytes()).writeBytes(input);
        } finally {
            input.release();
        }
    }

    /**
     * Each frame is looked at before it is parsed, so that none is parsed that should not be.
     *
     * @return whether what is left is less than a frame; if not, it waits until the server has read its replies
     */
    private boolean readFrames(ChannelHandlerContext ctx, ByteBuf input) {
        while (!connection.isClosed()) {
            if (dataLeft > 0 && input.isReadable()) {
                readPiece(input);
            }
            if (input.readableBytes() < FRAME_HEADER_BYTES) {
                return true;
            }
            int frameStart = input.readerIndex();
            int length = input.getUnsignedMedium(frameStart);
            // One that is too long is refused by the reader as soon as its header is here.
            boolean tooLong = length > reader.maxFrameSize();
            boolean cut = input.readableBytes() - FRAME_HEADER_BYTES < length && !tooLong;
            if (cut && !isPiecedData(input, length)) {
                return true;
            }
            if (!flood.replies().mayParse()) {
                return false;
            }
            if (cut) {
                beginData(input, length);
            } else {
                readFrame(
                        ctx, input, tooLong ? input.writerIndex() : frameStart + FRAME_HEADER_BYTES + length, tooLong);
            }
        }
        return false;
    }

    /** Whether the frame, whose header is here, is DATA that is received in pieces if it is not here as a whole. */
    private boolean isPiecedData(ByteBuf input, int length) {
        int frameStart = input.readerIndex();
        return length >= MIN_PIECED_DATA_BYTES
                && input.getByte(frameStart + 3) == DATA
                && (input.getByte(frameStart + 4) & PADDED) == 0
                && streamId(input, frameStart) != 0
                && !flood.headerBlock().isOpen();
    }

    private void beginData(ByteBuf input, int length) {
        int frameStart = input.readerIndex();
        dataLeft = length;
        dataStreamId = streamId(input, frameStart);
        dataEndsStream = (input.getByte(frameStart + 4) & END_STREAM) != 0;
        input.skipBytes(FRAME_HEADER_BYTES);
        try {
            receiver.onDataBegin(dataStreamId, length, dataEndsStream);
        } catch (Http2Exception error) {
            onConnectionError(error.error(), error.getMessage(), error);
        }
    }

    private void readPiece(ByteBuf input) {
        int bytes = Math.min(dataLeft, input.readableBytes());
        int pieceEnd = input.readerIndex() + bytes;
        int end = input.writerIndex();
        dataLeft -= bytes;
        input.writerIndex(pieceEnd);
        try {
            receiver.onDataPiece(dataStreamId, input, dataLeft == 0 && dataEndsStream);
        } finally {
            input.setIndex(pieceEnd, end);
        }
    }

    private void readFrame(ChannelHandlerContext ctx, ByteBuf input, int frameEnd, boolean tooLong) {
        int end = input.writerIndex();
        input.writerIndex(frameEnd);
        try {
            receiveFrame(ctx, input, tooLong);
        } finally {
            input.setIndex(frameEnd, end);
        }
    }

    /** After a stream error the frame is consumed and the next one follows; after a connection error nothing does. */
    private void receiveFrame(ChannelHandlerContext ctx, ByteBuf input, boolean tooLong) {
        HeaderBlockLimit headerBlock = flood.headerBlock();
        try {
            if (tooLong || headerBlock.isOpen() || !tryReadPlain(ctx, input, headersDecoder, receiver)) {
                int frameStart = input.readerIndex();
                headerBlock.onFrame(input.getByte(frameStart + 3), input.getByte(frameStart + 4));
                reader.readFrame(ctx, input, receiver);
            }
        } catch (Http2Exception.StreamException streamError) {
            onStreamError(streamError);
        } catch (Http2Exception error) {
            onConnectionError(error.error(), error.getMessage(), error);
        }
    }

    /**
     * Reads a frame where it lies, if it is of a kind for which that is done and breaks no rule about the form of
     * frames: each condition here is an error to the reader, or rare.
     *
     * @param input one whole frame within the limit for frames, outside a header block; borrowed
     * @return false for any other frame, of which nothing is read
     */
    static boolean tryReadPlain(
            ChannelHandlerContext ctx, ByteBuf input, HeaderSink.Decoder headersDecoder, Http2FrameListener receiver)
            throws Http2Exception {
        int frameStart = input.readerIndex();
        int lengthAndType = input.getInt(frameStart);
        int length = lengthAndType >>> 8;
        int flags = input.getByte(frameStart + 4);
        int streamId = streamId(input, frameStart);
        input.readerIndex(frameStart + FRAME_HEADER_BYTES);
        boolean plain = switch (lengthAndType & 0xFF) {
            case DATA -> tryReadData(ctx, input, flags, streamId, receiver);
            case HEADERS -> tryReadHeaders(ctx, input, flags, streamId, headersDecoder, receiver);
            case RST_STREAM -> length == Integer.BYTES && tryReadRstStream(ctx, input, streamId, receiver);
            case SETTINGS -> length == 0 && tryReadSettingsAck(ctx, flags, streamId, receiver);
            case PING -> length == Long.BYTES && tryReadPing(ctx, input, flags, streamId, receiver);
            case WINDOW_UPDATE -> length == Integer.BYTES && tryReadWindowUpdate(ctx, input, streamId, receiver);
            default -> false;
        };
        if (!plain) {
            input.readerIndex(frameStart);
        }
        return plain;
    }

    /** Without its reserved bit, which is ignored. */
    private static int streamId(ByteBuf input, int frameStart) {
        return input.getInt(frameStart + 5) & Integer.MAX_VALUE;
    }

    private static boolean tryReadData(
            ChannelHandlerContext ctx, ByteBuf payload, int flags, int streamId, Http2FrameListener receiver)
            throws Http2Exception {
        if (streamId == 0 || (flags & PADDED) != 0) {
            return false;
        }
        receiver.onDataRead(ctx, streamId, payload, 0, (flags & END_STREAM) != 0);
        return true;
    }

    private static boolean tryReadHeaders(
            ChannelHandlerContext ctx,
            ByteBuf block,
            int flags,
            int streamId,
            HeaderSink.Decoder headersDecoder,
            Http2FrameListener receiver)
            throws Http2Exception {
        if (streamId == 0
                || (flags & (END_HEADERS | PADDED | PRIORITY)) != END_HEADERS
                || block.readableBytes() > headersDecoder.maxHeaderListSizeGoAway()) {
            return false;
        }
        Http2Headers headers = headersDecoder.decodeHeaders(streamId, block);
        receiver.onHeadersRead(ctx, streamId, headers, 0, (flags & END_STREAM) != 0);
        return true;
    }

    private static boolean tryReadRstStream(
            ChannelHandlerContext ctx, ByteBuf payload, int streamId, Http2FrameListener receiver)
            throws Http2Exception {
        if (streamId == 0) {
            return false;
        }
        receiver.onRstStreamRead(ctx, streamId, payload.readUnsignedInt());
        return true;
    }

    private static boolean tryReadSettingsAck(
            ChannelHandlerContext ctx, int flags, int streamId, Http2FrameListener receiver) throws Http2Exception {
        if (streamId != 0 || (flags & ACK) == 0) {
            return false;
        }
        receiver.onSettingsAckRead(ctx);
        return true;
    }

    private static boolean tryReadPing(
            ChannelHandlerContext ctx, ByteBuf payload, int flags, int streamId, Http2FrameListener receiver)
            throws Http2Exception {
        if (streamId != 0) {
            return false;
        }
        if ((flags & ACK) != 0) {
            receiver.onPingAckRead(ctx, payload.readLong());
        } else {
            receiver.onPingRead(ctx, payload.readLong());
        }
        return true;
    }

    private static boolean tryReadWindowUpdate(
            ChannelHandlerContext ctx, ByteBuf payload, int streamId, Http2FrameListener receiver)
            throws Http2Exception {
        int increment = payload.readInt() & Integer.MAX_VALUE;
        if (increment == 0) {
            return false;
        }
        receiver.onWindowUpdateRead(ctx, streamId, increment);
        return true;
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
