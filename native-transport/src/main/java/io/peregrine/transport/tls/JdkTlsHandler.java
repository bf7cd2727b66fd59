package io.peregrine.transport.tls;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.SslHandler;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;

/**
 * TLS by the JDK's engine, which has no setting that refuses a server's renegotiation. A server of TLS 1.2 asks for it
 * by a record of type handshake, whose first byte is never encrypted, after the handshake; there is no other use for
 * such a record, and TLS 1.3 has none at all.
 */
final class JdkTlsHandler extends SslHandler {
    private static final byte HANDSHAKE = 22;

    JdkTlsHandler(SSLEngine engine) {
        super(engine);
    }

    /** The decoder of this kind of engine takes one record at a time, so that {@code in} begins with one. */
    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) throws SSLException {
        if (handshakeFuture().isSuccess() && in.isReadable() && in.getByte(in.readerIndex()) == HANDSHAKE) {
            in.skipBytes(in.readableBytes());
            throw new RenegotiationException();
        }
        super.decode(ctx, in, out);
    }
}
