package io.peregrine.client.internal;

import io.netty.buffer.ByteBufAllocator;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.compression.Codecs;
import io.peregrine.client.config.HedgingPolicy;
import io.peregrine.client.config.RetryPolicy;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.credentials.CallCredentials;
import io.peregrine.client.internal.breaker.CircuitBreakers;
import io.peregrine.client.internal.control.PickerSnapshot;
import io.peregrine.client.internal.message.RequestTemplates;
import io.peregrine.client.internal.retry.HedgingStates;
import io.peregrine.client.internal.retry.HedgingStrategy;
import io.peregrine.client.internal.retry.ReplayBudget;
import io.peregrine.client.internal.retry.ReplayBuffer;
import io.peregrine.client.internal.retry.RetryLimits;
import io.peregrine.client.internal.retry.RetrySequence;
import io.peregrine.client.internal.retry.RetryThrottle;
import io.peregrine.transport.io.CallerSpin;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What the calls of one channel share: where to pick, how to name things, and what is on the wire the same for many.
 * Safe for use by several threads.
 */
public final class CallDispatcher {
    private final PickerSnapshot pickers;
    private final ScheduledExecutorService timer;
    private final ByteBufAllocator allocator;
    private final String target;
    private final RequestTemplates templates;
    private final Codecs codecs;
    private final @Nullable CallCredentials credentials;
    private final int maxInboundMessageBytes;
    private final int maxOutboundMessageBytes;
    private final ChannelView channel;
    private final RetryLimits retryLimits;
    private final ReplayBudget replayBudget;
    private final HedgingStates hedgingStates = new HedgingStates();
    private final ChannelThrottle throttle = new ChannelThrottle();
    private final CallerSpin callerSpin = new CallerSpin();

    /** Plain: set before the channel is handed out, which publishes it. */
    private @Nullable CircuitBreakers circuitBreakers;

    /** Plain, as the breakers are. */
    private LongSupplier clock = System::nanoTime;

    /** Whether shutdownNow was called: what it kills ends as CANCELLED (DECISION below CH-9). */
    private volatile boolean killed;

    /**
     * Joins the parts.
     *
     * @param timer for the deadlines of calls that wait for a picker
     * @param credentials the channel's, for each attempt of its calls; null for none
     * @param retryLimits what retries and hedges may cost
     * @param channel the control plane's side
     */
    public CallDispatcher(
            PickerSnapshot pickers,
            ScheduledExecutorService timer,
            ByteBufAllocator allocator,
            String target,
            RequestTemplates templates,
            Codecs codecs,
            @Nullable CallCredentials credentials,
            int maxInboundMessageBytes,
            int maxOutboundMessageBytes,
            RetryLimits retryLimits,
            ChannelView channel) {
        this.pickers = pickers;
        this.timer = timer;
        this.allocator = allocator;
        this.target = target;
        this.templates = templates;
        this.codecs = codecs;
        this.credentials = credentials;
        this.maxInboundMessageBytes = maxInboundMessageBytes;
        this.maxOutboundMessageBytes = maxOutboundMessageBytes;
        this.retryLimits = retryLimits;
        this.replayBudget = new ReplayBudget(retryLimits.perChannelBytes());
        this.channel = channel;
    }

    /** What threads that wait for calls of this channel have learned about spinning. */
    CallerSpin callerSpin() {
        return callerSpin;
    }

    /** Sets the circuit breakers; before the first call. Without them, none is in force. */
    public void circuitBreakers(CircuitBreakers newBreakers) {
        circuitBreakers = newBreakers;
    }

    @Nullable
    CircuitBreakers circuitBreakers() {
        return circuitBreakers;
    }

    /** From now on, a lost connection means that this side closed it; calls between two attempts end. */
    public void kill() {
        killed = true;
        pickers.endPauses();
    }

    /** Replaces the clock of calls; before the first one. */
    void clock(LongSupplier newClock) {
        clock = newClock;
    }

    /** What calls read their time from: {@link System#nanoTime()}, or what stands in for it. */
    LongSupplier clock() {
        return clock;
    }

    long nanoTime() {
        return clock.getAsLong();
    }

    boolean isResolved() {
        return channel.isResolved();
    }

    RetryThrottle throttle() {
        return throttle.of(channel.serviceConfig());
    }

    RetryLimits retryLimits() {
        return retryLimits;
    }

    ReplayBuffer newReplayBuffer() {
        return new ReplayBuffer(replayBudget, retryLimits.perCallBytes());
    }

    RetrySequence retriesUnder(RetryPolicy policy) {
        return new RetrySequence(policy, retryLimits.maxAttempts(), throttle());
    }

    HedgingStrategy hedgesUnder(HedgingPolicy policy, MethodDescriptor<?, ?> method) {
        return new HedgingStrategy(policy, retryLimits.maxAttempts(), throttle(), hedgingStates.of(method.fullName()));
    }

    boolean isKilled() {
        return killed;
    }

    /** The bytes that the channel's calls keep to send them again. */
    ReplayBudget replayBudget() {
        return replayBudget;
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

    /** The {@code :authority} of calls that do not name another. */
    public String authority() {
        return templates.authority();
    }

    String target() {
        return target;
    }

    /** What calls of a method have in common on the wire. */
    RequestTemplates templates() {
        return templates;
    }

    /** Installed on this channel. */
    Codecs codecs() {
        return codecs;
    }

    /** The channel's, which apply before a call's own; null for none. */
    @Nullable
    CallCredentials credentials() {
        return credentials;
    }

    int maxInboundMessageBytes() {
        return maxInboundMessageBytes;
    }

    int maxOutboundMessageBytes() {
        return maxOutboundMessageBytes;
    }

    String lastFailure() {
        return channel.lastFailure();
    }

    /**
     * The service config now: the default one until the resolver has answered (SV-10). It is set before the picker of
     * the same answer is published, so a call that reads it after its pick sees one that is at least as new.
     */
    ServiceConfig config() {
        return channel.serviceConfig();
    }
}
