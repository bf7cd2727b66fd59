package io.peregrine.transport.http2;

import static io.netty.handler.codec.http2.Http2Error.ENHANCE_YOUR_CALM;
import static io.netty.handler.codec.http2.Http2Exception.connectionError;

import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.Http2Exception;
import io.peregrine.allocation.ownership.EventLoopConfined;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Bounds a header block in frames and in time (RFC 9113 §6.10, §10.5.1). Netty's frame reader bounds its bytes; until
 * the block has ended nothing else can be received on the connection.
 *
 * <p>A block in one frame, which nearly all are, is none of its business.
 */
@EventLoopConfined
final class HeaderBlockLimit {
    private static final int HEADERS = 0x1;
    private static final int PUSH_PROMISE = 0x5;
    private static final int CONTINUATION = 0x9;
    private static final int END_HEADERS = 0x4;
    private static final int MIN_MAX_FRAME_BYTES = 16_384;

    private final EventLoop eventLoop;
    private final FloodLimits limits;
    private final int maxContinuations;
    private final Consumer<String> onOverrun;
    private boolean open;
    private int continuations;
    private @Nullable Future<?> timeout;

    /** Bounds blocks of up to {@code maxBlockBytes}; one that takes too long is reported to {@code onOverrun}. */
    HeaderBlockLimit(EventLoop eventLoop, FloodLimits limits, long maxBlockBytes, Consumer<String> onOverrun) {
        this.eventLoop = eventLoop;
        this.limits = limits;
        this.maxContinuations = limits.continuations() + (int) (maxBlockBytes / MIN_MAX_FRAME_BYTES);
        this.onOverrun = onOverrun;
    }

    /** Whether a block has begun whose CONTINUATION frames are still to come, and may come alone. */
    boolean isOpen() {
        return open;
    }

    /** Comes before each frame that is handed to the reader, which are all that can open or end a block. */
    void onFrame(int type, int flags) throws Http2Exception {
        if (type == CONTINUATION) {
            onContinuation(flags);
        } else if ((type == HEADERS || type == PUSH_PROMISE) && (flags & END_HEADERS) == 0) {
            close();
            open = true;
            continuations = 0;
            timeout =
                    eventLoop.schedule(this::onTimeout, limits.headerBlockTime().toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    /** Nothing is expected any more. */
    void close() {
        Future<?> pending = timeout;
        if (pending != null) {
            timeout = null;
            pending.cancel(false);
        }
    }

    /** One that belongs to no block is for the reader to refuse. */
    private void onContinuation(int flags) throws Http2Exception {
        if ((flags & END_HEADERS) != 0) {
            open = false;
            close();
        } else if (++continuations > maxContinuations) {
            throw connectionError(
                    ENHANCE_YOUR_CALM,
                    "a header block of more than %d CONTINUATION frames (limit: FloodLimits.continuations)",
                    maxContinuations);
        }
    }

    private void onTimeout() {
        timeout = null;
        onOverrun.accept("a header block did not end within " + FloodLimits.show(limits.headerBlockTime())
                + " (limit: FloodLimits.headerBlockTime)");
    }
}
