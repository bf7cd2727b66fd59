package io.peregrine.transport.http2;

import static io.netty.handler.codec.http2.Http2Error.FLOW_CONTROL_ERROR;
import static io.netty.handler.codec.http2.Http2Error.PROTOCOL_ERROR;
import static io.netty.handler.codec.http2.Http2Exception.connectionError;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Flags;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.util.AsciiString;
import io.peregrine.allocation.ownership.EventLoopConfined;
import io.peregrine.transport.header.HeaderSink;
import io.peregrine.transport.header.ResponseHeaders;
import io.peregrine.transport.http2.FloodLimits.Budget;
import org.jspecify.annotations.Nullable;

/**
 * What each received frame means to the connection and its streams (RFC 9113 §5, §6). Netty's frame reader has
 * checked the form of the frame; this class checks that it is legal now.
 *
 * <p>A thrown {@link Http2Exception} is a connection error, and nothing is parsed after it; a stream error is dealt
 * with here, on the spot.
 */
@EventLoopConfined
final class FrameReceiver implements Http2FrameListener {
    private static final AsciiString STATUS = AsciiString.cached(":status");

    private final Http2ClientConnection connection;
    private final StreamLifecycle streams;
    private final OutboundFlow outbound;
    private final InboundFlow inbound;
    private final FrameWriter writer;
    private final HeaderSink sink;
    private final MessageDelivery delivery;
    private final ControlFrameBudget budget;
    private final BandwidthProbe bandwidth;
    private final ResponseHeaders noTrailers = ResponseHeaders.empty();

    FrameReceiver(
            Http2ClientConnection connection,
            StreamLifecycle streams,
            OutboundFlow outbound,
            InboundFlow inbound,
            FrameWriter writer,
            HeaderSink sink,
            MessageDelivery delivery,
            ControlFrameBudget budget,
            BandwidthProbe bandwidth) {
        this.connection = connection;
        this.streams = streams;
        this.outbound = outbound;
        this.inbound = inbound;
        this.writer = writer;
        this.sink = sink;
        this.delivery = delivery;
        this.budget = budget;
        this.bandwidth = bandwidth;
    }

    @Override
    public int onDataRead(ChannelHandlerContext ctx, int streamId, ByteBuf data, int padding, boolean endOfStream)
            throws Http2Exception {
        int flowControlled = data.readableBytes() + padding;
        TransportStream stream = takeData(streamId, flowControlled, data.readableBytes(), endOfStream);
        if (stream != null) {
            inbound.onRead(stream, padding);
            receiveBody(stream, data, endOfStream);
        }
        return flowControlled;
    }

    /** A DATA frame without padding begins, whose payload comes in pieces. */
    void onDataBegin(int streamId, int bytes, boolean endOfStream) throws Http2Exception {
        TransportStream unused = takeData(streamId, bytes, bytes, endOfStream);
    }

    /** A piece of the payload arrived. Its stream may have ended since the frame began; the rest is dropped then. */
    void onDataPiece(int streamId, ByteBuf piece, boolean endOfStream) {
        TransportStream stream = streams.table().find(streamId);
        if (stream != null) {
            receiveBody(stream, piece, endOfStream);
        }
    }

    /** Counts a DATA frame; the stream whose messages are in it, or null if it is of no use to anybody. */
    private @Nullable TransportStream takeData(int streamId, int flowControlled, int bytes, boolean endOfStream)
            throws Http2Exception {
        if (!inbound.receiveOnConnection(flowControlled)) {
            throw connectionError(
                    FLOW_CONTROL_ERROR, "DATA of %d bytes is over the connection's window", flowControlled);
        }
        bandwidth.onData(flowControlled);
        TransportStream stream = findOpened(streamId, "DATA");
        if (stream == null) {
            // Reset or ended a moment ago: its bytes are credited to the connection and dropped.
            if (!inbound.receiveAbandoned(flowControlled)) {
                budget.spend(Budget.ENDED_STREAM);
            }
            return null;
        }
        budget.onData(bytes, endOfStream);
        if (!inbound.receiveOnStream(stream, flowControlled)) {
            streams.reset(stream, FLOW_CONTROL_ERROR, "the server sent DATA beyond the stream's window of the client");
            return null;
        }
        if (!stream.headersReceived) {
            streams.reset(stream, PROTOCOL_ERROR, "the server sent DATA before HEADERS");
            return null;
        }
        return stream;
    }

    @Override
    public void onHeadersRead(
            ChannelHandlerContext ctx, int streamId, Http2Headers headers, int padding, boolean endOfStream)
            throws Http2Exception {
        TransportStream stream = findOpened(streamId, "HEADERS");
        if (stream == null) {
            budget.spend(Budget.ENDED_STREAM);
            return;
        }
        ResponseHeaders fields = sink.headers();
        if (stream.headersReceived) {
            receiveTrailers(stream, fields, endOfStream);
        } else {
            receiveHeaders(stream, fields, endOfStream);
        }
    }

    @Override
    public void onHeadersRead(
            ChannelHandlerContext ctx,
            int streamId,
            Http2Headers headers,
            int streamDependency,
            short weight,
            boolean exclusive,
            int padding,
            boolean endOfStream)
            throws Http2Exception {
        onHeadersRead(ctx, streamId, headers, padding, endOfStream);
    }

    @Override
    public void onRstStreamRead(ChannelHandlerContext ctx, int streamId, long errorCode) throws Http2Exception {
        budget.spend(Budget.RST_STREAM);
        TransportStream stream = findOpened(streamId, "RST_STREAM");
        if (stream != null) {
            streams.onPeerReset(stream, errorCode);
        }
    }

