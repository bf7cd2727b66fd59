package io.peregrine.transport.http2;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;

/**
 * How much a server may send that is legal, but of no use to the calls: the one place where the flood defence of a
 * connection is configured. What goes over a limit ends the connection with GOAWAY ENHANCE_YOUR_CALM and a message
 * that names the limit (RFC 9113 §10.5). Immutable; {@link #defaults()} suits nearly everyone.
 *
 * <p>A {@linkplain Budget budget} is a number of frames in an {@linkplain Builder#interval interval}, and beyond it as
 * many frames as the client's own work explains, so that a busy connection never meets a limit made for an idle one.
 * The clock is read only when a budget is used up; a burst after a calm time may therefore be twice the budget.
 *
 * <table>
 * <caption>Limits</caption>
 * <tr><th>limit</th><th>unit</th><th>default</th><th>range</th><th>change it when</th></tr>
 * <tr><td>{@link Builder#budget budget}</td><td>frames in an interval</td><td>see {@link Budget}</td>
 *     <td>1..2^31-1</td><td>a server is known to send more, and to mean it</td></tr>
 * <tr><td>{@link Builder#interval interval}</td><td>ns</td><td>10 s</td><td>1 ms..1 h</td>
 *     <td>bursts are longer or shorter than that</td></tr>
 * <tr><td>{@link Builder#continuations continuations}</td><td>frames for each header block</td><td>32</td>
 *     <td>1..65 536</td><td>a server cuts its headers into very small pieces</td></tr>
 * <tr><td>{@link Builder#headerBlockTime headerBlockTime}</td><td>ns</td><td>10 s</td><td>1 ms..1 h</td>
 *     <td>headers come over a very slow link</td></tr>
 * <tr><td>{@link Builder#unwrittenReplies unwrittenReplies}</td><td>frames</td><td>100</td><td>1..10 000</td>
 *     <td>never, as a rule</td></tr>
 * <tr><td>{@link Builder#unwrittenTime unwrittenTime}</td><td>ns</td><td>30 s</td><td>1 ms..1 h</td>
 *     <td>servers stop reading for longer, and recover</td></tr>
 * </table>
 */
public final class FloodLimits {
    private static final FloodLimits DEFAULTS = builder().build();

    /**
     * Frames that are counted, with the number that is free in each interval and the work of this side that explains
     * more of them. What work explains and nobody uses is saved up to 2^20 frames.
     */
    public enum Budget {
        /** SETTINGS and their acknowledgements; each may touch every open stream. 100, and one for each sent. */
        SETTINGS("SETTINGS frames", 100),

        /**
         * PING and its acknowledgements. 1000, and one for each PING sent and for each DATA frame sent: servers probe
         * the bandwidth while they receive.
         */
        PING("PING frames", 1_000),

        /** RST_STREAM. 1000, and one for each request. */
        RST_STREAM("RST_STREAM frames", 1_000),

        /**
         * WINDOW_UPDATE. 1000, and two for each request, four for each DATA frame sent, and one for each 512 bytes in
         * it.
         */
        WINDOW_UPDATE("WINDOW_UPDATE frames", 1_000),

        /**
         * DATA of fewer than five bytes, padding not counted, without END_STREAM. 10 000, and four for each other DATA
         * frame received. No gRPC message fits into less than five bytes, so that a stream of the smallest messages is
         * not concerned.
         */
        TINY_DATA("DATA frames of less than 5 bytes", 10_000),

        /** PRIORITY. 1000, and one for each request. */
        PRIORITY("PRIORITY frames", 1_000),

        /** Frames of unknown types. 1000, and one for each request. */
        UNKNOWN("frames of unknown types", 1_000),

        /** GOAWAY; two are usual. 20. */
        GOAWAY("GOAWAY frames", 20),

        /** Responses with a status of 1xx. 1000, and four for each request. */
        INFORMATIONAL("1xx responses", 1_000),

        /**
         * HEADERS, DATA and malformed frames for streams that have ended. 10 000, and four for each request; DATA is
         * counted only beyond what the windows of the streams that this side reset still allowed.
         */
        ENDED_STREAM("frames for streams that had ended", 10_000);

        private final String what;
        private final int defaultFrames;

        Budget(String what, int defaultFrames) {
            this.what = what;
            this.defaultFrames = defaultFrames;
        }

        /** The counted frames, as a message names them. */
        String what() {
            return what;
        }
    }

    private final Map<Budget, Integer> frames;
    private final Duration interval;
    private final int continuations;
    private final Duration headerBlockTime;
    private final int unwrittenReplies;
    private final Duration unwrittenTime;

    private FloodLimits(Builder builder) {
        frames = new EnumMap<>(builder.frames);
        interval = builder.interval;
        continuations = builder.continuations;
        headerBlockTime = builder.headerBlockTime;
        unwrittenReplies = builder.unwrittenReplies;
        unwrittenTime = builder.unwrittenTime;
    }

