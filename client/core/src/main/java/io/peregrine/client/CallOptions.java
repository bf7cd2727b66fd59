package io.peregrine.client;

import io.peregrine.client.config.HedgingPolicy;
import io.peregrine.client.config.RetryPolicy;
import io.peregrine.client.credentials.CallCredentials;
import io.peregrine.client.internal.balancer.Xxh64;
import java.time.Duration;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * What one call wants beyond its method and its request. Immutable; deriving is cheap, and the same instance may serve
 * any number of calls.
 *
 * <p>What a call says here comes before what the service config says for its method, with two exceptions (SPEC SV-4):
 * of two deadlines the earlier one counts, and of two size limits the smaller one.
 */
public final class CallOptions {
    /** Nothing set: no deadline, no metadata, callbacks on the event loop, the rest as the connection says. */
    public static final CallOptions DEFAULT = new CallOptions(new Draft());

    private final long timeoutNs;
    private final @Nullable Deadline deadline;
    private final @Nullable Boolean waitForReady;
    private final Metadata metadata;
    private final @Nullable Executor executor;
    private final @Nullable String compressor;
    private final int maxInboundMessageBytes;
    private final int maxOutboundMessageBytes;
    private final @Nullable String authority;
    private final @Nullable CallCredentials credentials;
    private final @Nullable String affinityKey;
    private final long affinityHash;
    private final @Nullable RetryPolicy retryPolicy;
    private final @Nullable HedgingPolicy hedgingPolicy;
    private final boolean stackTraces;
    private final @Nullable Attribute attributes;

    private CallOptions(Draft draft) {
        this.timeoutNs = draft.timeoutNs;
        this.deadline = draft.deadline;
        this.waitForReady = draft.waitForReady;
        this.metadata = draft.metadata;
        this.executor = draft.executor;
        this.compressor = draft.compressor;
        this.maxInboundMessageBytes = draft.maxInboundMessageBytes;
        this.maxOutboundMessageBytes = draft.maxOutboundMessageBytes;
        this.authority = draft.authority;
        this.credentials = draft.credentials;
        this.affinityKey = draft.affinityKey;
        this.affinityHash = draft.affinityHash;
        this.retryPolicy = draft.retryPolicy;
        this.hedgingPolicy = draft.hedgingPolicy;
        this.stackTraces = draft.stackTraces;
        this.attributes = draft.attributes;
    }

    /** {@link #DEFAULT} with {@link #withDeadlineAfter}. */
    public static CallOptions deadlineAfter(Duration timeout) {
        return DEFAULT.withDeadlineAfter(timeout);
    }

    /**
     * Sets a deadline, counted from the start of each call that uses these options. It holds beside a
     * {@link #withDeadline fixed} one: the earlier of the two counts.
     *
     * @param timeout zero or negative, as when a time budget is used up: the call ends with DEADLINE_EXCEEDED and
     *     nothing is sent (SPEC DL-1); more than 146 years counts as none
     */
    public CallOptions withDeadlineAfter(Duration timeout) {
        Draft draft = new Draft(this);
        long saturatedNs = Deadline.saturatedNs(timeout);
        draft.timeoutNs = saturatedNs == Long.MAX_VALUE / 2 ? Long.MAX_VALUE : Math.max(saturatedNs, 0);
        return new CallOptions(draft);
    }

    /**
     * Sets a fixed deadline, the same for each call that uses these options. If it has passed when a call starts, the
     * call ends with DEADLINE_EXCEEDED and nothing is sent (SPEC DL-1).
     */
    public CallOptions withDeadline(Deadline newDeadline) {
        Draft draft = new Draft(this);
        draft.deadline = newDeadline;
        return new CallOptions(draft);
    }

    /**
     * Whether a call waits while the connection is in TRANSIENT_FAILURE instead of failing; default: what the service
     * config says for the method, else false (D5).
     */
    public CallOptions withWaitForReady(boolean wait) {
        Draft draft = new Draft(this);
        draft.waitForReady = wait;
        return new CallOptions(draft);
    }

    /**
     * Sets the metadata to send; default none. It may be what another call received: names that are reserved for gRPC
     * are left out (SPEC MD-5).
     *
     * @throws IllegalArgumentException if a received name or value is none that may be sent (MD-1, MD-2)
     */
    public CallOptions withMetadata(Metadata newMetadata) {
        Draft draft = new Draft(this);
        draft.metadata = newMetadata.toSend();
        return new CallOptions(draft);
    }

    /**
     * Runs callbacks, and completes futures, on {@code newExecutor}; default is the connection's event loop, which
     * they must not block. The callbacks of one call run one after the other, whatever the executor.
     */
    public CallOptions withExecutor(Executor newExecutor) {
        Draft draft = new Draft(this);
        draft.executor = newExecutor;
        return new CallOptions(draft);
    }

    /**
     * Compresses requests with the compressor of this name, for example {@code gzip}; default none. If the connection
     * has no such compressor, the call ends with INTERNAL and nothing is sent (SPEC MS-4).
     */
    public CallOptions withCompressor(String name) {
        Draft draft = new Draft(this);
        draft.compressor = name;
        return new CallOptions(draft);
    }

