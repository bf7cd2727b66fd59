package io.peregrine.client.connection;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How many connections a channel keeps to each server address, and when it replaces them (gRFC A105; SPEC 2.15).
 * Immutable. With {@link #single()}, the default, there is one connection, and calls pay nothing for the others.
 *
 * <p>An address is connected to when its policy wants it. From then on one more connection is opened, one at a time and
 * under the address's backoff, when there are less than the minimum; when a call has to wait for a stream because every
 * connection has as many as the server's MAX_CONCURRENT_STREAMS allows; and, if {@link Builder#openBeforeFull} says so,
 * before that. Connections above the minimum are never closed for lack of calls: the server does that, or the age.
 *
 * <table>
 * <caption>Options</caption>
 * <tr><th>option</th><th>unit</th><th>default</th><th>range</th><th>change it when</th></tr>
 * <tr><td>{@link Builder#minConnections minConnections}</td><td>connections</td><td>1</td><td>1..limit</td>
 *     <td>one event loop, or one core of the server, does not carry the load</td></tr>
 * <tr><td>{@link Builder#maxConnections maxConnections}</td><td>connections</td><td>1</td><td>1..limit</td>
 *     <td>calls wait for MAX_CONCURRENT_STREAMS</td></tr>
 * <tr><td>{@link Builder#limit limit}</td><td>connections</td><td>10</td><td>1..1000</td>
 *     <td>a service config may ask for more, or not for so many</td></tr>
 * <tr><td>{@link Builder#openBeforeFull openBeforeFull}</td><td>part</td><td>1, never</td><td>above 0, at most 1</td>
 *     <td>no call may wait for a handshake, and bursts fill connections</td></tr>
 * <tr><td>{@link Builder#warmStandby warmStandby}</td><td></td><td>false</td><td></td>
 *     <td>a GOAWAY or a lost connection must not cost calls a handshake</td></tr>
 * <tr><td>{@link Builder#maxAge maxAge}</td><td>ns</td><td>none</td><td>1 s..100 years</td>
 *     <td>connections should find new servers behind a TCP load balancer</td></tr>
 * <tr><td>{@link Builder#maxAgeGrace maxAgeGrace}</td><td>ns</td><td>none</td><td>0..100 years</td>
 *     <td>long streams must not keep an old connection</td></tr>
 * <tr><td>{@link Builder#maxAgeJitter maxAgeJitter}</td><td>part</td><td>0.1</td><td>0..1</td>
 *     <td>many clients that began together must not reconnect together</td></tr>
 * <tr><td>{@link Builder#placement placement}</td><td></td><td>OLDEST</td><td>{@link CallPlacement}</td>
 *     <td>load is to spread over cores</td></tr>
 * </table>
 */
public final class ConnectionScaling {
    private static final int DEFAULT_LIMIT = 10;
    private static final int MAX_LIMIT = 1000;
    private static final Duration LEAST_AGE = Duration.ofSeconds(1);

    /** A hundred years: what is longer does not fit into nanoseconds. */
    private static final Duration LONGEST = Duration.ofDays(36_500);

    private static final double DEFAULT_JITTER = 0.1;
    private static final ConnectionScaling SINGLE = builder().build();

    private final int minConnections;
    private final int maxConnections;
    private final int limit;
    private final double openBeforeFull;
    private final boolean warmStandby;
    private final @Nullable Duration maxAge;
    private final @Nullable Duration maxAgeGrace;
    private final double maxAgeJitter;
    private final CallPlacement placement;

    private ConnectionScaling(Builder builder) {
        minConnections = builder.minConnections;
        maxConnections = Math.max(builder.minConnections, builder.maxConnections);
        limit = builder.limit;
        openBeforeFull = builder.openBeforeFull;
        warmStandby = builder.warmStandby;
        maxAge = builder.maxAge;
        maxAgeGrace = builder.maxAgeGrace;
        maxAgeJitter = builder.maxAgeJitter;
        placement = builder.placement;
    }

    /** Returns the defaults of the table above: one connection, unless the service config asks for more. */
    public static ConnectionScaling single() {
        return SINGLE;
    }

    /** Returns a builder that starts from the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** Returns a builder that starts from these options. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.minConnections = minConnections;
        builder.maxConnections = maxConnections;
        builder.limit = limit;
        builder.openBeforeFull = openBeforeFull;
        builder.warmStandby = warmStandby;
        builder.maxAge = maxAge;
        builder.maxAgeGrace = maxAgeGrace;
        builder.maxAgeJitter = maxAgeJitter;
        builder.placement = placement;
        return builder;
    }

    /** Returns how many connections an address has at least while it is connected to. */
    public int minConnections() {
        return minConnections;
    }

    /** Returns how many connections an address may have; at least the minimum. */
    public int maxConnections() {
        return maxConnections;
    }

    /**
     * Returns how many connections an address may have while the service config allows so many: the greater of the two,
     * within the limit (SPEC CS-1).
     */
    public int maxConnections(int byServiceConfig) {
        return Math.min(limit, Math.max(maxConnections, byServiceConfig));
    }

    /** Returns how many connections a service config may ask for. */
    public int limit() {
        return limit;
    }

    /** Returns the part of the streams that the server allows from which on one more connection is opened; 1: never. */
    public double openBeforeFull() {
        return openBeforeFull;
    }

    /** Returns whether a connection without calls stands by for one that is lost. */
    public boolean warmStandby() {
        return warmStandby;
    }

    /** Returns after how long a connection is replaced; null: never. */
    public @Nullable Duration maxAge() {
        return maxAge;
    }

    /** Returns how long a replaced connection may finish its calls; null: as long as they take. */
    public @Nullable Duration maxAgeGrace() {
        return maxAgeGrace;
    }

    /** Returns by which part of it the age of a connection may differ, up or down. */
    public double maxAgeJitter() {
        return maxAgeJitter;
    }

    /** Returns which connection a call is put on. */
    public CallPlacement placement() {
        return placement;
    }

    /** Collects options; {@link #build()} checks them. Not thread-safe. */
    public static final class Builder {
        private int minConnections = 1;
        private int maxConnections = 1;
        private int limit = DEFAULT_LIMIT;
        private double openBeforeFull = 1;
        private boolean warmStandby;
        private @Nullable Duration maxAge;
        private @Nullable Duration maxAgeGrace;
        private double maxAgeJitter = DEFAULT_JITTER;
        private CallPlacement placement = CallPlacement.OLDEST;

        private Builder() {}

        /** How many connections an address has while it is connected to: 1..{@link #limit}, default 1. */
        public Builder minConnections(int connections) {
            minConnections = connections;
            return this;
        }

        /**
         * How many connections an address may have: 1..{@link #limit}, default 1. {@code
         * connectionScaling.maxConnectionsPerSubchannel} of the service config may raise it, and lower it again: then
         * the connections that there are stay (SPEC CS-1). A standby, and one that is being replaced, come on top.
         */
        public Builder maxConnections(int connections) {
            maxConnections = connections;
            return this;
        }

        /** Up to how many connections the service config may ask for: 1..1000, default 10 (SPEC CS-1). */
        public Builder limit(int connections) {
            limit = connections;
            return this;
        }

        /**
         * The part of the streams that the server allows on all connections together from which on one more is opened,
         * as far as the maximum allows: above 0, at most 1. Default 1: when a call has to wait, and not before.
         */
        public Builder openBeforeFull(double utilisation) {
            openBeforeFull = utilisation;
            return this;
        }

        /**
         * Whether each address that is connected to has one connection more, without calls, that takes the place of one
         * that is lost or told to go away, or of one that is missing when calls wait. Default false. It costs the server
         * a connection.
         */
        public Builder warmStandby(boolean on) {
            warmStandby = on;
            return this;
        }

        /**
         * After how long a connection is replaced: 1 s to 100 years; default null, never. The new one is opened first; then
         * calls go there, and the old one closes when its own have ended.
         */
        public Builder maxAge(@Nullable Duration age) {
            maxAge = age;
            return this;
        }

        /**
         * How long a connection that was replaced for its age may finish its calls before they end UNAVAILABLE: 0 to
         * 100 years; default null, as long as they take.
         */
        public Builder maxAgeGrace(@Nullable Duration grace) {
            maxAgeGrace = grace;
            return this;
        }

        /** By which part of {@link #maxAge} a connection's own may differ, up or down: 0..1, default 0.1. */
        public Builder maxAgeJitter(double part) {
            maxAgeJitter = part;
            return this;
        }

        /** Which connection a call is put on; default {@link CallPlacement#OLDEST}. */
        public Builder placement(CallPlacement newPlacement) {
            placement = requireNonNull(newPlacement, "placement");
            return this;
        }

        /**
         * Returns the checked options.
         *
         * @throws IllegalArgumentException if an option is out of its range
         */
        public ConnectionScaling build() {
            requireRange("connection limit", limit, MAX_LIMIT);
            requireRange("min connections", minConnections, limit);
            requireRange("max connections", maxConnections, limit);
            if (!(openBeforeFull > 0 && openBeforeFull <= 1)) {
                throw new IllegalArgumentException(
                        "open before full: " + openBeforeFull + " (expected: above 0, at most 1)");
            }
            if (!(maxAgeJitter >= 0 && maxAgeJitter <= 1)) {
                throw new IllegalArgumentException("max age jitter: " + maxAgeJitter + " (expected: 0..1)");
            }
            if (maxAge != null && maxAge.compareTo(LEAST_AGE) < 0) {
                throw new IllegalArgumentException("max age: " + maxAge + " (expected: at least " + LEAST_AGE + ')');
            }
            if (maxAgeGrace != null && maxAgeGrace.isNegative()) {
                throw new IllegalArgumentException("max age grace: " + maxAgeGrace + " (expected: at least PT0S)");
            }
            requireCountable("max age", maxAge);
            requireCountable("max age grace", maxAgeGrace);
            return new ConnectionScaling(this);
        }

        private static void requireCountable(String what, @Nullable Duration value) {
            if (value != null && value.compareTo(LONGEST) > 0) {
                throw new IllegalArgumentException(what + ": " + value + " (expected: at most " + LONGEST + ')');
            }
        }

        private static void requireRange(String what, int value, int highest) {
            if (value < 1 || value > highest) {
                throw new IllegalArgumentException(what + ": " + value + " (expected: 1.." + highest + ')');
            }
        }
    }
}
