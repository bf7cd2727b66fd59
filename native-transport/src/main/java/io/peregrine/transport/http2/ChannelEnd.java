package io.peregrine.transport.http2;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** How the channel of a connection closes (SPEC H2-14). */
final class ChannelEnd {
    /** How long GOAWAY may take on its way to the socket before the channel closes without it. */
    private static final long LAST_WRITE_SECONDS = 5;

    private ChannelEnd() {}

    /** Closes at once, or as soon as the channel's loop gets there. */
    static void close(Channel channel) {
        if (channel.isRegistered()) {
            ChannelFuture unused = channel.close();
        } else {
            // Refused by its loop, or closed already: there is no loop to close it on.
            channel.unsafe().closeForcibly();
        }
    }

    /** Closes behind what was flushed, the GOAWAY among it, but not for ever behind a peer that does not read. */
    static void closeBehindWrites(Channel channel) {
        if (!channel.isRegistered() || !channel.isActive()) {
            close(channel);
            return;
        }
        Future<?> limit = channel.eventLoop().schedule(() -> close(channel), LAST_WRITE_SECONDS, TimeUnit.SECONDS);
        channel.closeFuture().addListener(closed -> limit.cancel(false));
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }
}
