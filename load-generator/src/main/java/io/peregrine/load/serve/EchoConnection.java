package io.peregrine.load.serve;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http2.DefaultHttp2FrameReader;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameReader;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One client's connection: reads frames with Netty's frame reader, answers through {@link RequestFrames}, and
 * writes what a read batch caused in one flush.
 *
 * <p>Confined to the channel's event loop. A peer that breaks a rule of the connection gets GOAWAY with the
 * code and is closed (RFC 9113 §5.4.1); one that breaks a rule of a stream gets RST_STREAM (§5.4.2). While the
 * client does not read, its own frames are not read either, so it cannot make answers pile up.
 */
final class EchoConnection extends ByteToMessageDecoder {
    private static final Logger LOG = System.getLogger(EchoConnection.class.getName());

    private final ServeOptions options;
    private final ByteBuf response;
    private final Http2FrameReader reader = new DefaultHttp2FrameReader(new RequestHeadersDecoder());
    private @Nullable FrameWriter writer;
    private @Nullable RequestFrames requests;
    private boolean prefaceRead;
    private boolean closing;

    /**
     * @param response the framed message that answers every request; empty to echo
     */
    EchoConnection(ServeOptions options, ByteBuf response) {
        this.options = options;
        this.response = response;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        FrameWriter frames = new FrameWriter(ctx);
        writer = frames;
        requests = new RequestFrames(ctx, frames, options.delayNs(), response);
        requests.open();
        frames.flush();
        ctx.fireChannelActive();
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        RequestFrames frames = requests;
        if (closing || frames == null) {
            in.skipBytes(in.readableBytes());
            return;
        }
        if (!prefaceRead && !readPreface(in)) {
            return;
        }
        try {
            reader.readFrame(ctx, in, frames);
        } catch (Http2Exception e) {
            onViolation(frames, e);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) throws Exception {
        if (writer != null) {
            writer.flush();
        }
        super.channelReadComplete(ctx);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        boolean writable = ctx.channel().isWritable();
        ctx.channel().config().setAutoRead(writable);
        if (writable && requests != null && writer != null) {
            requests.onWritable();
            writer.flush();
        }
        ctx.fireChannelWritabilityChanged();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
        if (event == ServerEvent.SHUT_DOWN) {
            close(Http2Error.NO_ERROR);
        } else if (event instanceof SslHandshakeCompletionEvent handshake && handshake.isSuccess()) {
            refuseUnlessHttp2(ctx);
        }
        super.userEventTriggered(ctx, event);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) throws Exception {
        closing = true;
        super.channelInactive(ctx);
        release();
    }

    @Override
    protected void handlerRemoved0(ChannelHandlerContext ctx) {
        release();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        // A peer that goes away or refuses the certificate (the decoder wraps what TLS threw) is no defect here.
        boolean peer = cause instanceof IOException || cause.getCause() instanceof IOException;
        LOG.log(
                peer ? Level.DEBUG : Level.WARNING,
                () -> "connection from " + ctx.channel().remoteAddress() + " closed: " + cause,
                cause);
        ChannelFuture unused = ctx.close();
    }

    private boolean readPreface(ByteBuf in) {
        ByteBuf preface = Http2CodecUtil.connectionPrefaceBuf();
        try {
            int known = Math.min(preface.readableBytes(), in.readableBytes());
            if (!ByteBufUtil.equals(preface, preface.readerIndex(), in, in.readerIndex(), known)) {
                close(Http2Error.PROTOCOL_ERROR);
                return false;
            }
            if (known < preface.readableBytes()) {
                return false;
            }
            in.skipBytes(known);
            prefaceRead = true;
            return in.isReadable();
        } finally {
            preface.release();
        }
    }

    private void onViolation(RequestFrames frames, Http2Exception violation) {
        LOG.log(Level.DEBUG, "refused: {0}", violation.getMessage());
        if (violation instanceof Http2Exception.StreamException stream) {
            frames.reset(stream.streamId(), violation.error());
        } else {
            close(violation.error());
        }
    }

    private void close(Http2Error error) {
        if (closing || writer == null || requests == null) {
            return;
        }
        closing = true;
        writer.goAway(requests.lastStreamId(), error.code());
        writer.flushAndClose();
    }

    private static void refuseUnlessHttp2(ChannelHandlerContext ctx) {
        SslHandler tls = ctx.pipeline().get(SslHandler.class);
        if (!ApplicationProtocolNames.HTTP_2.equals(tls.applicationProtocol())) {
            LOG.log(Level.DEBUG, "refused: ALPN {0} (expected: h2)", tls.applicationProtocol());
            ChannelFuture unused = ctx.close();
        }
    }

    private void release() {
        reader.close();
        if (requests != null) {
            requests.close();
        }
        if (writer != null) {
            writer.release();
        }
    }
}