    /**
     * Sets the largest response message accepted, in bytes, after decompression; default: the connection's limit. The
     * service config can only lower it. Larger: RESOURCE_EXHAUSTED.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public CallOptions withMaxInboundMessageBytes(int bytes) {
        Draft draft = new Draft(this);
        draft.maxInboundMessageBytes = requireNotNegative("max inbound message bytes", bytes);
        return new CallOptions(draft);
    }

    /**
     * Sets the largest request message sent, in bytes, before compression; default: the connection's limit. The
     * service config can only lower it. Larger: RESOURCE_EXHAUSTED.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public CallOptions withMaxOutboundMessageBytes(int bytes) {
        Draft draft = new Draft(this);
        draft.maxOutboundMessageBytes = requireNotNegative("max outbound message bytes", bytes);
        return new CallOptions(draft);
    }

    /**
     * Sets the {@code :authority} of the request; default: the connection's. TLS has verified the connection's own
     * name, not this one. One that is no legal header value ends the call with INTERNAL.
     */
    public CallOptions withAuthority(String newAuthority) {
        Draft draft = new Draft(this);
        draft.authority = newAuthority;
        return new CallOptions(draft);
    }

    /** Adds credentials to the call, after those of the connection; default none. */
    public CallOptions withCredentials(CallCredentials newCredentials) {
        Draft draft = new Draft(this);
        draft.credentials = newCredentials;
        return new CallOptions(draft);
    }

    /**
     * Sets a key: calls with the same one go to the same back end, if the policy is
     * {@link io.peregrine.client.balancer.policy.RingHash} or one of your own that reads it in
     * {@link io.peregrine.client.balancer.PickInfo#options}; default none. The other policies do not look at it. The key is
     * hashed here, once for all calls with these options.
     */
    public CallOptions withAffinityKey(String key) {
        Draft draft = new Draft(this);
        draft.affinityKey = key;
        draft.affinityHash = Xxh64.hash(key, 0);
        return new CallOptions(draft);
    }

    /** Retries this call as the policy says, whatever the service config says; replaces a hedging policy. */
    public CallOptions withRetry(RetryPolicy policy) {
        Draft draft = new Draft(this);
        draft.retryPolicy = policy;
        draft.hedgingPolicy = null;
        return new CallOptions(draft);
    }

    /** Hedges this call as the policy says, whatever the service config says; replaces a retry policy. */
    public CallOptions withHedging(HedgingPolicy policy) {
        Draft draft = new Draft(this);
        draft.hedgingPolicy = policy;
        draft.retryPolicy = null;
        return new CallOptions(draft);
    }

    /**
     * Whether a {@link StatusException} captures the stack of the thread that a blocking call throws it on; default
     * false: it costs microseconds for each failure.
     */
    public CallOptions withStackTraces(boolean on) {
        Draft draft = new Draft(this);
        draft.stackTraces = on;
        return new CallOptions(draft);
    }

    /** Attaches a value for interceptors, tracers and pickers, which the call itself does not look at. */
    public <T> CallOptions withAttribute(AttributeKey<T> key, T value) {
        Draft draft = new Draft(this);
        draft.attributes = new Attribute(key, value, attributes);
        return new CallOptions(draft);
    }

    /**
     * These options, and {@code defaults} for what is not set here. Metadata and attributes of both count, those of the
     * defaults first; the two kinds of deadline are one setting, and so are retry and hedging.
     */
    public CallOptions withDefaults(CallOptions defaults) {
        if (this == DEFAULT || defaults == DEFAULT) {
            return this == DEFAULT ? defaults : this;
        }
        Draft draft = new Draft(this);
        if (timeoutNs == Long.MAX_VALUE && deadline == null) {
            draft.timeoutNs = defaults.timeoutNs;
            draft.deadline = defaults.deadline;
        }
        draft.waitForReady = orElse(waitForReady, defaults.waitForReady);
        draft.metadata = defaults.metadata.concat(metadata);
        draft.executor = orElse(executor, defaults.executor);
        draft.compressor = orElse(compressor, defaults.compressor);
        draft.maxInboundMessageBytes =
                maxInboundMessageBytes < 0 ? defaults.maxInboundMessageBytes : maxInboundMessageBytes;
        draft.maxOutboundMessageBytes =
                maxOutboundMessageBytes < 0 ? defaults.maxOutboundMessageBytes : maxOutboundMessageBytes;
        draft.authority = orElse(authority, defaults.authority);
        draft.credentials = orElse(credentials, defaults.credentials);
        if (affinityKey == null) {
            draft.affinityKey = defaults.affinityKey;
            draft.affinityHash = defaults.affinityHash;
        }
        if (retryPolicy == null && hedgingPolicy == null) {
            draft.retryPolicy = defaults.retryPolicy;
            draft.hedgingPolicy = defaults.hedgingPolicy;
        }
        draft.stackTraces = stackTraces || defaults.stackTraces;
        draft.attributes = Attribute.behind(attributes, defaults.attributes);
        return new CallOptions(draft);
    }

