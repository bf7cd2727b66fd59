package io.peregrine.load.serve;

import static io.netty.handler.codec.http2.Http2Error.FLOW_CONTROL_ERROR;
import static io.netty.handler.codec.http2.Http2Error.NO_ERROR;
import static io.netty.handler.codec.http2.Http2Error.PROTOCOL_ERROR;
import static io.netty.handler.codec.http2.Http2Error.REFUSED_STREAM;
import static io.netty.handler.codec.http2.Http2Error.STREAM_CLOSED;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.util.collection.IntObjectHashMap;
import io.peregrine.load.serve.ServerStream.BodyLifetime;
import java.util.ArrayDeque;

/**
 * The server's half of RFC 9113 for one connection: streams, both directions of flow control, settings.
 *
 * <p>Confined to the channel's event loop. The common request (HEADERS, then one DATA frame that ends the
 * stream) is answered out of the frame that brought it, with one copy and no allocation.
 */
final class RequestFrames extends Http2FrameAdapter {
    static final int MAX_CONCURRENT_STREAMS = 100_000;

    /** Two 4 MiB messages fit, so that a generator's large requests do not stall on this side's credit. */
    static final int STREAM_WINDOW_BYTES = 8 << 20;

    static final int CONNECTION_WINDOW_BYTES = 64 << 20;

    private static final int RESOURCE_EXHAUSTED = 8;
    private static final int METHOD_NOT_ALLOWED = 405;
    private static final int UNSUPPORTED_MEDIA_TYPE = 415;
    private static final int MAX_POOLED_STREAMS = 1_024;

    private final ChannelHandlerContext ctx;
    private final FrameWriter writer;
    private final Responses responses;
    private final DelayLine delayLine;
    private final boolean delayed;
    private final ByteBuf response;
    private final IntObjectHashMap<ServerStream> streams = new IntObjectHashMap<>(256);
    private final ArrayDeque<ServerStream> pool = new ArrayDeque<>();
    private final ReceiveWindow connectionWindow = new ReceiveWindow();
    private int initialSendWindow = Http2CodecUtil.DEFAULT_WINDOW_SIZE;
    private int lastStreamId;
    private boolean settingsReceived;

    RequestFrames(ChannelHandlerContext ctx, FrameWriter writer, long delayNs, ByteBuf response) {
        this.ctx = ctx;
        this.writer = writer;
        this.response = response;
        this.responses = new Responses(ctx.channel(), writer, this::retire);
        this.delayed = delayNs > 0;
        this.delayLine = new DelayLine(ctx.executor(), delayNs, this::onDue, writer::flush);
    }

    void open() {
        writer.settings(MAX_CONCURRENT_STREAMS, STREAM_WINDOW_BYTES, RequestHeadersDecoder.MAX_HEADER_LIST_BYTES);
        writer.windowUpdate(0, CONNECTION_WINDOW_BYTES - Http2CodecUtil.DEFAULT_WINDOW_SIZE);
        connectionWindow.open(CONNECTION_WINDOW_BYTES);
    }

    int lastStreamId() {
        return lastStreamId;
    }

    void onWritable() {
        responses.proceedBlocked();
    }

    void reset(int streamId, Http2Error error) {
        writer.reset(streamId, error.code());
        lastStreamId = Math.max(lastStreamId, streamId);
        ServerStream stream = streams.get(streamId);
        if (stream != null) {
            retire(stream);
        }
    }

    void close() {
        delayLine.close();
        responses.close();
        for (ServerStream stream : streams.values()) {
            stream.releaseBody();
        }
        streams.clear();
    }

    @Override
    public void onSettingsRead(ChannelHandlerContext context, Http2Settings settings) throws Http2Exception {
        settingsReceived = true;
        Long tableSize = settings.headerTableSize();
        if (tableSize != null) {
            responses.peerTableSize(tableSize);
        }
        Integer frameSize = settings.maxFrameSize();
        if (frameSize != null) {
            responses.peerMaxFrameSize(frameSize);
        }
        Integer window = settings.initialWindowSize();
        if (window != null) {
            changeInitialWindow(window);
        }
        writer.settingsAck();
    }

    @Override
    public void onPingRead(ChannelHandlerContext context, long data) {
        writer.pingAck(data);
    }

    @Override
    public void onHeadersRead(
            ChannelHandlerContext context,
            int streamId,
            Http2Headers headers,
            int streamDependency,
            short weight,
            boolean exclusive,
            int padding,
            boolean endOfStream)
            throws Http2Exception {
        onHeadersRead(context, streamId, headers, padding, endOfStream);
    }

