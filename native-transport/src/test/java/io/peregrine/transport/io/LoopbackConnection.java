package io.peregrine.transport.io;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;

/** A client's connection of one backend, and the JDK's blocking sockets at its other end. */
final class LoopbackConnection implements AutoCloseable {
    private static final long LIMIT_S = 20;

    private final ServerSocketChannel listening;
    private final SocketChannel peer;
    private final Channel client;

    private LoopbackConnection(EventLoop loop, IoBackend backend, SocketTuning tuning, ServerSocketChannel listening)
            throws Exception {
        this.listening = listening;
        SocketAddress bound = listening.getLocalAddress();
        SocketAddress address =
                bound instanceof UnixDomainSocketAddress unix ? new DomainSocketAddress(unix.toString()) : bound;
        Channel channel = backend.newChannel(address);
        Bootstrap bootstrap =
                new Bootstrap().group(loop).channelFactory(() -> channel).handler(new ChannelInboundHandlerAdapter());
        tuning.applyTo(bootstrap, backend, address);
        client = bootstrap.connect(backend.connectAddress(address)).sync().channel();
        peer = listening.accept();
    }

    static LoopbackConnection tcp(EventLoop loop, IoBackend backend, SocketTuning tuning) throws Exception {
        ServerSocketChannel listening = ServerSocketChannel.open();
        return new LoopbackConnection(
                loop, backend, tuning, listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)));
    }

    static LoopbackConnection unix(EventLoop loop, IoBackend backend, UnixDomainSocketAddress address)
            throws Exception {
        ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        return new LoopbackConnection(loop, backend, SocketTuning.defaults(), listening.bind(address));
    }

    Channel client() {
        return client;
    }

    SocketChannel peer() {
        return peer;
    }

    @Override
    public void close() throws IOException {
        boolean closed = client.close().awaitUninterruptibly(LIMIT_S, TimeUnit.SECONDS);
        peer.close();
        listening.close();
        if (!closed) {
            throw new IOException("the client's end did not close");
        }
    }
}
