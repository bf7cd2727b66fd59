package io.peregrine.client.internal;

import io.netty.buffer.ByteBuf;
import io.peregrine.client.CallOptions;
import io.peregrine.client.Cancellable;
import io.peregrine.client.Deadline;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.compression.Codec;
import io.peregrine.client.config.HedgingPolicy;
import io.peregrine.client.config.MethodConfig;
import io.peregrine.client.config.RetryPolicy;
import io.peregrine.client.internal.message.RequestEncoder;
import io.peregrine.client.report.AttemptReport;
import io.peregrine.client.report.CallReport;
import io.peregrine.transport.header.RequestHeaders;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.StreamFailure;
import io.peregrine.transport.http2.TransportStream;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One call of an application, made of one attempt or more: what it wants, from its options and the service config
 * (SPEC SV-4, DL-1), and what it tells when it fails.
 *
 * @param <Q> the request
 * @param <R> the response
 */
abstract class Call<Q, R> implements Cancellable {
    // What it is called with: set before the call starts, and again before a spent one is used anew.
    private @Nullable CallDispatcher dispatcher;
    private @Nullable MethodDescriptor<Q, R> method;
    private CallOptions options = CallOptions.DEFAULT;
    private long startNs;

    /** Changes once at most: when the call started before the channel had its config. */
    private MethodConfig config = MethodConfig.EMPTY;

    private boolean awaitsConfig;

    private @Nullable RequestHeaders headers;

    /** Made when the first thing goes wrong. */
    private volatile @Nullable CallHistory history;

    /** Says what the call is, which starts now; at {@code startNs} if another one began it. */
    final void define(CallDispatcher on, MethodDescriptor<Q, R> newMethod, CallOptions newOptions, long newStartNs) {
        dispatcher = on;
        method = newMethod;
        options = newOptions;
        startNs = newStartNs;
        awaitsConfig = !on.isResolved();
        config = readConfig();
    }

    /** Forgets what {@link #define} said, so that a spent call keeps nothing alive. */
    final void forget() {
        assert history == null : "a call with a history is not used again";
        dispatcher = null;
        method = null;
        options = CallOptions.DEFAULT;
        config = MethodConfig.EMPTY;
        headers = null;
    }

    /** Whether something went wrong that a report would tell. */
    final boolean hasHistory() {
        return history != null;
    }

    // ---- From its attempts, each on the thread that owns the attempt -----------------------------------------

    /** The response began; the metadata may be empty. */
    abstract void onHeaders(Attempt<R> attempt, Metadata headers);

    /** A message of the response. */
    abstract void onMessage(Attempt<R> attempt, R message);

    /** The attempt starts on this transport, unless that turns out to be closed. */
    void onTransport(ClientTransport transport) {}

    /** Whether an attempt that has sent nothing yet may end as unprocessed without harm; true holds it to that. */
    boolean tryLeave(Attempt<R> attempt) {
        return true;
    }

    /** The attempt's pipe has room again. */
    void onWritable(Attempt<R> attempt) {}

    /**
     * The attempt has ended; nothing of it is left but its {@linkplain Attempt#report report}.
     *
     * @param trailers empty if there are none
     * @param failure what happened on the connection, if anything did
     */
    abstract void onEnd(Attempt<R> attempt, Status status, Metadata trailers, @Nullable StreamFailure failure);

    // ---- What it wants ---------------------------------------------------------------------------------------

    final CallDispatcher dispatcher() {
        CallDispatcher known = dispatcher;
        assert known != null : "a spent call";
        return known;
    }

    final MethodDescriptor<Q, R> method() {
        MethodDescriptor<Q, R> known = method;
        assert known != null : "a spent call";
        return known;
    }

    final CallOptions options() {
        return options;
    }

    private MethodConfig readConfig() {
        try {
            return dispatcher().config().methodConfig(method(), options);
        } catch (StatusException refused) {
            history().refusal = refused.status();
            return MethodConfig.EMPTY;
        }
    }

