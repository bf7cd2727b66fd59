package io.peregrine.client.credentials;

import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;

/**
 * Sends {@code authorization: Bearer <token>} with each attempt (RFC 6750; SPEC CR-7). One instance may serve any
 * number of channels and calls, from any thread.
 *
 * <p>A token is fetched when the first call needs it and kept. Some time before it expires the next call starts one
 * fetch of a new one, while all calls go on with the old one. Calls wait only while there is no valid token: all of
 * them for the same fetch, each until its own deadline. While the token is fresh a call allocates nothing here.
 *
 * <p>If a fetch fails, the calls that wait for it end with UNAVAILABLE if the source threw an
 * {@link java.io.IOException}, an {@link java.io.UncheckedIOException}, a
 * {@link java.util.concurrent.TimeoutException} or a {@link java.util.concurrent.RejectedExecutionException}, with its
 * code if it threw a {@link io.peregrine.client.StatusException}, and with UNAUTHENTICATED otherwise (CR-4). The
 * status says what was thrown. The source is asked again after 1 s at the earliest, then 2 s, 4 s and so on up to
 * 1 min; until then calls without a valid token fail at once.
 */
public final class BearerToken implements CallCredentials {
    private final TokenCache cache;
    private final boolean allowsPlaintext;

    private BearerToken(Builder builder) {
        this.cache = new TokenCache("the token source", builder.source, builder.policy);
        this.allowsPlaintext = builder.allowsPlaintext;
    }

    /**
     * Always the same token.
     *
     * @throws IllegalArgumentException if it is none; see {@link AccessToken}
     */
    public static BearerToken of(String token) {
        CompletableFuture<AccessToken> fixed = CompletableFuture.completedFuture(AccessToken.of(token));
        return from(() -> fixed);
    }

    /** Tokens from {@code source}, with the defaults of {@link Builder}. */
    public static BearerToken from(TokenSource source) {
        return builder(source).build();
    }

    /** Starts with the defaults. */
    public static Builder builder(TokenSource source) {
        return new Builder(source);
    }

    @Override
    public void apply(CallIdentity call, Applier applier) {
        cache.apply(applier);
    }

    @Override
    public boolean requiresPrivacy() {
        return !allowsPlaintext;
    }

    /** Shows no token. */
    @Override
    public String toString() {
        return "BearerToken[allowsPlaintext=" + allowsPlaintext + ']';
    }

    /** Collects settings. Not safe for use by several threads. */
    public static final class Builder {
        private final TokenSource source;
        private RefreshPolicy policy = RefreshPolicy.DEFAULT;
        private boolean allowsPlaintext;

        private Builder(TokenSource source) {
            this.source = source;
        }

        /**
         * Sets how long before its expiry a token is replaced, at most half of its life. Default: 5 min, or a tenth of
         * its life if that is less.
         *
         * @throws IllegalArgumentException if it is negative
         */
        public Builder refreshMargin(Duration margin) {
            policy = policy.withMargin(margin);
            return this;
        }

        /**
         * Sets how long the source may take, default 30 s. A fetch that takes longer has failed with UNAVAILABLE when
         * the next call finds it so.
         *
         * @throws IllegalArgumentException if it is less than 1 ms
         */
        public Builder fetchTimeout(Duration timeout) {
            policy = policy.withFetchTimeout(timeout);
            return this;
        }

        /**
         * Sends the token over plaintext connections, too, where anybody on the way can read and use it. For tests,
         * and for links that are protected by other means. Without this such calls end with UNAUTHENTICATED (CR-3).
         */
        public Builder allowPlaintext() {
            allowsPlaintext = true;
            return this;
        }

        Builder clock(InstantSource clock) {
            policy = policy.withClock(clock);
            return this;
        }

        /** The credentials. */
        public BearerToken build() {
            return new BearerToken(this);
        }
    }
}
