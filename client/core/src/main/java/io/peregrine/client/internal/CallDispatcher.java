package io.peregrine.client.internal;

import io.netty.buffer.ByteBufAllocator;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.internal.breaker.CircuitBreakers;
import io.peregrine.transport.header.RequestHeaders;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

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
    private final Supplier<ServiceConfig> config;
    private final ConcurrentHashMap<MethodDescriptor<?, ?>, RequestHeaders> headers = new ConcurrentHashMap<>();

    /** Plain: set before the channel is handed out, which publishes it. */
    private @Nullable CircuitBreakers circuitBreakers;

    /** Whether shutdownNow was called: what it kills ends as CANCELLED (DECISION below CH-9). */
    private volatile boolean killed;

    /**
     * Joins the parts.
     *
     * @param timer for the deadlines of calls that wait for a picker
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
        this.config = config;
    }

    /** Sets the circuit breakers; before the first call. Without them, none is in force. */
    public void circuitBreakers(CircuitBreakers newBreakers) {
        circuitBreakers = newBreakers;
    }

    @Nullable
    CircuitBreakers circuitBreakers() {
        return circuitBreakers;
    }

    /** From now on, a lost connection means that this side closed it. */
    public void kill() {
        killed = true;
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
