package io.peregrine.client.fleet;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A relay on a loopback port to a server, which can stop to relay, reset its connections, and refuse new ones. The port
 * stays the same. All it does runs on one event loop.
 */
final class Relay {
    private final EventLoop loop;
    private final ChannelGroup channels;
    private final int port;
    private volatile int serverPort;
    private @Nullable Channel listening;

    /** Holds the port while nothing listens there, so that nobody else is given it. */
    private @Nullable Socket reserved;

    private boolean frozen;

    Relay(EventLoop loop, int serverPort) {
        this.loop = loop;
        this.serverPort = serverPort;
        this.channels = new DefaultChannelGroup(loop);
        Channel bound = bind(0);
        listening = bound;
        this.port = ((InetSocketAddress) bound.localAddress()).getPort();
    }

    InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    /** New connections go there. */
    void relayTo(int newServerPort) {
        serverPort = newServerPort;
    }

    /** Resets every connection and refuses new ones. */
    void stop() {
        close();
        try {
            reserved = hold(address());
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** The selector closes a socket when it looks next, which may be after Netty has said so. */
    private static Socket hold(InetSocketAddress address) throws IOException {
        long giveUpNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (true) {
            Socket holder = new Socket();
            holder.setReuseAddress(true);
            try {
                holder.bind(address);
                return holder;
            } catch (BindException notYet) {
                holder.close();
                if (System.nanoTime() - giveUpNs > 0) {
                    throw notYet;
                }
                LockSupport.parkNanos(1_000_000);
            }
        }
    }

    /** Resets every connection, refuses new ones, and lets go of the port. */
    void close() {
        Channel bound = listening;
        if (bound != null) {
            listening = null;
            bound.close().syncUninterruptibly();
        }
        release();
        channels.forEach(Relay::resetOnClose);
        channels.close().syncUninterruptibly();
    }

    private static void resetOnClose(Channel channel) {
        try {
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
        } catch (ChannelException e) {
            // Its other side may have closed it just now; then there is nothing left to reset.
            if (channel.isOpen()) {
                throw e;
            }
        }
    }

    /** Accepts connections again. */
    void open() {
        release();
        listening = bind(port);
    }

    private void release() {
        Socket holder = reserved;
        if (holder == null) {
            return;
        }
        reserved = null;
        try {
            holder.close();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Relays nothing from now on, or again. */
    void freeze(boolean on) {
        loop.submit(() -> {
                    frozen = on;
                    channels.forEach(channel -> channel.config().setAutoRead(!on));
                })
                .syncUninterruptibly();
    }

    private Channel bind(int wanted) {
        return new ServerBootstrap()
                .group(loop)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel client) {
                        connect(client);
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), wanted)
                .syncUninterruptibly()
                .channel();
    }

    private void connect(Channel client) {
        channels.add(client);
        ChannelFuture unused = new Bootstrap()
                .group(loop)
                .channel(NioSocketChannel.class)
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.TCP_NODELAY, true)
                .handler(new Copy(client))
                .connect(InetAddress.getLoopbackAddress(), serverPort)
                .addListener(connected -> {
                    if (connected.isSuccess()) {
                        return;
                    }
                    close(client);
                });
    }

    private static void close(Channel channel) {
        ChannelFuture unused = channel.close();
    }

    /** Of the side of the server; it installs that of the client. */
    private final class Copy extends ChannelInboundHandlerAdapter {
        private final Channel to;

        Copy(Channel to) {
            this.to = to;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            Channel server = context.channel();
            if (channels.contains(to) && !channels.contains(server)) {
                channels.add(server);
                to.pipeline().addLast(new Copy(server));
                server.config().setAutoRead(!frozen);
                to.config().setAutoRead(!frozen);
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object octets) {
            ChannelFuture unused = to.writeAndFlush(octets);
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            Relay.close(to);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable reset) {
            Relay.close(context.channel());
        }
    }
}
