package io.peregrine.transport.http2;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.peregrine.allocation.ownership.EventLoopConfined;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Bounds the replies that a server causes and does not read (SPEC H2-11, HOSTILE P7).
 *
 * <p>When the limit of replies has been written since the last look, they are flushed; if the socket takes them all,
 * nothing happens. If not, no frame is parsed and nothing is read until it has. So there are never more replies than
 * the limit, and what was read and not parsed is never more than one read of the socket. Calls, deadlines and
 * keepalive go on meanwhile. A server that reads nothing for {@link FloodLimits#unwrittenTime} loses its connection.
 */
@EventLoopConfined
final class ReplyBacklog {
    private final Channel channel;
    private final EventLoop eventLoop;
    private final FloodLimits limits;
    private final FrameWriter writer;
    private final Runnable onWritten;
    private final Consumer<String> onUnread;
    private boolean waiting;
    private @Nullable Future<?> timeout;

    /** Runs {@code onWritten} when parsing may go on; reports a server that does not read to {@code onUnread}. */
    ReplyBacklog(
            Channel channel,
            EventLoop eventLoop,
            FloodLimits limits,
            FrameWriter writer,
            Runnable onWritten,
            Consumer<String> onUnread) {
        this.channel = channel;
        this.eventLoop = eventLoop;
        this.limits = limits;
        this.writer = writer;
        this.onWritten = onWritten;
        this.onUnread = onUnread;
    }

    /** Whether the next frame may be parsed, which may be answered. */
    boolean mayParse() {
        return !waiting && (writer.replies() < limits.unwrittenReplies() || areWritten());
    }

    void close() {
        Future<?> pending = timeout;
        if (pending != null) {
            timeout = null;
            pending.cancel(false);
        }
    }

    private boolean areWritten() {
        ChannelFuture written = writer.flushAndReport();
        if (written.isDone()) {
            return true;
        }
        waiting = true;
        channel.config().setAutoRead(false);
        timeout = eventLoop.schedule(this::onTimeout, limits.unwrittenTime().toNanos(), TimeUnit.NANOSECONDS);
        // Completes within a flush, where nothing may be written: parsing goes on in a turn of its own.
        written.addListener(done -> eventLoop.execute(this::goOn));
        return false;
    }

    private void goOn() {
        waiting = false;
        close();
        onWritten.run();
        if (!waiting && channel.isOpen()) {
            channel.config().setAutoRead(true);
        }
    }

    private void onTimeout() {
        timeout = null;
        onUnread.accept(limits.unwrittenReplies() + " replies unread for " + FloodLimits.show(limits.unwrittenTime())
                + " (limit: FloodLimits.unwrittenTime)");
    }
}
