package io.peregrine.transport.tls;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.ssl.SniHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.Mapping;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** A server on 127.0.0.1 that behaves towards TLS clients as a test wants it to. */
final class LoopbackPeer implements AutoCloseable {
    static final byte GREETING = 'k';

    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);
    private final Queue<String> serverNames;
    private final Channel listener;

    private LoopbackPeer(Queue<String> serverNames, Supplier<ChannelHandler[]> handlers) {
        this.serverNames = serverNames;
        this.listener = new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        connections.add(channel);
                        channel.pipeline().addLast(handlers.get());
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), 0)
                .syncUninterruptibly()
                .channel();
    }

    /** Netty's own TLS server: completes the handshake, then sends one byte. */
    static LoopbackPeer tls(SslContext context) {
        Queue<String> names = new ConcurrentLinkedQueue<>();
        Mapping<String, SslContext> remember = name -> {
            names.add(name == null ? "none" : name);
            return context;
        };
        return new LoopbackPeer(names, () -> new ChannelHandler[] {new SniHandler(remember), new Greeter()});
    }

    /** Completes the handshake, then asks for another one instead of sending a byte. */
    static LoopbackPeer renegotiating(SslContext context) {
        return new LoopbackPeer(new ConcurrentLinkedQueue<>(), () -> {
            SslHandler tls = context.newHandler(ByteBufAllocator.DEFAULT);
            return new ChannelHandler[] {
                tls,
                new ChannelInboundHandlerAdapter() {
                    private boolean asked;

                    @Override
                    public void userEventTriggered(ChannelHandlerContext context, Object event) {
                        if (event instanceof SslHandshakeCompletionEvent && !asked) {
                            asked = true;
                            Future<Channel> unused = tls.renegotiate();
                        }
                    }

                    @Override
                    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                        hangUp(context);
                    }
                }
            };
        });
    }

    /** Answers the first bytes with the text and closes. */
    static LoopbackPeer answering(String text) {
        return answering(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** Answers the first bytes with these and closes. */
    static LoopbackPeer answering(byte[] bytes) {
        return onFirstRead(context ->
                context.writeAndFlush(Unpooled.copiedBuffer(bytes)).addListener(ChannelFutureListener.CLOSE));
    }

    /** Closes on the first bytes. */
    static LoopbackPeer closing() {
        return onFirstRead(LoopbackPeer::hangUp);
    }

    /** Reads and never answers. */
    static LoopbackPeer silent() {
        return onFirstRead(context -> {});
    }

    private static LoopbackPeer onFirstRead(Consumer<ChannelHandlerContext> reaction) {
        return new LoopbackPeer(new ConcurrentLinkedQueue<>(), () -> new ChannelHandler[] {
            new ChannelInboundHandlerAdapter() {
                private boolean reacted;

                @Override
                public void channelRead(ChannelHandlerContext context, Object message) {
                    ReferenceCountUtil.release(message);
                    if (!reacted) {
                        reacted = true;
                        reaction.accept(context);
                    }
                }
            }
        });
    }

    private static void hangUp(ChannelHandlerContext context) {
        context.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
    }

    int port() {
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    /** What clients sent as SNI, in turn; "none" for a client that sent none. */
    Queue<String> serverNames() {
        return serverNames;
    }

    @Override
    public void close() {
        listener.close().syncUninterruptibly();
        // First, since a loop with no quiet period may end without closing them.
        connections.close().awaitUninterruptibly();
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private static final class Greeter extends ChannelInboundHandlerAdapter {
        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof SslHandshakeCompletionEvent completion && completion.isSuccess()) {
                context.writeAndFlush(Unpooled.wrappedBuffer(new byte[] {GREETING}))
                        .addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
            }
        }

        /** The client reports the failure; this end only hangs up. */
        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            hangUp(context);
        }
    }
}
