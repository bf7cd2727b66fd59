package io.peregrine.client.credentials;

import com.google.gson.JsonObject;
import io.peregrine.transport.tls.material.MaterialSource;
import io.peregrine.transport.tls.material.PrivateKeys;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import org.jspecify.annotations.Nullable;

/**
 * Sends {@code authorization: Bearer <JWT>} with each attempt, where the token is signed here, with a private key whose
 * other half the server knows (RFC 7519; SPEC CR-2). No server is asked for it. One instance may serve any number of
 * channels and calls, from any thread.
 *
 * <p>The audience of a token is the service, {@code https://<authority without :443>/<service>}, unless one is set.
 * One token is kept for each audience and replaced before it expires, while calls go on with the old one. Signing takes
 * up to a millisecond of CPU time and runs on an executor, so that no event loop does it.
 *
 * <p>The claims are {@code iss}, {@code sub}, {@code aud}, {@code iat} and {@code exp}; times are in whole seconds.
 */
public final class JwtCredentials implements CallCredentials {
    /** Services that one instance signs for; with more, all tokens are forgotten and signed again. */
    static final int MAX_KEPT_AUDIENCES = 1024;

    /** What tells audiences apart without the cost of writing them out. */
    private record Service(String authority, String name) {}

    private final JwtSigner signer;
    private final String issuer;
    private final String subject;
    private final Duration lifetime;
    private final Executor executor;
    private final RefreshPolicy policy;
    private final boolean allowsPlaintext;
    private final @Nullable TokenCache fixedAudience;
    private final ConcurrentHashMap<Service, TokenCache> audiences = new ConcurrentHashMap<>();

    private JwtCredentials(Builder builder, JwtSigner signer, String issuer) {
        this.signer = signer;
        this.issuer = issuer;
        this.subject = builder.subject == null ? issuer : builder.subject;
        this.lifetime = builder.lifetime;
        this.executor = builder.executor;
        this.policy = builder.policy;
        this.allowsPlaintext = builder.allowsPlaintext;
        this.fixedAudience = builder.audience == null ? null : newCache(builder.audience);
    }

    /** Starts with the defaults; a key and an issuer are required. */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public void apply(CallIdentity call, Applier applier) {
        TokenCache tokens = fixedAudience == null ? tokensFor(call) : fixedAudience;
        tokens.apply(applier);
    }

    @Override
    public boolean requiresPrivacy() {
        return !allowsPlaintext;
    }

    /** Shows neither key nor token. */
    @Override
    public String toString() {
        return "JwtCredentials[" + signer + ", issuer=" + issuer + ", allowsPlaintext=" + allowsPlaintext + ']';
    }

    int keptAudiences() {
        return audiences.size();
    }

    private TokenCache tokensFor(CallIdentity call) {
        Service service = new Service(call.authority(), call.method().serviceName());
        TokenCache known = audiences.get(service);
        if (known != null) {
            return known;
        }
        if (audiences.size() >= MAX_KEPT_AUDIENCES) {
            audiences.clear();
        }
        return audiences.computeIfAbsent(service, unused -> newCache(call.audience()));
    }

    private TokenCache newCache(String audience) {
        return new TokenCache("signing a token", TokenSource.blocking(() -> sign(audience), executor), policy);
    }

    private AccessToken sign(String audience) throws GeneralSecurityException {
        Instant issuedAt = policy.clock().instant().truncatedTo(ChronoUnit.SECONDS);
        Instant expiry = issuedAt.plus(lifetime);
        JsonObject claims = new JsonObject();
        claims.addProperty("iss", issuer);
        claims.addProperty("sub", subject);
        claims.addProperty("aud", audience);
        claims.addProperty("iat", issuedAt.getEpochSecond());
        claims.addProperty("exp", expiry.getEpochSecond());
        return new AccessToken(signer.sign(claims), expiry);
    }

    /** Collects settings. Not safe for use by several threads. */
    public static final class Builder {
        private static final String KEY = "private key";

