package io.peregrine.transport.http2;

import io.netty.channel.EventLoop;
import io.peregrine.allocation.ownership.EventLoopConfined;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Notices a peer that is gone without a word (gRFC A8, A18; SPEC KA-1..KA-4). Any byte from the peer is a sign of
 * life. Silent for the keepalive time, it is sent a PING; silent for the timeout after that, the connection ends.
 *
 * <pre>
 *         start()                time without a byte, streams are open
 *   OFF ──────────▶ LISTENING ──────────────────────────────────────────▶ PINGED ──timeout──▶ the end
 *                    ▲  ▲  │                                               ▲   │
 *                    │  │  │ time without a byte, no streams               │   │
 *                    │  │  └─────────────────────────────────▶ DORMANT ────┘   │
 *                    │  └───────────────a byte──────────────────┘   a stream   │
 *                    └──────────────────────────a byte─────────────────────────┘
 * </pre>
 *
 * <p>A read costs an increment: the timer fires four times in the keepalive time and looks whether there was one. So the
 * PING comes after the keepalive time and at most a quarter of it later, never early. In the two states in which
 * reads are rare the clock is read for each.
 */
@EventLoopConfined
final class KeepAlive implements Runnable {
    /** What the PINGs carry: "keepaliv". The answer needs no look at it, since any byte is one. */
    static final long PAYLOAD = 0x6b65_6570_616c_6976L;

    private static final int LOOKS_PER_TIME = 4;

    /** What keepalive needs of its connection. */
    interface Connection {
        /** The peer is gone: the connection is to end, with this reason. */
        void onPeerSilent(String reason);

        /** Something was written outside a loop turn and wants a flush. */
        void flushSoon();

        /** An exception in this side's own code. */
        void onFault(Throwable fault);
    }

    private enum State {
        OFF,
        LISTENING,
        DORMANT,
        PINGED
    }

    private final Connection connection;
    private final EventLoop eventLoop;
    private final PeerLabel peerLabel;
    private final FrameWriter writer;
    private final StreamTable table;
    private final @Nullable KeepAliveOptions options;
    private State state = State.OFF;

    /** How often something was read from the socket. */
    private long reads;

    /** What {@link #reads} was when the timer looked last. */
    private long readsSeen;

    /** The last byte came at this time or before. */
    private long heardByNs;

    private @Nullable Future<?> timer;

    /** Watches a connection, or does nothing if {@code options} is null. */
    KeepAlive(
            Connection connection,
            EventLoop eventLoop,
            PeerLabel peerLabel,
            FrameWriter writer,
            StreamTable table,
            @Nullable KeepAliveOptions options) {
        this.connection = connection;
        this.eventLoop = eventLoop;
        this.peerLabel = peerLabel;
        this.writer = writer;
        this.table = table;
        this.options = options;
    }

    /** The connection is up. */
    void start() {
        assert eventLoop.inEventLoop() && state == State.OFF;
        if (options != null) {
            listen(options);
        }
    }

    /** The connection is over. */
    void stop() {
        state = State.OFF;
        cancelTimer();
    }

    /** Something was read from the socket. */
    void onRead() {
        reads++;
        if (state == State.DORMANT || state == State.PINGED) {
            assert options != null;
            cancelTimer();
            listen(options);
        }
    }

    /** How often something was read from the socket so far; also while keepalive is off. */
    long reads() {
        return reads;
    }

    /** A turn of the loop is about to be flushed: the first stream after a long silence is not trusted to it (KA-3). */
    void onTurnEnd() {
        if (state == State.DORMANT && table.openCount() > 0) {
            assert options != null;
            ping(options);
        }
    }

    /** The timer. */
    @Override
    public void run() {
        assert eventLoop.inEventLoop();
        KeepAliveOptions used = options;
        timer = null;
        if (used == null) {
            return;
        }
        try {
            if (state == State.LISTENING) {
                look(used);
            } else if (state == State.PINGED) {
                giveUp(used);
            }
        } catch (RuntimeException | Error fault) {
            connection.onFault(fault);
        }
    }

    private void listen(KeepAliveOptions used) {
        state = State.LISTENING;
        readsSeen = reads;
        heardByNs = LoopClock.nanoTime(eventLoop);
        wakeAfter(used.time().toNanos() / LOOKS_PER_TIME);
    }

    private void look(KeepAliveOptions used) {
        long now = LoopClock.nanoTime(eventLoop);
        if (reads != readsSeen) {
            readsSeen = reads;
            heardByNs = now;
        }
        long timeNs = used.time().toNanos();
        long leftNs = timeNs - (now - heardByNs);
        if (leftNs > 0) {
            wakeAfter(Math.min(leftNs, timeNs / LOOKS_PER_TIME));
        } else if (used.withoutCalls() || table.openCount() > 0) {
            ping(used);
            connection.flushSoon();
        } else {
            state = State.DORMANT;
        }
    }

    private void ping(KeepAliveOptions used) {
        state = State.PINGED;
        writer.ping(PAYLOAD);
        wakeAfter(used.timeout().toNanos());
    }

    private void giveUp(KeepAliveOptions used) {
        long silentMs =
                Duration.ofNanos(LoopClock.nanoTime(eventLoop) - heardByNs).toMillis();
        state = State.OFF;
        connection.onPeerSilent("keepalive: nothing was heard from " + peerLabel + " for " + silentMs
                + " ms, and no answer to a PING within " + used.timeout().toMillis() + " ms");
    }

    private void wakeAfter(long delayNs) {
        timer = eventLoop.schedule(this, delayNs, TimeUnit.NANOSECONDS);
    }

    private void cancelTimer() {
        Future<?> scheduled = timer;
        if (scheduled != null) {
            scheduled.cancel(false);
            timer = null;
        }
    }
}