    /** Returns the defaults of the table above. */
    public static FloodLimits defaults() {
        return DEFAULTS;
    }

    /** Returns a builder that starts from the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** Returns a builder that starts from these limits. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.frames.putAll(frames);
        builder.interval = interval;
        builder.continuations = continuations;
        builder.headerBlockTime = headerBlockTime;
        builder.unwrittenReplies = unwrittenReplies;
        builder.unwrittenTime = unwrittenTime;
        return builder;
    }

    /** Returns how many frames of a budget are free in each interval. */
    public int frames(Budget budget) {
        return requireNonNull(frames.get(budget));
    }

    /** Returns the time for which the budgets are. */
    public Duration interval() {
        return interval;
    }

    /** Returns how many CONTINUATION frames a header block may have beyond those that its size needs. */
    public int continuations() {
        return continuations;
    }

    /** Returns how long a header block may take from its first frame to its last. */
    public Duration headerBlockTime() {
        return headerBlockTime;
    }

    /** Returns how many replies may wait for the socket before nothing more is read. */
    public int unwrittenReplies() {
        return unwrittenReplies;
    }

    /** Returns how long nothing is read, because the server does not read, before the connection ends. */
    public Duration unwrittenTime() {
        return unwrittenTime;
    }

    /** A time as a message shows it. */
    static String show(Duration time) {
        long ms = time.toMillis();
        return ms % 1000 == 0 ? ms / 1000 + " s" : ms + " ms";
    }

    /** Collects limits; {@link #build()} checks them. Not thread-safe. */
    public static final class Builder {
        private static final Duration SHORTEST = Duration.ofMillis(1);
        private static final Duration LONGEST = Duration.ofHours(1);

        private final Map<Budget, Integer> frames = new EnumMap<>(Budget.class);
        private Duration interval = Duration.ofSeconds(10);
        private int continuations = 32;
        private Duration headerBlockTime = Duration.ofSeconds(10);
        private int unwrittenReplies = 100;
        private Duration unwrittenTime = Duration.ofSeconds(30);

        private Builder() {
            for (Budget budget : Budget.values()) {
                frames.put(budget, budget.defaultFrames);
            }
        }

        /** How many frames of a budget are free in each interval: 1..2^31-1, defaults at {@link Budget}. */
        public Builder budget(Budget budget, int framesInInterval) {
            frames.put(requireNonNull(budget, "budget"), framesInInterval);
            return this;
        }

        /** The time for which the budgets are: 1 ms..1 h, default 10 s. */
        public Builder interval(Duration time) {
            interval = requireNonNull(time, "time");
            return this;
        }

        /**
         * How many CONTINUATION frames a header block may have beyond those that
         * {@link TransportOptions#maxHeaderListBytes} needs in full frames: 1..65 536, default 32. Empty ones count.
         */
        public Builder continuations(int framesInBlock) {
            continuations = framesInBlock;
            return this;
        }

        /** How long a header block may take from its first frame to its last: 1 ms..1 h, default 10 s. */
        public Builder headerBlockTime(Duration time) {
            headerBlockTime = requireNonNull(time, "time");
            return this;
        }

        /**
         * How many replies to the server (acknowledgements of PING and SETTINGS, RST_STREAM for its errors) may wait
         * for the socket before nothing more is read: 1..10 000, default 100 (SPEC H2-11).
         */
        public Builder unwrittenReplies(int replies) {
            unwrittenReplies = replies;
            return this;
        }

        /** How long nothing is read for that reason before the connection ends: 1 ms..1 h, default 30 s. */
        public Builder unwrittenTime(Duration time) {
            unwrittenTime = requireNonNull(time, "time");
            return this;
        }

        /**
         * Returns the checked limits.
         *
         * @throws IllegalArgumentException if a limit is out of its range
         */
        public FloodLimits build() {
            frames.forEach((budget, count) -> requireRange("budget " + budget, count, Integer.MAX_VALUE));
            requireRange("interval", interval);
            requireRange("continuations", continuations, 1 << 16);
            requireRange("header block time", headerBlockTime);
            requireRange("unwritten replies", unwrittenReplies, 10_000);
            requireRange("unwritten time", unwrittenTime);
            return new FloodLimits(this);
        }

        private static void requireRange(String what, int value, int highest) {
            if (value < 1 || value > highest) {
                throw new IllegalArgumentException(what + ": " + value + " (expected: 1.." + highest + ')');
            }
        }

        private static void requireRange(String what, Duration value) {
            if (value.compareTo(SHORTEST) < 0 || value.compareTo(LONGEST) > 0) {
                throw new IllegalArgumentException(
                        what + ": " + value + " (expected: " + SHORTEST + ".." + LONGEST + ')');
            }
        }
    }
}