        private @Nullable PrivateKey key;
        private @Nullable String keyId;
        private @Nullable String issuer;
        private @Nullable String subject;
        private @Nullable String audience;
        private Duration lifetime = Duration.ofHours(1);
        private Executor executor = ForkJoinPool.commonPool();
        private RefreshPolicy policy = RefreshPolicy.DEFAULT;
        private boolean allowsPlaintext;

        private Builder() {}

        /**
         * Signs with the key in a PEM file: PKCS#8, PKCS#1 or SEC 1; RSA for RS256, EC on P-256 for ES256. It is read
         * now and not again.
         *
         * @throws IllegalArgumentException if it cannot be read; the message names the file
         */
        public Builder privateKey(Path pem) {
            key = PrivateKeys.read(MaterialSource.of(KEY, pem), null);
            return this;
        }

        /** The same with a key in encrypted PKCS#8. */
        public Builder privateKey(Path pem, char[] password) {
            key = PrivateKeys.read(MaterialSource.of(KEY, pem), password);
            return this;
        }

        /** The same with PEM text. */
        public Builder privateKey(byte[] pem) {
            key = PrivateKeys.read(MaterialSource.of(KEY, pem), null);
            return this;
        }

        /** The same with a key that was read elsewhere. */
        public Builder privateKey(PrivateKey newKey) {
            key = newKey;
            return this;
        }

        /** Sets the header {@code kid}, by which the server finds its half of the key; default none. */
        public Builder keyId(String id) {
            keyId = id;
            return this;
        }

        /** Sets the claim {@code iss}: who signs. Required. */
        public Builder issuer(String newIssuer) {
            issuer = newIssuer;
            return this;
        }

        /** Sets the claim {@code sub}: who calls; default the issuer. */
        public Builder subject(String newSubject) {
            subject = newSubject;
            return this;
        }

        /** Sets the claim {@code aud}, one for all calls; default the service that is called (SPEC CR-2). */
        public Builder audience(String newAudience) {
            audience = newAudience;
            return this;
        }

        /**
         * Sets how long a token is valid; default 1 h, which many servers do not let it exceed.
         *
         * @throws IllegalArgumentException if it is not in 1 s..24 h
         */
        public Builder lifetime(Duration newLifetime) {
            if (newLifetime.compareTo(Duration.ofSeconds(1)) < 0 || newLifetime.compareTo(Duration.ofDays(1)) > 0) {
                throw new IllegalArgumentException("lifetime: " + newLifetime + " (expected: 1 s..24 h)");
            }
            lifetime = newLifetime.truncatedTo(ChronoUnit.SECONDS);
            return this;
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

        /** Signs on {@code newExecutor}; default the JDK's common pool. If it rejects, calls get UNAVAILABLE. */
        public Builder executor(Executor newExecutor) {
            executor = newExecutor;
            return this;
        }

        /**
         * Sends tokens over plaintext connections, too, where anybody on the way can read and use them. For tests, and
         * for links that are protected by other means. Without this such calls end with UNAUTHENTICATED (CR-3).
         */
        public Builder allowPlaintext() {
            allowsPlaintext = true;
            return this;
        }

        Builder clock(InstantSource clock) {
            policy = policy.withClock(clock);
            return this;
        }

        /**
         * The credentials.
         *
         * @throws IllegalArgumentException if the key is neither RSA of 2048 bits or more nor EC on P-256
         * @throws IllegalStateException if there is no key or no issuer
         */
        public JwtCredentials build() {
            PrivateKey signingKey = key;
            String signingIssuer = issuer;
            if (signingKey == null) {
                throw new IllegalStateException("private key: none (expected: RSA or EC on P-256)");
            }
            if (signingIssuer == null) {
                throw new IllegalStateException("issuer: none (expected: who signs, the claim iss)");
            }
            return new JwtCredentials(this, new JwtSigner(signingKey, keyId), signingIssuer);
        }
    }
}
