package io.peregrine.transport.http2;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.peregrine.allocation.ownership.EventLoopConfined;
import io.peregrine.transport.proxy.ProxyHandshake;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The time that a connection has to come up, until the server's SETTINGS are there (SPEC D4). Confined to the event loop. */
@EventLoopConfined
final class ConnectTimeout {
    private final Channel channel;
    private final EventLoop eventLoop;
    private final PeerLabel peerLabel;
    private final Duration limit;
    private @Nullable Future<?> timer;

    ConnectTimeout(Channel channel, EventLoop eventLoop, PeerLabel peerLabel, Duration limit) {
        this.channel = channel;
        this.eventLoop = eventLoop;
        this.peerLabel = peerLabel;
        this.limit = limit;
    }

    /** Runs {@code onTimeout} when it is over, unless it is cancelled. */
    void start(Runnable onTimeout) {
        timer = eventLoop.schedule(onTimeout, limit.toNanos(), TimeUnit.NANOSECONDS);
    }

    void cancel() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }

    /** One sentence: what did not come in time. */
    String reason(boolean beforeSettings) {
        String handshakes = channel.pipeline().get(ProxyHandshake.class) == null ? "TCP and TLS" : "the proxy";
        return "connecting to " + peerLabel + " timed out after " + limit.toMillis() + " ms waiting for "
                + (beforeSettings ? handshakes : "SETTINGS");
    }
}