    /**
     * Why there is to be no attempt: the config refuses the call, its options name what is not there, or there is no
     * time left (DL-1); null if nothing of that. Asked before the first attempt.
     */
    final @Nullable Status refusal() {
        CallHistory known = history;
        if (known != null && known.refusal != null) {
            return known.refusal;
        }
        try {
            headers = headersFor(null);
        } catch (StatusException refused) {
            return refused.status();
        }
        long deadlineNs = deadlineNs();
        boolean expired = deadlineNs != TransportStream.NO_DEADLINE && deadlineNs - startNs <= 0;
        return expired
                ? Status.of(StatusCode.DEADLINE_EXCEEDED, "the deadline had passed when the call started")
                : null;
    }

    /**
     * The request headers with the authority that the call wants, else that of its picker, else the channel's (TG-6).
     *
     * @throws StatusException with INTERNAL if the authority is illegal in a header field
     */
    final RequestHeaders headersFor(@Nullable String picked) {
        String encoding = codec() == null ? null : options.compressor();
        String authority = options.authority() == null ? picked : options.authority();
        return dispatcher().templates().headersOf(method(), authority, encoding);
    }

    /** Whether the config that the call started with was preliminary, and the channel has its own by now (SV-13). */
    boolean isConfigDue() {
        return awaitsConfig && dispatcher().isResolved();
    }

    /** Goes by the channel's config from now on, if {@link #isConfigDue}; before an attempt. By the call's owner. */
    final boolean takeConfigIfDue() {
        if (!isConfigDue()) {
            return false;
        }
        awaitsConfig = false;
        config = readConfig();
        return true;
    }

    /** Whether its config, and so its policies, may be others once the channel has been resolved. */
    final boolean awaitsConfig() {
        return awaitsConfig;
    }

    /** On the clock of {@link System#nanoTime()}. */
    final long startNs() {
        return startNs;
    }

    /** On the same clock, or {@link TransportStream#NO_DEADLINE}; the same each time, but for a change of config. */
    final long deadlineNs() {
        long timeoutNs = Math.min(options.timeoutNs(), config.timeoutNs());
        // Beyond the clock's range counts as none; the one value that means none is left to it.
        long deadlineNs = timeoutNs > Long.MAX_VALUE / 2 ? TransportStream.NO_DEADLINE : startNs + timeoutNs;
        Deadline fixed = options.deadline();
        if (fixed != null && (deadlineNs == TransportStream.NO_DEADLINE || fixed.nanoTime() - deadlineNs < 0)) {
            deadlineNs = fixed.nanoTime();
        }
        return deadlineNs;
    }

    final boolean needsCredentials() {
        return dispatcher().credentials() != null || options.credentials() != null;
    }

    /** D5: the option wins. */
    final boolean waitForReady() {
        Boolean option = options.waitForReady();
        return Boolean.TRUE.equals(option == null ? config.waitForReady() : option);
    }

    /** The policy in force; null if there is none, or retries are off (RT-2). */
    final @Nullable RetryPolicy retryPolicy() {
        if (!dispatcher().retryLimits().enabled()) {
            return null;
        }
        RetryPolicy option = options.retryPolicy();
        return option != null || options.hedgingPolicy() != null ? option : config.retryPolicy();
    }

    /** The policy in force; null if there is none, or retries are off (RT-2). */
    final @Nullable HedgingPolicy hedgingPolicy() {
        if (!dispatcher().retryLimits().enabled()) {
            return null;
        }
        HedgingPolicy option = options.hedgingPolicy();
        return option != null || options.retryPolicy() != null ? option : config.hedgingPolicy();
    }

    /** Nanoseconds to the deadline, {@code Long.MAX_VALUE} if there is none. */
    final long timeLeftNs() {
        long deadlineNs = deadlineNs();
        return deadlineNs == TransportStream.NO_DEADLINE
                ? Long.MAX_VALUE
                : deadlineNs - dispatcher().nanoTime();
    }

