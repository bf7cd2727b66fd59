package io.peregrine.transport.http2;

import io.netty.channel.EventLoop;
import io.peregrine.allocation.ownership.EventLoopConfined;
import org.jspecify.annotations.Nullable;

/**
 * Makes the receive windows follow the bandwidth-delay product (SPEC H2-8): sends the PINGs by which {@link
 * BdpEstimator} measures, and lets the windows grow to what it finds.
 *
 * <p>Servers guard against PING floods. gRPC's forgive all PINGs whenever they write HEADERS or DATA, and close the
 * connection at the third without (grpc-java's KeepAliveEnforcer, grpc-go's and C++'s ping strikes). A probe is sent
 * on DATA that came behind the answer to the one before, so that the server has always written between two. As
 * grpc-java's client does, for servers and proxies that count otherwise, it also sends no third PING in a row without
 * HEADERS, DATA or WINDOW_UPDATE of its own.
 */
@EventLoopConfined
final class BandwidthProbe {
    /** What the PINGs carry, as in grpc-go. */
    static final long PAYLOAD = 0x0204_1010_090e_0707L;

    private static final int MAX_PINGS_IN_A_ROW = 2;

    private final EventLoop eventLoop;
    private final FrameWriter writer;
    private final InboundFlow inbound;
    private final StreamTable table;
    private final TransportOptions options;

    /** Null if the windows are fixed. */
    private final @Nullable BdpEstimator estimator;

    BandwidthProbe(
            EventLoop eventLoop, FrameWriter writer, InboundFlow inbound, StreamTable table, TransportOptions options) {
        this.eventLoop = eventLoop;
        this.writer = writer;
        this.inbound = inbound;
        this.table = table;
        this.options = options;
        int cap = Math.max(options.maxStreamWindowBytes(), options.maxConnectionWindowBytes());
        boolean grows = options.maxStreamWindowBytes() > options.streamWindowBytes()
                || options.maxConnectionWindowBytes() > options.connectionWindowBytes();
        int start = Math.min(options.streamWindowBytes(), options.connectionWindowBytes());
        this.estimator = grows ? new BdpEstimator(start, cap, LoopClock.nanoTime(eventLoop)) : null;
    }

    /** DATA has come, of any stream. */
    void onData(int bytes) {
        BdpEstimator used = estimator;
        if (used != null
                && used.onData(bytes)
                && writer.pingsInARow() < MAX_PINGS_IN_A_ROW
                && used.tryProbe(LoopClock.nanoTime(eventLoop))) {
            writer.ping(PAYLOAD);
        }
    }

    /** A PING is acknowledged, perhaps not one of these. */
    void onPingAck(long opaque) {
        BdpEstimator used = estimator;
        if (used != null && opaque == PAYLOAD && used.onAnswer(LoopClock.nanoTime(eventLoop))) {
            int bytes = used.estimateBytes();
            inbound.grow(
                    Math.min(bytes, options.maxStreamWindowBytes()),
                    Math.min(bytes, options.maxConnectionWindowBytes()),
                    table.openStreams());
        }
    }
}