    private static <T> @Nullable T orElse(@Nullable T own, @Nullable T other) {
        return own == null ? other : own;
    }

    /** Time from the start of a call to its deadline, in nanoseconds, 0 or more; {@code Long.MAX_VALUE} for none. */
    public long timeoutNs() {
        return timeoutNs;
    }

    /** See {@link #withDeadline}; null for none. */
    public @Nullable Deadline deadline() {
        return deadline;
    }

    /** See {@link #withWaitForReady}; null if not set. */
    public @Nullable Boolean waitForReady() {
        return waitForReady;
    }

    /** See {@link #withMetadata}. */
    public Metadata metadata() {
        return metadata;
    }

    /** See {@link #withExecutor}; null for the event loop. */
    public @Nullable Executor executor() {
        return executor;
    }

    /** See {@link #withCompressor}; null for none. */
    public @Nullable String compressor() {
        return compressor;
    }

    /** See {@link #withMaxInboundMessageBytes}; -1 if not set. */
    public int maxInboundMessageBytes() {
        return maxInboundMessageBytes;
    }

    /** See {@link #withMaxOutboundMessageBytes}; -1 if not set. */
    public int maxOutboundMessageBytes() {
        return maxOutboundMessageBytes;
    }

    /** See {@link #withAuthority}; null for the connection's. */
    public @Nullable String authority() {
        return authority;
    }

    /** See {@link #withCredentials}; null for none. */
    public @Nullable CallCredentials credentials() {
        return credentials;
    }

    /** See {@link #withAffinityKey}; null for none. */
    public @Nullable String affinityKey() {
        return affinityKey;
    }

    /** The XXH64 of the {@linkplain #withAffinityKey affinity key} in UTF-8, with the seed 0; 0 without a key. */
    public long affinityHash() {
        return affinityHash;
    }

    /** See {@link #withRetry}; null if not set. */
    public @Nullable RetryPolicy retryPolicy() {
        return retryPolicy;
    }

    /** See {@link #withHedging}; null if not set. */
    public @Nullable HedgingPolicy hedgingPolicy() {
        return hedgingPolicy;
    }

    /** See {@link #withStackTraces}. */
    public boolean stackTraces() {
        return stackTraces;
    }

    /** The value that was attached last under the key, or null. */
    public <T> @Nullable T attribute(AttributeKey<T> key) {
        for (Attribute attached = attributes; attached != null; attached = attached.next) {
            if (attached.key == key) {
                return key.cast(attached.value);
            }
        }
        return null;
    }

    private static int requireNotNegative(String what, int bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException(what + ": " + bytes + " (expected: 0 or more)");
        }
        return bytes;
    }

    /**
     * Names an attribute; compared by identity. Immutable.
     *
     * @param <T> the type of its values
     */
    public static final class AttributeKey<T> {
        private final String name;
        private final Class<T> type;

        private AttributeKey(String name, Class<T> type) {
            this.name = name;
            this.type = type;
        }

        /** A new key, different from every other. */
        public static <T> AttributeKey<T> of(String name, Class<T> type) {
            return new AttributeKey<>(name, type);
        }

        T cast(Object value) {
            return type.cast(value);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private record Attribute(
            AttributeKey<?> key, Object value, @Nullable Attribute next) {

        /** The attributes of {@code first}, and behind them, to be found later, those of {@code others}. */
        static @Nullable Attribute behind(@Nullable Attribute first, @Nullable Attribute others) {
            return first == null || others == null
                    ? orElse(first, others)
                    : new Attribute(first.key, first.value, behind(first.next, others));
        }
    }

    /** Options while they are derived. */
    private static final class Draft {
        long timeoutNs = Long.MAX_VALUE;

        @Nullable
        Deadline deadline;

        @Nullable
        Boolean waitForReady;

        Metadata metadata = Metadata.EMPTY;

        @Nullable
        Executor executor;

        @Nullable
        String compressor;

        int maxInboundMessageBytes = -1;
        int maxOutboundMessageBytes = -1;

        @Nullable
        String authority;

        @Nullable
        CallCredentials credentials;

        @Nullable
        String affinityKey;

        long affinityHash;

        @Nullable
        RetryPolicy retryPolicy;

        @Nullable
        HedgingPolicy hedgingPolicy;

        boolean stackTraces;

        @Nullable
        Attribute attributes;

        Draft() {}

        Draft(CallOptions from) {
            this.timeoutNs = from.timeoutNs;
            this.deadline = from.deadline;
            this.waitForReady = from.waitForReady;
            this.metadata = from.metadata;
            this.executor = from.executor;
            this.compressor = from.compressor;
            this.maxInboundMessageBytes = from.maxInboundMessageBytes;
            this.maxOutboundMessageBytes = from.maxOutboundMessageBytes;
            this.authority = from.authority;
            this.credentials = from.credentials;
            this.affinityKey = from.affinityKey;
            this.affinityHash = from.affinityHash;
            this.retryPolicy = from.retryPolicy;
            this.hedgingPolicy = from.hedgingPolicy;
            this.stackTraces = from.stackTraces;
            this.attributes = from.attributes;
        }
    }
}
