package io.peregrine.load.serve;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/**
 * An echo back end for any unary gRPC method, cheap enough that the client under test is the bottleneck.
 *
 * <p>Answers each request with its own message, or with one of a fixed size, at once or after a delay. It
 * keeps to the client's flow control and frame size; it has no service registry, reflection or compression.
 * Thread-safe.
 */
public final class EchoServer implements AutoCloseable {
    private static final long CLOSE_TIMEOUT_MS = 2_000;
    private static final int LOW_WATER_BYTES = 256 << 10;
    private static final int HIGH_WATER_BYTES = 1 << 20;

    private final EventLoopGroup eventLoops;
    private final ChannelGroup connections;
    private final Channel listener;
    private final ByteBuf response;
    private final boolean tls;

    private EchoServer(
            EventLoopGroup eventLoops, ChannelGroup connections, Channel listener, ByteBuf response, boolean tls) {
        this.eventLoops = eventLoops;
        this.connections = connections;
        this.listener = listener;
        this.response = response;
        this.tls = tls;
    }

    /**
     * Binds and starts to serve.
     *
     * @throws IOException when the address cannot be bound, with the address in the message
     */
    public static EchoServer start(ServeOptions options) throws IOException {
        boolean epoll = Epoll.isAvailable();
        IoHandlerFactory io = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        EventLoopGroup eventLoops = new MultiThreadIoEventLoopGroup(
                options.threads(), new DefaultThreadFactory("peregrine-serve", true), io);
        Class<? extends ServerChannel> channelType =
                epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
        ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
        ByteBuf response = framedResponse(options.responseBytes());
        var bound = new ServerBootstrap()
                .group(eventLoops)
                .channel(channelType)
                .option(ChannelOption.SO_BACKLOG, 1_024)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .childOption(
                        ChannelOption.WRITE_BUFFER_WATER_MARK,
                        new WriteBufferWaterMark(LOW_WATER_BYTES, HIGH_WATER_BYTES))
                .childHandler(new ConnectionInitializer(options, connections, response))
                .bind(new InetSocketAddress(options.host(), options.port()))
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            response.release();
            Future<?> unused = eventLoops.shutdownGracefully(0, CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS);
            throw new IOException(
                    "cannot listen on " + options.host() + ':' + options.port() + ": "
                            + bound.cause().getMessage(),
                    bound.cause());
        }
        return new EchoServer(eventLoops, connections, bound.channel(), response, options.tls() != null);
    }

    /** The address that is bound, with the port that was chosen when the options said 0. */
    public InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    /** The event loops that serve; a test may stall them. */
    EventLoopGroup eventLoops() {
        return eventLoops;
    }

    /** One line for reports: back end, address and how it is reached. */
    @Override
    public String toString() {
        return "peregrine echo back end on " + address().getHostString() + ':'
                + address().getPort() + (tls ? " (TLS)" : " (plaintext)");
    }

    /** Says GOAWAY on every connection, closes them and stops; waits at most two seconds. */
    @Override
    public void close() {
        listener.close().awaitUninterruptibly(CLOSE_TIMEOUT_MS);
        for (Channel connection : connections) {
            connection.pipeline().fireUserEventTriggered(ServerEvent.SHUT_DOWN);
        }
        connections.newCloseFuture().awaitUninterruptibly(CLOSE_TIMEOUT_MS);
        eventLoops
                .shutdownGracefully(0, CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS)
                .awaitUninterruptibly(CLOSE_TIMEOUT_MS);
        if (eventLoops.isTerminated() && response.refCnt() > 0) {
            response.release();
        }
    }

    private static ByteBuf framedResponse(int responseBytes) {
        if (responseBytes == ServeOptions.ECHO) {
            return Unpooled.EMPTY_BUFFER;
        }
        ByteBuf framed = Unpooled.directBuffer(RequestMessage.PREFIX_BYTES + responseBytes);
        return framed.writeByte(0).writeInt(responseBytes).writeZero(responseBytes);
    }

    private static final class ConnectionInitializer extends ChannelInitializer<SocketChannel> {
        private final ServeOptions options;
        private final ChannelGroup connections;
        private final ByteBuf response;

        ConnectionInitializer(ServeOptions options, ChannelGroup connections, ByteBuf response) {
            this.options = options;
            this.connections = connections;
            this.response = response;
        }

        @Override
        protected void initChannel(SocketChannel channel) {
            connections.add(channel);
            var tls = options.tls();
            if (tls != null) {
                channel.pipeline().addLast(tls.newHandler(channel.alloc()));
            }
            channel.pipeline().addLast(new EchoConnection(options, response));
        }
    }
}
