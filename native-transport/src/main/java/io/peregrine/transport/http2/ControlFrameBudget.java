package io.peregrine.transport.http2;

import static io.netty.handler.codec.http2.Http2Error.ENHANCE_YOUR_CALM;
import static io.netty.handler.codec.http2.Http2Exception.connectionError;

import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.Http2Exception;
import io.peregrine.allocation.ownership.EventLoopConfined;
import io.peregrine.transport.http2.FloodLimits.Budget;
import java.util.EnumMap;
import java.util.Map;

/**
 * Counts what the server sends that is legal and of no use, against {@link FloodLimits} (RFC 9113 §10.5).
 *
 * <p>An account is a number of frames that are left. It is filled when it is used up, and only then are the clock and
 * the work of this side looked at: by the whole budget if an interval has passed since the last time, and by what this
 * side has sent since then and what may be the answer to it. An account that stays empty is over budget; so its last
 * budget of frames came within one interval, and nothing that was sent explains them.
 */
@EventLoopConfined
final class ControlFrameBudget {
    /** The prefix of a gRPC message; a frame with less in it can be none. */
    private static final int MIN_MESSAGE_BYTES = 5;

    /** What may be saved up: frames for about a tenth of a second of a core. */
    private static final long MAX_EXPLAINED_FRAMES = 1 << 20;

    private final EventLoop eventLoop;
    private final FloodLimits limits;
    private final FrameWriter writer;
    private final long openedNs;

    /** Of those frames that came at all, which for most connections are of one or two kinds. */
    private final Map<Budget, Account> accounts = new EnumMap<>(Budget.class);

    private long usefulDataFrames;

    ControlFrameBudget(EventLoop eventLoop, FloodLimits limits, FrameWriter writer) {
        this.eventLoop = eventLoop;
        this.limits = limits;
        this.writer = writer;
        this.openedNs = LoopClock.nanoTime(eventLoop);
    }

    /** Counts a frame. */
    void spend(Budget budget) throws Http2Exception {
        Account account = accounts.get(budget);
        if (account == null) {
            account = new Account(limits.frames(budget), openedNs);
            accounts.put(budget, account);
        }
        if (account.framesLeft == 0) {
            fill(budget, account);
        }
        account.framesLeft--;
    }

    /** Counts a DATA frame with {@code bytes} besides its padding. */
    void onData(int bytes, boolean endOfStream) throws Http2Exception {
        if (bytes >= MIN_MESSAGE_BYTES || endOfStream) {
            usefulDataFrames++;
        } else {
            spend(Budget.TINY_DATA);
        }
    }

    private void fill(Budget budget, Account account) throws Http2Exception {
        assert eventLoop.inEventLoop();
        long explained = explained(budget);
        long frames = Math.min(explained - account.explainedBefore, MAX_EXPLAINED_FRAMES);
        account.explainedBefore = explained;
        long nowNs = LoopClock.nanoTime(eventLoop);
        if (nowNs - account.filledNs >= limits.interval().toNanos()) {
            account.filledNs = nowNs;
            frames += limits.frames(budget);
        }
        if (frames == 0) {
            throw connectionError(
                    ENHANCE_YOUR_CALM,
                    "more than %d %s in %s (limit: FloodLimits.Budget.%s)",
                    limits.frames(budget),
                    budget.what(),
                    FloodLimits.show(limits.interval()),
                    budget);
        }
        account.framesLeft = (int) Math.min(frames, Integer.MAX_VALUE);
    }

    /** How many frames the work of this side has explained since the connection began. */
    private long explained(Budget budget) {
        return switch (budget) {
            case SETTINGS -> writer.settings();
            case GOAWAY -> 0;
            case PING -> writer.pings() + writer.dataFrames();
            case RST_STREAM, PRIORITY, UNKNOWN -> writer.requests();
            case WINDOW_UPDATE -> 2 * writer.requests() + 4 * writer.dataFrames() + (writer.dataBytes() >> 9);
            case TINY_DATA -> 4 * usefulDataFrames;
            case INFORMATIONAL, ENDED_STREAM -> 4 * writer.requests();
        };
    }

    private static final class Account {
        private int framesLeft;
        private long filledNs;
        private long explainedBefore;

        Account(int framesLeft, long filledNs) {
            this.framesLeft = framesLeft;
            this.filledNs = filledNs;
        }
    }
}
