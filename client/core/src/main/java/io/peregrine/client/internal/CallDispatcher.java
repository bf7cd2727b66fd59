package io.peregrine.client.internal;

import io.netty.buffer.ByteBufAllocator;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.config.RetryPolicy;
import io.peregrine.client.config.RetryThrottling;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.internal.retry.RetrySequence;
import io.peregrine.client.internal.retry.RetryThrottle;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.transport.header.RequestHeaders;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Supplier;

/**
 * What the calls of one channel share: where to pick, how to name things, and the request headers of each method.
 * Safe for use by several threads.
 */
public final class CallDispatcher {
    /** Methods whose headers are kept; a program that makes more descriptors than this does not reuse them. */
    private static final int MAX_KEPT_HEADERS = 4096;

    private final PickerSnapshot pickers;
    private final ScheduledExecutorService timer;
    private final ByteBufAllocator allocator;
    private final String target;
    private final String authority;
    private final String userAgent;
    private final boolean secure;
    private final int maxInboundMessageBytes;
    private final int maxOutboundMessageBytes;
    private final Supplier<String> lastFailure;
    private final RetryLimits retryLimits;

    /** Replaced as one when the control plane has another one. */
    private volatile ServiceConfig config = ServiceConfig.EMPTY;

    private volatile RetryThrottle throttle = RetryThrottle.none();

    /** Whether the resolver has answered; for reports. */
    private volatile boolean resolved;

    private final Supplier<ServiceConfig> config;
    private final ConcurrentHashMap<MethodDescriptor<?, ?>, RequestHeaders> headers = new ConcurrentHashMap<>();

    /** Whether shutdownNow was called: what it kills ends as CANCELLED (DECISION below CH-9). */
    private volatile boolean killed;

    /**
     * Joins the parts.
     *
     * @param timer for the deadlines of calls that wait for a picker
     * @param retryLimits what retries and hedges may cost
     * @param lastFailure why the channel is not READY, for messages; may be empty
     * @param config the service config of calls that start now
     */
    public CallDispatcher(
            PickerSnapshot pickers,
            ScheduledExecutorService timer,
            ByteBufAllocator allocator,
            String target,
            String authority,
            String userAgent,
            boolean secure,
            int maxInboundMessageBytes,
            int maxOutboundMessageBytes,
            Supplier<String> lastFailure,
            Supplier<ServiceConfig> config) {
        this.pickers = pickers;
        this.timer = timer;
        this.allocator = allocator;
        this.target = target;
        this.authority = authority;
        this.userAgent = userAgent;
        this.secure = secure;
        this.maxInboundMessageBytes = maxInboundMessageBytes;
        this.maxOutboundMessageBytes = maxOutboundMessageBytes;
        this.lastFailure = lastFailure;
        this.retryLimits = retryLimits;
        this.config = config;
    }

    /** From now on, a lost connection means that this side closed it. */
    public void kill() {
        killed = true;
    }

    /** Calls that start from now on go by another config (SPEC SV-13). In the channel's serialised context. */
    public void config(ServiceConfig newConfig) {
        RetryThrottling throttling = newConfig.retryThrottling();
        if (!Objects.equals(throttling, config.retryThrottling())) {
            throttle = throttling == null
                    ? RetryThrottle.none()
                    : RetryThrottle.of(throttling.maxMilliTokens(), throttling.milliTokensPerSuccess());
        }
        config = newConfig;
    }

    /** The resolver has answered for the first time, or has been forgotten again. */
    public void resolved(boolean now) {
        resolved = now;
    }

    ServiceConfig config() {
        return config;
    }

    RetryThrottle throttle() {
        return throttle;
    }

    RetryLimits retryLimits() {
        return retryLimits;
    }

    RetrySequence retriesUnder(RetryPolicy policy) {
        return new RetrySequence(policy, retryLimits.maxAttempts(), throttle);
    }

    boolean isResolved() {
        return resolved;
    }

    boolean isKilled() {
        return killed;
    }

    PickerSnapshot pickers() {
        return pickers;
    }

    ScheduledExecutorService timer() {
        return timer;
    }

    ByteBufAllocator allocator() {
        return allocator;
    }

    String target() {
        return target;
    }

    int maxInboundMessageBytes() {
        return maxInboundMessageBytes;
    }

    int maxOutboundMessageBytes() {
        return maxOutboundMessageBytes;
    }

    String lastFailure() {
        return lastFailure.get();
    }

    /**
     * The service config now: the default one until the resolver has answered (SV-10). It is set before the picker of
     * the same answer is published, so a call that reads it after its pick sees one that is at least as new.
     */
    ServiceConfig config() {
        return config.get();
    }

    RequestHeaders headersOf(MethodDescriptor<?, ?> method) {
        RequestHeaders known = headers.get(method);
        if (known != null) {
            return known;
        }
        if (headers.size() >= MAX_KEPT_HEADERS) {
            headers.clear();
        }
        RequestHeaders built = RequestHeaders.grpc(secure, authority, method.path(), userAgent);
        headers.put(method, built);
        return built;
    }
}
