package io.peregrine.transport.http2;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.peregrine.stress.HandDrivenLoop;
import java.net.InetSocketAddress;

/**
 * A real connection, ready for streams, on a loop that the actors run. What it writes goes nowhere; the server's part
 * is frames that a test hands in.
 */
public final class HandDrivenConnection {
    /** The address that the connection believes to be connected to. */
    public static final InetSocketAddress ADDRESS = InetSocketAddress.createUnresolved("greeter.test", 443);

    private final HandDrivenLoop loop;
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final Http2ClientConnection connection;

    /** Connects; the listener is told that the connection is ready before this returns. */
    public HandDrivenConnection(HandDrivenLoop loop, TransportListener listener) {
        this.loop = loop;
        this.connection = new Http2ClientConnection(
                channel, loop, new PeerLabel(ADDRESS, "greeter.test"), TransportOptions.defaults(), listener);
        loop.run(() -> {
            channel.pipeline().addLast(connection);
            channel.pipeline().fireChannelActive();
            channel.writeInbound(Unpooled.wrappedBuffer(Frames.settings()));
        });
    }

    /** The connection, as calls see it. */
    public ClientTransport transport() {
        return connection;
    }

    /** Lets the loop receive a whole response of one message to a stream, behind what it has to do anyway. */
    public void respond(int streamId) {
        serve(Frames.response(streamId, "x"));
    }

    /** Lets the loop receive GOAWAY that disowns every stream. */
    public void goAway() {
        serve(Frames.goAway(0));
    }

    private void serve(byte[] frames) {
        loop.run(() -> {
            if (channel.isOpen()) {
                channel.writeInbound(Unpooled.wrappedBuffer(frames));
            }
        });
    }

    /** Lets the loop find that the socket is closed. */
    public void lose() {
        loop.run(channel::close);
    }

    /** Whether the connection has closed its channel. */
    public boolean isClosed() {
        return !channel.isOpen();
    }

    /** Releases what was written. */
    public void release() {
        loop.run(channel::finishAndReleaseAll);
    }
}
