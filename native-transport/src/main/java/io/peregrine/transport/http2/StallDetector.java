package io.peregrine.transport.http2;

import io.netty.channel.EventLoop;
import io.peregrine.allocation.ownership.EventLoopConfined;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Suspects a connection whose calls end by their deadlines while nothing comes from the peer, and asks it with a PING
 * ({@link DeadlineProbe}). It works when a deadline expires and in its own timer, and at no other time: whether
 * something was read meanwhile is told by a count that keepalive keeps anyway.
 *
 * <pre>
 *   WATCHING ──the last of so many deadlines──▶ PINGED ──timeout, silence──▶ the end
 *       ▲                                          │
 *       └──────────────timeout, a byte─────────────┘
 * </pre>
 */
@EventLoopConfined
final class StallDetector implements Runnable {
    /** What the PINGs carry: "stalled?". Any byte answers them. */
    static final long PAYLOAD = 0x7374_616c_6c65_643fL;

    /** A gRPC server says GOAWAY at the third PING during which it has sent nothing (SPEC KA-7). */
    private static final int MAX_PINGS_WITHOUT_RESPONSE = 2;

    private final KeepAlive.Connection connection;
    private final EventLoop eventLoop;
    private final PeerLabel peerLabel;
    private final FrameWriter writer;
    private final KeepAlive keepAlive;
    private final @Nullable DeadlineProbe options;

    /** What was read by the last deadline that expired, or by the answer to the last PING. */
    private long readsSeen;

    private int deadlines;
    private int pings;
    private @Nullable Future<?> timer;

    /** Watches a connection, or does nothing if {@code options} is null. */
    StallDetector(
            KeepAlive.Connection connection,
            EventLoop eventLoop,
            PeerLabel peerLabel,
            FrameWriter writer,
            KeepAlive keepAlive,
            @Nullable DeadlineProbe options) {
        this.connection = connection;
        this.eventLoop = eventLoop;
        this.peerLabel = peerLabel;
        this.writer = writer;
        this.keepAlive = keepAlive;
        this.options = options;
    }

    /** A stream that the peer has seen ended by its deadline. The turn that follows flushes. */
    void onDeadline() {
        DeadlineProbe used = options;
        if (used == null || timer != null) {
            return;
        }
        assert eventLoop.inEventLoop();
        long reads = keepAlive.reads();
        if (reads != readsSeen) {
            readsSeen = reads;
            deadlines = 0;
            pings = 0;
        }
        deadlines++;
        if (deadlines >= used.deadlines() && pings < MAX_PINGS_WITHOUT_RESPONSE) {
            deadlines = 0;
            pings++;
            writer.ping(PAYLOAD);
            timer = eventLoop.schedule(this, used.timeout().toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    /** The connection is over. */
    void stop() {
        Future<?> scheduled = timer;
        if (scheduled != null) {
            scheduled.cancel(false);
            timer = null;
        }
    }

    /** The timer. */
    @Override
    public void run() {
        DeadlineProbe used = options;
        if (used == null || timer == null) {
            return;
        }
        timer = null;
        long reads = keepAlive.reads();
        if (reads != readsSeen) {
            readsSeen = reads;
            return;
        }
        try {
            connection.onPeerSilent(used.deadlines() + " calls in a row reached their deadline without a byte from "
                    + peerLabel + ", and no answer to a PING within "
                    + used.timeout().toMillis() + " ms");
        } catch (RuntimeException | Error fault) {
            connection.onFault(fault);
        }
    }
}
