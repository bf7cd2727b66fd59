package io.peregrine.transport.http2;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a connection. Immutable; {@link #defaults()} suits nearly everyone.
 *
 * <table>
 * <caption>Options</caption>
 * <tr><th>option</th><th>unit</th><th>default</th><th>range</th><th>change it when</th></tr>
 * <tr><td>{@link Builder#windows windows}</td><td>bytes</td><td>1 MiB, 4 MiB</td><td>65 535..2^31-1</td>
 *     <td>memory is to be bounded more tightly, or measured: it fixes them</td></tr>
 * <tr><td>{@link Builder#maxWindows maxWindows}</td><td>bytes</td><td>8 MiB, 16 MiB</td><td>65 535..2^31-1</td>
 *     <td>large responses come over very long, very fast links</td></tr>
 * <tr><td>{@link Builder#maxUnreadBytes maxUnreadBytes}</td><td>bytes</td><td>16 MiB</td><td>0..2^31-1</td>
 *     <td>many streams are read slowly over one connection</td></tr>
 * <tr><td>{@link Builder#maxHeaderListBytes maxHeaderListBytes}</td><td>bytes</td><td>8 KiB</td>
 *     <td>1 KiB..16 MiB</td><td>servers answer with large metadata</td></tr>
 * <tr><td>{@link Builder#maxWaitingStreams maxWaitingStreams}</td><td>streams</td><td>10 000</td><td>1 or more</td>
 *     <td>a full server should fail calls sooner</td></tr>
 * <tr><td>{@link Builder#maxQueuedCommands maxQueuedCommands}</td><td>commands</td><td>65 536</td><td>64..2^30</td>
 *     <td>more calls than that start at one moment</td></tr>
 * <tr><td>{@link Builder#connectTimeout connectTimeout}</td><td>ns</td><td>20 s</td><td>positive</td>
 *     <td>a dead address should be given up sooner</td></tr>
 * <tr><td>{@link Builder#floodLimits floodLimits}</td><td></td><td>{@link FloodLimits#defaults()}</td><td></td>
 *     <td>a server sends much that is legal and of no use</td></tr>
 * <tr><td>{@link Builder#deadlineProbe deadlineProbe}</td><td></td><td>off</td><td>{@link DeadlineProbe}</td>
 *     <td>a dead peer is to be noticed within milliseconds</td></tr>
 * <tr><td>{@link Builder#keepAlive keepAlive}</td><td></td><td>off</td><td>{@link KeepAliveOptions}</td>
 *     <td>peers or middle boxes vanish without a word</td></tr>
 * </table>
 */
public final class TransportOptions {
    private static final int MIN_WINDOW_BYTES = 65_535;
    private static final TransportOptions DEFAULTS = builder().build();

    private final int streamWindowBytes;
    private final int connectionWindowBytes;
    private final int maxStreamWindowBytes;
    private final int maxConnectionWindowBytes;
    private final int maxUnreadBytes;
    private final int maxHeaderListBytes;
    private final int maxWaitingStreams;
    private final int maxQueuedCommands;
    private final Duration connectTimeout;
    private final FloodLimits floodLimits;
    private final @Nullable KeepAliveOptions keepAlive;
    private final @Nullable DeadlineProbe deadlineProbe;

    private TransportOptions(Builder builder) {
        streamWindowBytes = builder.streamWindowBytes;
        connectionWindowBytes = builder.connectionWindowBytes;
        maxStreamWindowBytes = builder.maxStreamWindowBytes;
        maxConnectionWindowBytes = builder.maxConnectionWindowBytes;
        maxUnreadBytes = builder.maxUnreadBytes;
        maxHeaderListBytes = builder.maxHeaderListBytes;
        maxWaitingStreams = builder.maxWaitingStreams;
        maxQueuedCommands = builder.maxQueuedCommands;
        connectTimeout = builder.connectTimeout;
        floodLimits = builder.floodLimits;
        keepAlive = builder.keepAlive;
        deadlineProbe = builder.deadlineProbe;
    }

    /** Returns the defaults of the table above. */
    public static TransportOptions defaults() {
        return DEFAULTS;
    }

    /** Returns a builder that starts from the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** Returns a builder that starts from these options. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.streamWindowBytes = streamWindowBytes;
        builder.connectionWindowBytes = connectionWindowBytes;
        builder.maxStreamWindowBytes = maxStreamWindowBytes;
        builder.maxConnectionWindowBytes = maxConnectionWindowBytes;
        builder.maxUnreadBytes = maxUnreadBytes;
        builder.maxHeaderListBytes = maxHeaderListBytes;
        builder.maxWaitingStreams = maxWaitingStreams;
        builder.maxQueuedCommands = maxQueuedCommands;
        builder.connectTimeout = connectTimeout;
        builder.floodLimits = floodLimits;
        builder.keepAlive = keepAlive;
        builder.deadlineProbe = deadlineProbe;
        return builder;
    }

    /** Returns the receive window of a stream in bytes that a connection starts with, SETTINGS_INITIAL_WINDOW_SIZE. */
    public int streamWindowBytes() {
        return streamWindowBytes;
    }

    /** Returns the receive window of the connection in bytes that it starts with. */
    public int connectionWindowBytes() {
        return connectionWindowBytes;
    }

    /** Returns up to which size in bytes the receive window of a stream may grow. */
    public int maxStreamWindowBytes() {
        return maxStreamWindowBytes;
    }

    /** Returns up to which size in bytes the receive window of the connection may grow. */
    public int maxConnectionWindowBytes() {
        return maxConnectionWindowBytes;
    }

    /** Returns how many received bytes may wait for their callers before the connection's window shrinks. */
    public int maxUnreadBytes() {
        return maxUnreadBytes;
    }

    /** Returns the largest response header list in bytes, SETTINGS_MAX_HEADER_LIST_SIZE. */
    public int maxHeaderListBytes() {
        return maxHeaderListBytes;
    }

    /** Returns how many streams may wait for MAX_CONCURRENT_STREAMS to allow them. */
    public int maxWaitingStreams() {
        return maxWaitingStreams;
    }

    /** Returns how many starts, cancels and sends may be on their way to the event loop. */
    public int maxQueuedCommands() {
        return maxQueuedCommands;
    }

    /** Returns the time for TCP, proxy, TLS and the server's SETTINGS together. */
    public Duration connectTimeout() {
        return connectTimeout;
    }

    /** Returns what the server may send that is of no use. */
    public FloodLimits floodLimits() {
        return floodLimits;
    }

    /** Returns when a silent peer is asked for a sign of life; null: never. */
    public @Nullable KeepAliveOptions keepAlive() {
        return keepAlive;
    }

    /** Returns when calls that end by their deadlines make the connection suspect; null: never. */
    public @Nullable DeadlineProbe deadlineProbe() {
        return deadlineProbe;
    }

    /** Collects options; {@link #build()} checks them. Not thread-safe. */
    public static final class Builder {
        private int streamWindowBytes = 1 << 20;
        private int connectionWindowBytes = 4 << 20;
        private int maxStreamWindowBytes = 8 << 20;
        private int maxConnectionWindowBytes = 16 << 20;
        private int maxUnreadBytes = 16 << 20;
        private int maxHeaderListBytes = 8 << 10;
        private int maxWaitingStreams = 10_000;
        private int maxQueuedCommands = 1 << 16;
        private Duration connectTimeout = Duration.ofSeconds(20);
        private FloodLimits floodLimits = FloodLimits.defaults();
        private @Nullable KeepAliveOptions keepAlive;
        private @Nullable DeadlineProbe deadlineProbe;

        private Builder() {}

        /**
         * The receive windows in bytes, each 65 535..2^31-1: SETTINGS_INITIAL_WINDOW_SIZE, default 1 MiB, and that of
         * the connection, default 4 MiB (RFC 9113 §6.9). They are fixed then: {@link #maxWindows} after it lets them
         * grow from these sizes.
         */
        public Builder windows(int streamBytes, int connectionBytes) {
            streamWindowBytes = streamBytes;
            connectionWindowBytes = connectionBytes;
            return maxWindows(streamBytes, connectionBytes);
        }

        /**
         * Up to which sizes in bytes the receive windows may grow when the bandwidth-delay product of the connection
         * turns out to be larger (SPEC H2-8): at least those of {@link #windows}, at most 2^31-1. Default 8 MiB for a
         * stream, half of what the connection may have unread, and 16 MiB for the connection, of which growth takes no
         * more than {@link #maxUnreadBytes}. 8 MiB are 670 Mbit/s over a round trip of 100 ms.
         */
        public Builder maxWindows(int streamBytes, int connectionBytes) {
            maxStreamWindowBytes = streamBytes;
            maxConnectionWindowBytes = connectionBytes;
            return this;
        }

        /**
         * How many bytes the streams of a connection together may have received that their callers have not asked
         * for: 0..2^31-1, default 16 MiB (HOSTILE.md P6). Beyond it the connection's window shrinks, and with it the
         * speed of all its streams, until some is read. A window that has grown counts: by as much less may be unread.
         */
        public Builder maxUnreadBytes(int bytes) {
            maxUnreadBytes = bytes;
            return this;
        }

        /**
         * The largest response header list in bytes, SETTINGS_MAX_HEADER_LIST_SIZE: 1 KiB..16 MiB, default 8 KiB
         * (SPEC H2-6). A larger one costs its call; one that is far larger costs the connection.
         */
        public Builder maxHeaderListBytes(int bytes) {
            maxHeaderListBytes = bytes;
            return this;
        }

        /** How many streams may wait for MAX_CONCURRENT_STREAMS to allow them: at least 1, default 10 000. */
        public Builder maxWaitingStreams(int streams) {
            maxWaitingStreams = streams;
            return this;
        }

        /**
         * How many starts, cancels and sends may be on their way to the event loop: 64..2^30, default 65 536. What
         * finds the queue full fails at once.
         */
        public Builder maxQueuedCommands(int commands) {
            maxQueuedCommands = commands;
            return this;
        }

        /** The time for TCP, proxy, TLS and the server's SETTINGS together: positive, default 20 s (SPEC D4). */
        public Builder connectTimeout(Duration timeout) {
            connectTimeout = requireNonNull(timeout, "timeout");
            return this;
        }

        /** What the server may send that is of no use: default {@link FloodLimits#defaults()}. */
        public Builder floodLimits(FloodLimits limits) {
            floodLimits = requireNonNull(limits, "limits");
            return this;
        }

        /**
         * When a silent peer is asked for a sign of life: default null, never (SPEC KA-1). TCP_USER_TIMEOUT becomes
         * the timeout then, unless the socket options say otherwise (KA-5).
         */
        public Builder keepAlive(@Nullable KeepAliveOptions options) {
            keepAlive = options;
            return this;
        }

        /**
         * When calls that end by their deadlines make the connection suspect, and how long it has to answer a PING
         * then; default null, never.
         */
        public Builder deadlineProbe(@Nullable DeadlineProbe probe) {
            deadlineProbe = probe;
            return this;
        }

        /**
         * Returns the checked options.
         *
         * @throws IllegalArgumentException if an option is out of its range
         */
        public TransportOptions build() {
            requireRange("stream window", streamWindowBytes, MIN_WINDOW_BYTES, Integer.MAX_VALUE);
            requireRange("connection window", connectionWindowBytes, MIN_WINDOW_BYTES, Integer.MAX_VALUE);
            requireRange("max stream window", maxStreamWindowBytes, streamWindowBytes, Integer.MAX_VALUE);
            requireRange("max connection window", maxConnectionWindowBytes, connectionWindowBytes, Integer.MAX_VALUE);
            requireRange("max unread bytes", maxUnreadBytes, 0, Integer.MAX_VALUE);
            requireRange("max header list", maxHeaderListBytes, 1024, 16 << 20);
            requireRange("max waiting streams", maxWaitingStreams, 1, Integer.MAX_VALUE);
            requireRange("max queued commands", maxQueuedCommands, 64, 1 << 30);
            if (connectTimeout.isNegative() || connectTimeout.isZero()) {
                throw new IllegalArgumentException("connect timeout: " + connectTimeout + " (expected: positive)");
            }
            return new TransportOptions(this);
        }

        private static void requireRange(String what, int value, int lowest, int highest) {
            if (value < lowest || value > highest) {
                throw new IllegalArgumentException(
                        what + ": " + value + " (expected: " + lowest + ".." + highest + ')');
            }
        }
    }
}