    @Override
    public void onHeadersRead(
            ChannelHandlerContext context, int streamId, Http2Headers headers, int padding, boolean endOfStream)
            throws Http2Exception {
        if (!settingsReceived) {
            throw Http2Exception.connectionError(PROTOCOL_ERROR, "HEADERS before SETTINGS");
        }
        ServerStream stream = streams.get(streamId);
        if (stream != null) {
            onRequestTrailers(stream, endOfStream);
            return;
        }
        if ((streamId & 1) == 0) {
            throw Http2Exception.connectionError(PROTOCOL_ERROR, "stream: %d (expected: an odd id)", streamId);
        }
        if (streamId <= lastStreamId) {
            throw Http2Exception.streamError(streamId, STREAM_CLOSED, "HEADERS on a closed stream");
        }
        lastStreamId = streamId;
        if (streams.size() >= MAX_CONCURRENT_STREAMS) {
            throw Http2Exception.streamError(streamId, REFUSED_STREAM, "too many concurrent streams");
        }
        onRequest(openStream(streamId), (RequestHeaders) headers, endOfStream);
    }

    @Override
    public int onDataRead(ChannelHandlerContext context, int streamId, ByteBuf data, int padding, boolean endOfStream)
            throws Http2Exception {
        int flowControlled = data.readableBytes() + padding;
        if (!connectionWindow.consume(flowControlled)) {
            throw Http2Exception.connectionError(FLOW_CONTROL_ERROR, "connection window exceeded");
        }
        int connectionCredit = connectionWindow.takeCredit();
        if (connectionCredit > 0) {
            writer.windowUpdate(0, connectionCredit);
        }
        ServerStream stream = streams.get(streamId);
        if (stream == null) {
            refuseIdle(streamId, "DATA");
            return flowControlled; // refused or reset earlier; the connection's credit is given back above
        }
        if (stream.answering || stream.queued) {
            throw Http2Exception.streamError(streamId, STREAM_CLOSED, "DATA after END_STREAM");
        }
        if (!stream.receiveWindow.consume(flowControlled)) {
            throw Http2Exception.streamError(streamId, FLOW_CONTROL_ERROR, "stream window exceeded");
        }
        if (endOfStream && stream.body == null) {
            onWholeRequest(stream, data);
        } else {
            onPart(stream, data, endOfStream);
        }
        return flowControlled;
    }

    @Override
    public void onRstStreamRead(ChannelHandlerContext context, int streamId, long errorCode) throws Http2Exception {
        ServerStream stream = streams.get(streamId);
        if (stream == null) {
            refuseIdle(streamId, "RST_STREAM");
        } else {
            retire(stream);
        }
    }

    @Override
    public void onWindowUpdateRead(ChannelHandlerContext context, int streamId, int credit) throws Http2Exception {
        if (streamId == 0) {
            if (!responses.replenishConnection(credit)) {
                throw Http2Exception.connectionError(FLOW_CONTROL_ERROR, "connection window above 2^31-1");
            }
            responses.proceedBlocked();
            return;
        }
        ServerStream stream = streams.get(streamId);
        if (stream == null) {
            refuseIdle(streamId, "WINDOW_UPDATE");
            return;
        }
        long grown = (long) stream.sendWindow + credit;
        if (grown > Http2CodecUtil.MAX_INITIAL_WINDOW_SIZE) {
            throw Http2Exception.streamError(streamId, FLOW_CONTROL_ERROR, "stream window above 2^31-1");
        }
        stream.sendWindow = (int) grown;
        if (stream.answering) {
            responses.proceed(stream);
        }
    }

    private ServerStream openStream(int streamId) {
        ServerStream pooled = pool.poll();
        ServerStream stream = pooled == null ? new ServerStream() : pooled;
        stream.open(streamId, initialSendWindow, STREAM_WINDOW_BYTES);
        streams.put(streamId, stream);
        return stream;
    }

    private void onRequest(ServerStream stream, RequestHeaders headers, boolean endOfStream) throws Http2Exception {
        if (!headers.hasPath()) {
            throw Http2Exception.streamError(stream.id, PROTOCOL_ERROR, "no :path");
        }
        if (!headers.isPost()) {
            refuse(stream, METHOD_NOT_ALLOWED, endOfStream);
        } else if (!headers.isGrpc()) {
            refuse(stream, UNSUPPORTED_MEDIA_TYPE, endOfStream);
        } else if (endOfStream) {
            responses.fail(stream, RequestMessage.EMPTY.grpcStatus(), RequestMessage.EMPTY.text());
        }
    }

