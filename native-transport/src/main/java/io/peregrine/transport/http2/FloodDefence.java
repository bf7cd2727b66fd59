package io.peregrine.transport.http2;

import static io.netty.handler.codec.http2.Http2Error.ENHANCE_YOUR_CALM;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.peregrine.allocation.ownership.EventLoopConfined;

/**
 * What keeps a connection from being hurt by legal frames: budgets of frames, limits of header blocks, and a bound on
 * replies that are not read. All of it is configured in {@link FloodLimits}.
 */
@EventLoopConfined
final class FloodDefence {
    private final Http2ClientConnection connection;
    private final PeerLabel peerLabel;
    private final ControlFrameBudget budget;
    private final HeaderBlockLimit headerBlock;
    private final ReplyBacklog replies;

    FloodDefence(
            Http2ClientConnection connection,
            Channel channel,
            EventLoop eventLoop,
            PeerLabel peerLabel,
            TransportOptions options,
            FrameWriter writer) {
        this.connection = connection;
        this.peerLabel = peerLabel;
        FloodLimits limits = options.floodLimits();
        this.budget = new ControlFrameBudget(eventLoop, limits, writer);
        this.headerBlock = new HeaderBlockLimit(eventLoop, limits, 2L * options.maxHeaderListBytes(), this::end);
        this.replies = new ReplyBacklog(channel, eventLoop, limits, writer, connection::onRepliesWritten, this::end);
    }

    ControlFrameBudget budget() {
        return budget;
    }

    HeaderBlockLimit headerBlock() {
        return headerBlock;
    }

    ReplyBacklog replies() {
        return replies;
    }

    void close() {
        headerBlock.close();
        replies.close();
    }

    private void end(String what) {
        connection.closeWith(ENHANCE_YOUR_CALM, "connection error with " + peerLabel + ": " + what, null);
    }
}
