package io.peregrine.transport.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.peregrine.allocation.ownership.EventLoopConfined;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Asks a proxy for a tunnel, then gets out of the way: first in the pipeline, in front of TLS, of a channel that
 * connects to {@link ProxiedAddress#proxyAddress()}.
 *
 * <p>The handlers behind it learn that the channel is active only when the tunnel is open, so that neither a TLS
 * handshake nor an HTTP/2 preface begins before; bytes that came behind the proxy's answer reach them next. If no
 * tunnel comes about, one call says why and the rest of the input is dropped; closing the channel is up to who is
 * told. There is no time limit in here: the connection's own covers the proxy too.
 */
@EventLoopConfined
public abstract sealed class ProxyHandshake extends ByteToMessageDecoder permits HttpConnectHandshake, Socks5Handshake {
    private final ProxiedAddress address;
    private final Consumer<? super ProxyException> onFailure;
    private boolean done;

    ProxyHandshake(ProxiedAddress address, Consumer<? super ProxyException> onFailure) {
        this.address = address;
        this.onFailure = onFailure;
    }

    /**
     * Returns the handler for one connection.
     *
     * @param onFailure called once, on the event loop, if no tunnel comes about
     */
    public static ProxyHandshake newHandler(ProxiedAddress address, Consumer<? super ProxyException> onFailure) {
        return switch (address.proxy().protocol()) {
            case HTTP_CONNECT -> new HttpConnectHandshake(address, onFailure);
            case SOCKS5 -> new Socks5Handshake(address, onFailure);
        };
    }

    /** Returns the first message to the proxy. */
    abstract ByteBuf opening(ChannelHandlerContext ctx);

    /**
     * Reads what the proxy says, as far as it has come. Bytes that do not complete a message stay in {@code received}.
     *
     * @return whether the tunnel is open; what {@code received} still holds then came through it
     */
    abstract boolean onAnswer(ChannelHandlerContext ctx, ByteBuf received) throws ProxyException;

    final ProxiedAddress address() {
        return address;
    }

    /** Writes to the proxy. */
    final void send(ChannelHandlerContext ctx, ByteBuf message) {
        ctx.writeAndFlush(message).addListener((ChannelFuture written) -> {
            if (!written.isSuccess()) {
                lost(written.cause());
            }
        });
    }

    @Override
    public final void channelActive(ChannelHandlerContext ctx) {
        send(ctx, opening(ctx));
    }

    @Override
    protected final void decode(ChannelHandlerContext ctx, ByteBuf received, List<Object> out) {
        if (done) {
            received.skipBytes(received.readableBytes());
            return;
        }
        try {
            if (onAnswer(ctx, received)) {
                done = true;
                ctx.fireChannelActive();
                // Hands on what is left in the buffer.
                ctx.pipeline().remove(this);
            }
        } catch (ProxyException refused) {
            fail(refused);
        }
    }

    @Override
    public final void channelInactive(ChannelHandlerContext ctx) throws Exception {
        fail(new ProxyException(address.proxyLabel() + " closed the connection before it opened a tunnel to "
                + address.targetHostPort()));
        super.channelInactive(ctx);
    }

    /** What goes wrong in front of this handler or in it. Failures of the handlers behind do not come here. */
    @Override
    public final void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        lost(cause);
    }

    private void lost(Throwable cause) {
        @Nullable String message = cause.getMessage();
        fail(new ProxyException(
                "connection to " + address.proxyLabel() + " lost on the way to " + address.targetHostPort() + ": "
                        + (message == null ? cause.getClass().getSimpleName() : message),
                cause));
    }

    private void fail(ProxyException failure) {
        if (!done) {
            done = true;
            onFailure.accept(failure);
        }
    }
}
