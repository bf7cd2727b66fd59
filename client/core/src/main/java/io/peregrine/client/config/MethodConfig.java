package io.peregrine.client.config;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How the calls of a method behave unless they say otherwise (gRFC A2; SPEC SV-4..SV-6). Immutable.
 *
 * <pre>{@code
 * MethodConfig.builder().timeout(Duration.ofMillis(50)).retry(RetryPolicy.immediate()).build()
 * }</pre>
 */
public final class MethodConfig {
    /** Says nothing about anything. */
    public static final MethodConfig EMPTY = builder().build();

    private final @Nullable Boolean waitForReady;
    private final long timeoutNs;
    private final int maxRequestMessageBytes;
    private final int maxResponseMessageBytes;
    private final @Nullable RetryPolicy retryPolicy;
    private final @Nullable HedgingPolicy hedgingPolicy;

    private MethodConfig(Builder builder) {
        this.waitForReady = builder.waitForReady;
        this.timeoutNs = builder.timeoutNs;
        this.maxRequestMessageBytes = builder.maxRequestMessageBytes;
        this.maxResponseMessageBytes = builder.maxResponseMessageBytes;
        this.retryPolicy = builder.retryPolicy;
        this.hedgingPolicy = builder.hedgingPolicy;
    }

    /** Begins with nothing set. */
    public static Builder builder() {
        return new Builder();
    }

    /** Whether calls wait for a connection when the channel fails; null if the config does not say. A call's own option wins (D5). */
    public @Nullable Boolean waitForReady() {
        return waitForReady;
    }

    /** The longest that a call may take, in nanoseconds from its start; {@code Long.MAX_VALUE} for no limit. */
    public long timeoutNs() {
        return timeoutNs;
    }

    /** The greatest request message, in bytes before compression; {@code Integer.MAX_VALUE} for no limit. */
    public int maxRequestMessageBytes() {
        return maxRequestMessageBytes;
    }

    /** The greatest response message, in bytes after decompression; {@code Integer.MAX_VALUE} for no limit. */
    public int maxResponseMessageBytes() {
        return maxResponseMessageBytes;
    }

    /** When a call is sent again after it failed; null for never. At most one of this and {@link #hedgingPolicy}. */
    public @Nullable RetryPolicy retryPolicy() {
        return retryPolicy;
    }

    /** When a call is sent again before it failed; null for never. At most one of this and {@link #retryPolicy}. */
    public @Nullable HedgingPolicy hedgingPolicy() {
        return hedgingPolicy;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof MethodConfig that
                && Objects.equals(waitForReady, that.waitForReady)
                && timeoutNs == that.timeoutNs
                && maxRequestMessageBytes == that.maxRequestMessageBytes
                && maxResponseMessageBytes == that.maxResponseMessageBytes
                && Objects.equals(retryPolicy, that.retryPolicy)
                && Objects.equals(hedgingPolicy, that.hedgingPolicy);
    }

    @Override
    public int hashCode() {
        return Objects.hash(
                waitForReady, timeoutNs, maxRequestMessageBytes, maxResponseMessageBytes, retryPolicy, hedgingPolicy);
    }

    @Override
    public String toString() {
        return "MethodConfig[waitForReady=" + waitForReady + ", timeoutNs=" + timeoutNs + ", maxRequestMessageBytes="
                + maxRequestMessageBytes + ", maxResponseMessageBytes=" + maxResponseMessageBytes + ", retryPolicy="
                + retryPolicy + ", hedgingPolicy=" + hedgingPolicy + ']';
    }

    /** Builds a config. Not safe for use by several threads. */
    public static final class Builder {
        private @Nullable Boolean waitForReady;
        private long timeoutNs = Long.MAX_VALUE;
        private int maxRequestMessageBytes = Integer.MAX_VALUE;
        private int maxResponseMessageBytes = Integer.MAX_VALUE;
        private @Nullable RetryPolicy retryPolicy;
        private @Nullable HedgingPolicy hedgingPolicy;

        private Builder() {}

        /** Sets whether calls wait for a connection when the channel fails; by default a call fails then. */
        public Builder waitForReady(boolean wait) {
            waitForReady = wait;
            return this;
        }

        /**
         * Limits how long a call may take; the call's own deadline holds too. Default no limit.
         *
         * @param timeout zero or more; beyond 292 years it is no limit
         * @throws IllegalArgumentException if it is negative
         */
        public Builder timeout(Duration timeout) {
            timeoutNs = Durations.requireNotNegativeNs("timeout", timeout);
            return this;
        }

        /**
         * Limits request messages; the call's own limit, or the channel's if it has none, holds too. Default no limit.
         *
         * @param bytes 0 or more, before compression
         * @throws IllegalArgumentException if it is negative
         */
        public Builder maxRequestMessageBytes(int bytes) {
            maxRequestMessageBytes = requireNotNegative("max request message bytes", bytes);
            return this;
        }

        /**
         * Limits response messages; the call's own limit, or the channel's if it has none, holds too. Default no limit.
         *
         * @param bytes 0 or more, after decompression
         * @throws IllegalArgumentException if it is negative
         */
        public Builder maxResponseMessageBytes(int bytes) {
            maxResponseMessageBytes = requireNotNegative("max response message bytes", bytes);
            return this;
        }

        /** Sends calls again after they failed. Not together with {@link #hedging}. Default never. */
        public Builder retry(RetryPolicy policy) {
            retryPolicy = policy;
            return this;
        }

        /** Sends calls again before they failed. Not together with {@link #retry}. Default never. */
        public Builder hedging(HedgingPolicy policy) {
            hedgingPolicy = policy;
            return this;
        }

        /**
         * Builds it.
         *
         * @throws IllegalArgumentException if both retry and hedging are set (SV-6)
         */
        public MethodConfig build() {
            if (retryPolicy != null && hedgingPolicy != null) {
                throw new IllegalArgumentException("policies: " + retryPolicy + " and " + hedgingPolicy
                        + " (expected: retry or hedging, not both)");
            }
            return new MethodConfig(this);
        }

        private static int requireNotNegative(String what, int bytes) {
            if (bytes < 0) {
                throw new IllegalArgumentException(what + ": " + bytes + " (expected: 0 or more)");
            }
            return bytes;
        }
    }
}