    final int maxInboundMessageBytes() {
        int option = options.maxInboundMessageBytes();
        int own = option < 0 ? dispatcher().maxInboundMessageBytes() : option;
        return Math.min(own, config.maxResponseMessageBytes());
    }

    private int maxOutboundMessageBytes() {
        int option = options.maxOutboundMessageBytes();
        int own = option < 0 ? dispatcher().maxOutboundMessageBytes() : option;
        return Math.min(own, config.maxRequestMessageBytes());
    }

    /**
     * The message as it goes on the wire; the caller owns it.
     *
     * @param compress whether the call's compressor is used, if it has one
     * @throws StatusException if it is too large or cannot be marshalled
     */
    final ByteBuf frame(Q message, boolean compress) {
        return RequestEncoder.frame(
                dispatcher().allocator(),
                method().requestMarshaller(),
                message,
                maxOutboundMessageBytes(),
                compress ? codec() : null);
    }

    private @Nullable Codec codec() {
        return RequestEncoder.codecOf(dispatcher().codecs(), options.compressor());
    }

    /** The request headers but for those of an attempt. */
    final RequestHeaders headers() {
        RequestHeaders known = headers;
        assert known != null;
        return known;
    }

    // ---- What it tells ---------------------------------------------------------------------------------------

    /** Status of a failure after {@code shutdownNow}, which is what ended the connection. */
    final Status unlessKilled(Status status) {
        return dispatcher().isKilled() && status.code() == StatusCode.UNAVAILABLE
                ? new Status(StatusCode.CANCELLED, "the channel was shut down: " + status.message(), status.cause())
                : status;
    }

    static Status deadlineExceededBetweenAttempts() {
        return Status.of(StatusCode.DEADLINE_EXCEEDED, "deadline exceeded before the next attempt");
    }

    static Status killedBetweenAttempts() {
        return Status.of(StatusCode.CANCELLED, "the channel was shut down before the next attempt");
    }

    private synchronized CallHistory history() {
        CallHistory known = history;
        if (known == null) {
            known = new CallHistory();
            history = known;
        }
        return known;
    }

    private List<AttemptReport> reports() {
        CallHistory known = history;
        return known == null ? List.of() : known.reports();
    }

    /** Tells what another call, which was made for this one, has to tell. */
    final void adoptReports(Call<?, ?> other) {
        CallHistory others = other.history;
        if (others != null) {
            history().adoptReports(others);
        }
    }

    /** Keeps what an attempt has to tell, if it failed. By the call's owner. */
    final void keepReport(Attempt<R> attempt, Status status, @Nullable StreamFailure failure) {
        if (!status.isOk()) {
            history().add(attempt.report(status, failure));
        }
    }

    /** HG-11: the servers of earlier attempts, of others under way, and those whose breakers refused one. */
    Set<SocketAddress> tried(Attempt<R> picking) {
        CallHistory known = history;
        Set<SocketAddress> peers = known == null ? new HashSet<>() : known.refusing();
        for (AttemptReport report : reports()) {
            if (report.peer() != null) {
                peers.add(report.peer());
            }
        }
        return peers;
    }

    /** False if {@link #tried} is empty for certain. */
    boolean hasTried(Attempt<R> picking) {
        return history != null;
    }

    /** The breaker of that back end refused an attempt of this call; false if it had before. */
    final boolean addRefusing(SocketAddress backend) {
        return history().addRefusing(backend);
    }

    final StatusException failure(Status status, Metadata trailers, boolean withStackTrace) {
        Duration elapsed = Duration.ofNanos(dispatcher().nanoTime() - startNs);
        List<AttemptReport> attempts = reports();
        String lastConnectionError = dispatcher().lastFailure();
        // Only what the report needs, so that an exception which is kept does not keep the call.
        CallReport report =
                new CallReport(dispatcher().target(), method().fullName(), elapsed, attempts, lastConnectionError);
        return new StatusException(status, trailers, () -> report, withStackTrace);
    }
}