    private void onRequestTrailers(ServerStream stream, boolean endOfStream) throws Http2Exception {
        if (!endOfStream || stream.answering || stream.queued) {
            throw Http2Exception.streamError(stream.id, PROTOCOL_ERROR, "HEADERS inside a request");
        }
        onGathered(stream);
    }

    private void onWholeRequest(ServerStream stream, ByteBuf body) {
        if (delayed) {
            stream.gather(ctx.alloc(), body, body.readableBytes());
            onGathered(stream);
            return;
        }
        answer(stream, body, BodyLifetime.BORROWED);
    }

    private void onPart(ServerStream stream, ByteBuf part, boolean endOfStream) {
        int expectedBytes = expectedBytes(stream, part);
        if (expectedBytes < 0) {
            int id = stream.id;
            responses.fail(stream, RESOURCE_EXHAUSTED, "the message is larger than " + ServeOptions.MAX_MESSAGE_BYTES);
            stopRequest(id, endOfStream);
            return;
        }
        stream.gather(ctx.alloc(), part, expectedBytes);
        if (endOfStream) {
            onGathered(stream);
            return;
        }
        int credit = stream.receiveWindow.takeCredit();
        if (credit > 0) {
            writer.windowUpdate(stream.id, credit);
        }
    }

    /** The size to gather in, or -1 when the request is larger than what the server takes. */
    private static int expectedBytes(ServerStream stream, ByteBuf part) {
        int limit = ServeOptions.MAX_MESSAGE_BYTES + RequestMessage.PREFIX_BYTES;
        int gathered = stream.body == null ? 0 : stream.body.readableBytes();
        if (gathered + part.readableBytes() > limit) {
            return -1;
        }
        if (stream.body != null || part.readableBytes() < RequestMessage.PREFIX_BYTES) {
            return Math.max(part.readableBytes(), 256);
        }
        long announced = RequestMessage.messageBytes(part) + RequestMessage.PREFIX_BYTES;
        return announced > limit ? -1 : (int) announced;
    }

    private void onGathered(ServerStream stream) {
        if (delayed) {
            delayLine.add(stream);
        } else {
            onDue(stream);
        }
    }

    private void onDue(ServerStream stream) {
        if (stream.closed) {
            retire(stream);
            return;
        }
        ByteBuf body = stream.body;
        if (body == null) {
            responses.fail(stream, RequestMessage.EMPTY.grpcStatus(), RequestMessage.EMPTY.text());
        } else {
            answer(stream, body, BodyLifetime.OWNED);
        }
    }

    private void answer(ServerStream stream, ByteBuf body, BodyLifetime lifetime) {
        RequestMessage check = RequestMessage.check(body);
        if (check != RequestMessage.VALID) {
            responses.fail(stream, check.grpcStatus(), check.text());
            return;
        }
        if (response.isReadable()) {
            stream.answerWith(response, BodyLifetime.SHARED);
        } else if (lifetime == BodyLifetime.OWNED) {
            stream.answerWithGathered();
        } else {
            stream.answerWith(body, lifetime);
        }
        responses.start(stream);
    }

    private void refuse(ServerStream stream, int httpStatus, boolean endOfStream) {
        int id = stream.id;
        responses.refuse(stream, httpStatus);
        stopRequest(id, endOfStream);
    }

    /** Tells a client that has more to send that the answer is complete without it (RFC 9113 §8.1). */
    private void stopRequest(int streamId, boolean endOfStream) {
        if (!endOfStream) {
            writer.reset(streamId, NO_ERROR.code());
        }
    }

    private void refuseIdle(int streamId, String frame) throws Http2Exception {
        if (streamId > lastStreamId || (streamId & 1) == 0) {
            throw Http2Exception.connectionError(PROTOCOL_ERROR, "%s on idle stream %d", frame, streamId);
        }
    }

    private void changeInitialWindow(int window) throws Http2Exception {
        long change = (long) window - initialSendWindow;
        initialSendWindow = window;
        for (ServerStream stream : streams.values()) {
            long moved = stream.sendWindow + change;
            if (moved > Http2CodecUtil.MAX_INITIAL_WINDOW_SIZE) {
                throw Http2Exception.connectionError(FLOW_CONTROL_ERROR, "stream window above 2^31-1");
            }
            stream.sendWindow = (int) moved;
        }
        if (change > 0) {
            responses.proceedBlocked();
        }
    }

    /** Takes a stream out of use; it is reused only when no queue holds it any more. */
    private void retire(ServerStream stream) {
        if (!stream.closed) {
            stream.closed = true;
            streams.remove(stream.id);
            stream.releaseBody();
        }
        if (!stream.queued && pool.size() < MAX_POOLED_STREAMS) {
            pool.add(stream);
        }
    }
}