    @Override
    public void onSettingsRead(ChannelHandlerContext ctx, Http2Settings settings) throws Http2Exception {
        if (Boolean.TRUE.equals(settings.pushEnabled())) {
            throw connectionError(PROTOCOL_ERROR, "a server must not set ENABLE_PUSH to 1");
        }
        budget.spend(Budget.SETTINGS);
        connection.onSettings(settings);
    }

    @Override
    public void onSettingsAckRead(ChannelHandlerContext ctx) throws Http2Exception {
        budget.spend(Budget.SETTINGS);
        // The new windows are granted from the moment our SETTINGS are written, which is never too late.
    }

    @Override
    public void onPingRead(ChannelHandlerContext ctx, long data) throws Http2Exception {
        budget.spend(Budget.PING);
        writer.pingAck(data);
    }

    @Override
    public void onPingAckRead(ChannelHandlerContext ctx, long data) throws Http2Exception {
        budget.spend(Budget.PING);
        // That of a keepalive has done its work by coming, and a stray one is ignored.
        bandwidth.onPingAck(data);
    }

    @Override
    public void onGoAwayRead(ChannelHandlerContext ctx, int lastStreamId, long errorCode, ByteBuf debugData)
            throws Http2Exception {
        budget.spend(Budget.GOAWAY);
        connection.onGoAway(lastStreamId, errorCode, debugData);
    }

    @Override
    public void onWindowUpdateRead(ChannelHandlerContext ctx, int streamId, int increment) throws Http2Exception {
        budget.spend(Budget.WINDOW_UPDATE);
        if (streamId == 0) {
            if (!outbound.replenishConnection(increment)) {
                throw connectionError(FLOW_CONTROL_ERROR, "WINDOW_UPDATE of %d overflows the connection", increment);
            }
            return;
        }
        TransportStream stream = findOpened(streamId, "WINDOW_UPDATE");
        if (stream != null && !outbound.replenish(stream, increment)) {
            streams.reset(stream, FLOW_CONTROL_ERROR, "the server overflowed the stream's window by WINDOW_UPDATE");
        }
    }

    @Override
    public void onPushPromiseRead(
            ChannelHandlerContext ctx, int streamId, int promisedStreamId, Http2Headers headers, int padding)
            throws Http2Exception {
        throw connectionError(PROTOCOL_ERROR, "PUSH_PROMISE although ENABLE_PUSH is 0 (RFC 9113 8.4)");
    }

    @Override
    public void onPriorityRead(
            ChannelHandlerContext ctx, int streamId, int streamDependency, short weight, boolean exclusive)
            throws Http2Exception {
        budget.spend(Budget.PRIORITY);
        // Deprecated, and never of interest to a client (RFC 9113 §5.3).
    }

    @Override
    public void onUnknownFrame(
            ChannelHandlerContext ctx, byte frameType, int streamId, Http2Flags flags, ByteBuf payload)
            throws Http2Exception {
        budget.spend(Budget.UNKNOWN);
        // Ignored (RFC 9113 §5.5).
    }

    private void receiveHeaders(TransportStream stream, ResponseHeaders fields, boolean endOfStream)
            throws Http2Exception {
        AsciiString status = fields.find(STATUS);
        if (status == null || status.length() != 3 || !isDigits(status)) {
            streams.reset(stream, PROTOCOL_ERROR, "the response's :status is " + status + " (expected: three digits)");
            return;
        }
        boolean informational = status.byteAt(0) == '1';
        if (informational && (endOfStream || status.contentEquals("101"))) {
            streams.reset(stream, PROTOCOL_ERROR, "the server sent an illegal 1xx response, " + status);
        } else if (endOfStream) {
            stream.headersReceived = true;
            streams.onResponseEnd(stream, fields, true);
        } else if (informational) {
            budget.spend(Budget.INFORMATIONAL);
        } else {
            stream.headersReceived = true;
            stream.foreignBody = !stream.onHeaders(fields);
        }
    }

    private void receiveTrailers(TransportStream stream, ResponseHeaders fields, boolean endOfStream) {
        if (!endOfStream) {
            streams.reset(stream, PROTOCOL_ERROR, "the server sent a second HEADERS without END_STREAM");
        } else if (fields.size() > 0 && isPseudoHeader(fields.name(0))) {
            streams.reset(stream, PROTOCOL_ERROR, "the server sent a pseudo-header in trailers");
        } else {
            streams.onResponseEnd(stream, fields, false);
        }
    }

    private void receiveBody(TransportStream stream, ByteBuf data, boolean endOfStream) {
        if (stream.foreignBody) {
            inbound.onRead(stream, data.readableBytes());
            stream.onForeignBody(data);
        } else if (data.isReadable()) {
            delivery.onData(stream, data);
        }
        if (stream.state == StreamState.CLOSED) {
            return;
        }
        if (!endOfStream) {
            inbound.creditStream(stream);
        } else {
            streams.onResponseEnd(stream, noTrailers, false);
        }
    }

    /** The open stream, or null if it has ended; a stream that never was is a connection error (RFC 9113 §5.1). */
    private @Nullable TransportStream findOpened(int streamId, String frame) throws Http2Exception {
        TransportStream stream = streams.table().find(streamId);
        if (stream == null && !streams.table().wasOpened(streamId)) {
            throw connectionError(Http2Error.PROTOCOL_ERROR, "%s for stream %d, which is idle", frame, streamId);
        }
        return stream;
    }

    private static boolean isPseudoHeader(AsciiString name) {
        return name.byteAt(0) == ':';
    }

    private static boolean isDigits(AsciiString text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.byteAt(i) < '0' || text.byteAt(i) > '9') {
                return false;
            }
        }
        return true;
    }
}
