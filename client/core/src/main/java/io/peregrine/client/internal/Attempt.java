package io.peregrine.client.internal;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.peregrine.client.CallOptions;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.balancer.DoneListener;
import io.peregrine.client.balancer.PickInfo;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.config.RetryPolicy;
import io.peregrine.client.credentials.CallIdentity;
import io.peregrine.client.internal.breaker.CircuitBreakers;
import io.peregrine.client.internal.control.PickTracking;
import io.peregrine.client.internal.control.PickerSnapshot;
import io.peregrine.client.internal.control.SubConnection;
import io.peregrine.client.internal.message.AttemptFields;
import io.peregrine.client.internal.retry.Outcome;
import io.peregrine.client.report.AttemptReport;
import io.peregrine.client.report.Wait;
import io.peregrine.transport.header.RequestHeaders;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.MessagePipe;
import io.peregrine.transport.http2.StreamFailure;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One try of a call: a pick, and a stream on the connection that was picked (SPEC 2.14). Turns what arrives into
 * metadata, messages and a status (ST-1 to ST-9), and tells its {@link Call}: {@link Call#onEnd} comes last, once.
 *
 * <p>At any time an attempt has one owner, the only one who may end it or move it on: the thread that picks for it,
 * then either the picker's queue (until {@link PickerSnapshot} hands it back, or a deadline or a cancel removes it) or
 * the transport that accepted it (until the stream's last callback). So it ends exactly once without a lock or an
 * atomic step of its own.
 *
 * <p>A cancel from another thread does not end the attempt; it tells the owner. It writes {@link #cancellation} and
 * then looks for the transport; the picking thread publishes the transport and then looks at the cancellation, so one
 * of the two sees the other. In the same way the deadline of a wait and the picker's queue see each other.
 *
 * @param <R> the response
 */
final class Attempt<R> extends ResponseStream<R> implements PickInfo, PickerSnapshot.Waiter {
    private static final Cancellation BY_APPLICATION =
            new Cancellation(Outcome.FINAL, Status.of(StatusCode.CANCELLED, "cancelled"));

    private int previousAttempts;
    private Outcome outcome = Outcome.FINAL;
    private @Nullable AttemptWaits waits;

    /** Of the picks that somebody wants to know the end of; kept for the next use of the call. */
    private @Nullable PickTracking tracking;

    /** The application's fields and those of the credentials, once they have answered. */
    private @Nullable Metadata credentialFields;

    /** Whether a picker has added to the headers; another one may not. */
    private boolean dressed;

    /** Set while a transport has the attempt, or is asked to take it; pairs with {@link #cancellation}. */
    private volatile @Nullable ClientTransport transport;

    private volatile @Nullable Cancellation cancellation;

    /** The credentials that were asked, once they were; pairs with {@link #cancellation}. */
    private volatile @Nullable AttemptCredentials asking;

    /** An attempt that sends one message, once it is {@linkplain #prepare prepared}. */
    Attempt(Call<?, R> call) {
        super(call, null);
    }

    /** An attempt that sends what goes into the pipe. */
    Attempt(Call<?, R> call, RequestHeaders headers, MessagePipe pipe, int previousAttempts) {
        super(call, pipe);
        prepare(headers, Unpooled.EMPTY_BUFFER, previousAttempts);
    }

    /** Says what is sent; before {@link #begin}. The buffer stays the call's. */
    void prepare(RequestHeaders headers, ByteBuf request, int newPreviousAttempts) {
        previousAttempts = newPreviousAttempts;
        prepare(headers, request, call.deadlineNs(), call.maxInboundMessageBytes());
        requestFields(AttemptFields.of(call.options().metadata(), newPreviousAttempts));
    }

    /** Whether others may still know of it: a timer, the picker's queue, credentials, a breaker. */
    boolean hasWaited() {
        return waits != null || asking != null;
    }

    /**
     * Forgets an attempt that ended as usual, so that the next use of the call finds it as new. It was not cancelled
     * and will not be: the call decides that before.
     */
    void forgetRun() {
        assert !hasWaited() && cancellation == null;
        outcome = Outcome.FINAL;
        transport = null;
        dressed = false;
        forgetResponse();
    }

    /** Other attempts of the call came before: it begins now, and not with the call. Before {@link #begin}. */
    void beginLate() {
        LongSupplier clock = call.dispatcher().clock();
        waits = new AttemptWaits(clock, clock.getAsLong());
    }

    /** Sends it on its way. Called once. */
    void begin() {
        PickerSnapshot pickers = call.dispatcher().pickers();
        while (cancellation == null) {
            Picker picker = pickers.current();
            PickResult picked = PickerSnapshot.ask(picker, this);
            SubConn subConn = picked.subConn();
            if (subConn != null) {
                if (startOn(subConn, picked)) {
                    return;
                }
                // It is not READY any more; wait for the picker that knows (PK-7).
            } else if (picked != PickResult.queue()) {
                if (picked.isDrop() || !call.waitForReady()) {
                    Outcome how = picked.isDrop() ? Outcome.DROPPED : Outcome.NOT_PICKED;
                    end(how, picked.status().asControlPlane());
                    return;
                }
                waits().lastPickFailure = picked.status().message();
            }
            if (awaitSuccessorOf(picker, subConn)) {
                return;
            }
        }
        endCancelled();
    }

    /** Ends the attempt as CANCELLED, unless it has ended. Any thread, any number of times. */
    void cancel() {
        cancel(BY_APPLICATION);
    }

    /** Gives up on a server that has not begun its response in time (RT-16). Any thread. */
    private void timeOut(long timeoutNs) {
        Status late = Status.of(
                StatusCode.DEADLINE_EXCEEDED,
                "no response headers within " + timeoutNs / 1000 + " µs, the time for one attempt");
        cancel(new Cancellation(Outcome.TIMED_OUT, late));
    }

    private void cancel(Cancellation newCancellation) {
        if (cancellation == null) {
            cancellation = newCancellation;
        }
        if (leaveWait()) {
            endCancelled();
            return;
        }
        ClientTransport current = transport;
        if (current != null) {
            current.cancel(this);
        }
    }

    /** Whether the attempt waited, for a picker or for credentials, and is the caller's now. Any thread. */
    private boolean leaveWait() {
        AttemptCredentials asked = asking;
        return (asked != null && asked.cancel()) || call.dispatcher().pickers().remove(this);
    }

    /** Tells the transport, if there is one, that the pipe has news. Any thread. */
    void signal() {
        ClientTransport current = transport;
        if (current != null) {
            current.signal(this);
        }
    }

    /** Whether the pipe has room. Any thread. */
    boolean isWritable() {
        return messages().isWritable();
    }

    /** The pipe of an attempt that has one. */
    MessagePipe messages() {
        MessagePipe pipe = pipe();
        assert pipe != null;
        return pipe;
    }

    /** The server that it went to last, or null. */
    @Nullable
    SocketAddress peer() {
        ClientTransport current = transport;
        return current == null ? null : current.remoteAddress();
    }

    int previousAttempts() {
        return previousAttempts;
    }

    /** How it ended; of meaning from {@link Call#onEnd} on. */
    Outcome outcome() {
        return outcome;
    }

    @Override
    public MethodDescriptor<?, ?> method() {
        return call.method();
    }

    @Override
    public CallOptions options() {
        return call.options();
    }

    @Override
    public Set<SocketAddress> tried() {
        return call.tried(this);
    }

    @Override
    public boolean hasTried() {
        return call.hasTried(this);
    }

    // ---- Pick and start --------------------------------------------------------------------------------------

    /** True if the attempt has moved on; false if the subchannel takes no calls. */
    private boolean startOn(SubConn subConn, PickResult picked) {
        if (picked.doneListener() != null) {
            track(picked.doneListener());
        }
        if (!(subConn instanceof SubConnection subConnection)) {
            String message = "the picker chose " + subConn + " (expected: a subchannel of the channel's own)";
            end(Outcome.DROPPED, Status.of(StatusCode.INTERNAL, message));
            return true;
        }
        ClientTransport next = subConnection.transport();
        if (next == null) {
            endPick("the subchannel was not ready any more");
            return false;
        }
        if (call.needsCredentials() && asking == null) {
            endPick("the call waits for credentials, and is picked for again");
            askCredentials();
            return true;
        }
        // Before the breaker, for which an attempt that cannot be dressed says nothing of a server.
        boolean plain = !picked.isDressed() && subConnection.authority() == null && !dressed;
        if (!plain && !dress(picked, subConnection)) {
            return true;
        }
        if (!passBreaker(subConnection.address())) {
            return true;
        }
        if (waits != null) {
            waits.finish();
        }
        transport = next;
        if (tracking != null) {
            tracking.sent(true);
        }
        armRecvTimeout();
        call.onTransport(next);
        switch (next.start(this)) {
            case ACCEPTED -> {
                if (cancellation != null) {
                    next.cancel(this);
                }
                return true;
            }
            case OVERLOADED -> {
                releaseBreaker();
                endPick("the queue to the connection's event loop was full");
                end(
                        Outcome.FINAL,
                        Status.of(StatusCode.RESOURCE_EXHAUSTED, "the queue to the connection's event loop is full"));
                return true;
            }
            case CLOSED -> {
                transport = null;
                disarmRecvTimeout();
                releaseBreaker();
                endPick("the connection took no more calls");
                return false;
            }
            default -> throw new AssertionError();
        }
    }

    private void track(DoneListener listener) {
        LongSupplier clock = call.dispatcher().clock();
        PickTracking tracked = tracking == null ? new PickTracking(clock) : tracking;
        tracking = tracked;
        // An attempt that did not wait began with its call, which has read the clock.
        long startNs = waits == null ? call.startNs() : clock.getAsLong();
        tracked.begin(listener, startNs, hasDeadline() ? deadlineNs() - startNs : Long.MAX_VALUE);
    }

    /** The pick led to nothing; there will be another. */
    private void endPick(String why) {
        if (tracking != null) {
            tracking.endUnsent(Status.of(StatusCode.UNAVAILABLE, why));
        }
    }

    /**
     * Adds what the picker wants in the headers of this attempt (PK-11). An authority of the call's own comes first, then
     * the picker's, then that of the server's name (TG-6). False if that cannot be, and the attempt has ended.
     */
    private boolean dress(PickResult picked, SubConnection subConnection) {
        dressed = true;
        Metadata own = credentialFields == null ? call.options().metadata() : credentialFields;
        requestFields(AttemptFields.of(own, picked.metadata(), previousAttempts));
        try {
            String named = picked.authority() == null ? subConnection.authority() : picked.authority();
            requestHeaders(call.headersFor(named));
            return true;
        } catch (StatusException illegal) {
            end(Outcome.DROPPED, illegal.status());
            return false;
        }
    }

    /** CR-5: once for each attempt, after the pick; when they are there, it picks again, perhaps another connection. */
    private void askCredentials() {
        AttemptWaits waiting = waits();
        waiting.begin(Wait.Reason.CREDENTIALS);
        if (hasDeadline() && !waiting.isTimed() && !scheduleWaitDeadline(waiting)) {
            return;
        }
        CallIdentity identity = new CallIdentity(
                call.method(),
                call.headers().authority(),
                call.dispatcher().templates().isSecure());
        AttemptCredentials asked = AttemptCredentials.prepare(identity, new CredentialsReceiver());
        // Published before it is asked, so that a cancel finds it, and an answer at once finds it set.
        asking = asked;
        asked.ask(
                call.dispatcher().credentials(),
                call.options().credentials(),
                call.options().metadata());
        if ((cancellation != null || waiting.isDeadlinePassed()) && asked.cancel()) {
            if (cancellation != null) {
                endCancelled();
            } else {
                endByDeadline();
            }
        }
    }

    /** Takes the attempt over when the credentials have answered; on the thread that they answer on. */
    private final class CredentialsReceiver implements AttemptCredentials.Receiver {
        @Override
        public void onFields(Metadata fields) {
            credentialFields = fields;
            requestFields(AttemptFields.of(fields, previousAttempts));
            begin();
        }

        @Override
        public void onFailure(Status status) {
            // Not transparently (RT-9), but as the policy says of the code (RT-11).
            end(Outcome.NOT_PICKED, status);
        }
    }

    /** False if a breaker is open, and the attempt has ended. */
    private boolean passBreaker(SocketAddress address) {
        CircuitBreakers breakers = call.dispatcher().circuitBreakers();
        if (breakers == null) {
            return true;
        }
        Status refusal = waits().passBreaker(breakers, call.method().fullName(), address);
        if (refusal == null) {
            return true;
        }
        // Another back end may be tried, the same one not again.
        boolean elsewhere = !waits().isRefusedByMethod() && call.addRefusing(address);
        end(elsewhere ? Outcome.NOT_PICKED : Outcome.FINAL, refusal);
        return false;
    }

    private void releaseBreaker() {
        AttemptWaits kept = waits;
        if (kept != null) {
            kept.releaseUnsent();
        }
    }

    /** RT-16: the time begins when a connection has the attempt. It is not the server's if there is none. */
    private void armRecvTimeout() {
        RetryPolicy policy = call.retryPolicy();
        if (policy != null && policy.perAttemptRecvTimeoutNs() != Long.MAX_VALUE) {
            waits().armRecvTimeout(call.dispatcher().timer(), policy.perAttemptRecvTimeoutNs(), this::timeOut);
        }
    }

    private void disarmRecvTimeout() {
        AttemptWaits waiting = waits;
        if (waiting != null) {
            waiting.stopRecvTimeout();
        }
    }

    /**
     * True if the attempt has moved on; false if there is a new picker already, or another connection to what was picked.
     * That one is looked at after the attempt waits, and told of after it is published: one of the two sees the other.
     */
    private boolean awaitSuccessorOf(Picker picker, @Nullable SubConn picked) {
        AttemptWaits waiting = waits();
        waiting.begin(call.dispatcher().isResolved() ? Wait.Reason.PICKER : Wait.Reason.RESOLVER);
        if (hasDeadline() && !waiting.isTimed() && !scheduleWaitDeadline(waiting)) {
            return true;
        }
        PickerSnapshot pickers = call.dispatcher().pickers();
        switch (pickers.await(this, picker)) {
            case WAITING -> {
                if (cancellation != null && pickers.remove(this)) {
                    endCancelled();
                } else if (waiting.isDeadlinePassed() && pickers.remove(this)) {
                    endByDeadline();
                } else if (picked instanceof SubConnection again && again.isUsable() && pickers.remove(this)) {
                    return false;
                }
                return true;
            }
            case REPLACED -> {
                return false;
            }
            case FULL -> {
                end(
                        Outcome.FINAL,
                        Status.of(
                                StatusCode.RESOURCE_EXHAUSTED,
                                "too many calls wait for a connection: " + pickers.waiting()));
                return true;
            }
            default -> throw new AssertionError();
        }
    }

    @Override
    public void onNewPicker() {
        if (cancellation == null && call.isConfigDue() && tryLeave()) {
            // Its deadline and its policy may be others; the call begins again. It does not commit to this attempt now.
            end(Outcome.UNPROCESSED, Status.of(StatusCode.UNAVAILABLE, "the channel has its service config now"));
        } else {
            begin();
        }
    }

    /** False if the attempt has ended because there is no time, or no timer, left. */
    private boolean scheduleWaitDeadline(AttemptWaits waiting) {
        long leftNs = deadlineNs() - call.dispatcher().nanoTime();
        if (leftNs <= 0) {
            endByDeadline();
            return false;
        }
        try {
            waiting.deadline(call.dispatcher().timer().schedule(this::onWaitDeadline, leftNs, TimeUnit.NANOSECONDS));
            return true;
        } catch (RejectedExecutionException timerIsGone) {
            end(Outcome.FINAL, new Status(StatusCode.UNAVAILABLE, "the event loop is shut down", timerIsGone));
            return false;
        }
    }

    private void onWaitDeadline() {
        waits().onDeadline();
        if (leaveWait()) {
            endByDeadline();
        }
    }

    private void endByDeadline() {
        String waiting = waits().whileWaiting(call.dispatcher().lastFailure());
        end(Outcome.FINAL, Status.of(StatusCode.DEADLINE_EXCEEDED, "deadline exceeded" + waiting));
    }

    private AttemptWaits waits() {
        AttemptWaits known = waits;
        if (known == null) {
            known = new AttemptWaits(call.dispatcher().clock(), call.startNs());
            waits = known;
        }
        return known;
    }

    // ---- From the transport, on its event loop ---------------------------------------------------------------

    @Override
    @Nullable
    Cancellation cancellation() {
        return cancellation;
    }

    @Override
    protected boolean tryLeave() {
        return pipe() == null || call.tryLeave(this);
    }

    @Override
    protected void onWaitingForSlot() {
        waits().begin(Wait.Reason.STREAM_SLOT);
    }

    @Override
    protected void onSlot() {
        waits().finish();
    }

    @Override
    protected void onWritable() {
        call.onWritable(this);
    }

    @Override
    void onResponse() {
        disarmRecvTimeout();
    }

    @Override
    void deliver(Metadata headers) {
        call.onHeaders(this, headers);
    }

    @Override
    void deliver(R message) {
        call.onMessage(this, message);
    }

    @Override
    void cancelStream() {
        ClientTransport current = transport;
        assert current != null;
        current.cancel(this);
    }

    // ---- The end ---------------------------------------------------------------------------------------------

    private void endCancelled() {
        Cancellation cancelled = cancellation;
        assert cancelled != null;
        AttemptWaits waited = waits;
        if (waited != null) {
            waited.cancelledWhile = waited.whileWaiting(call.dispatcher().lastFailure());
        }
        end(cancelled.outcome(), whileWaiting(cancelled.status()));
    }

    /** Says behind a cancel what this attempt waited for when it came (PK-8). Of an attempt that has ended, or is about to. */
    Status whileWaiting(Status cancelled) {
        return waits == null ? cancelled : waits.behind(cancelled);
    }

    /** Where no transport has the attempt, which would drop what is in its pipe. */
    private void end(Outcome how, Status status) {
        MessagePipe pipe = pipe();
        if (pipe != null) {
            pipe.close();
        }
        end(how, status, Metadata.EMPTY, null);
    }

    @Override
    void end(Outcome how, Status status, Metadata trailers, @Nullable StreamFailure failure) {
        outcome = how;
        AttemptWaits waited = waits;
        if (waited != null) {
            waited.close(how, status.code(), failure);
        }
        if (tracking != null) {
            if (how == Outcome.UNPROCESSED) {
                tracking.sent(false);
            }
            tracking.end(status, trailers, responded());
        }
        call.onEnd(this, status, trailers, failure);
    }

    /** The time since it began. */
    long elapsedNs() {
        return call.dispatcher().nanoTime() - beganNs();
    }

    private long beganNs() {
        return waits == null ? call.startNs() : waits.startNs();
    }

    /** What the attempt has to tell after it ended with {@code status}. */
    AttemptReport report(Status status, @Nullable StreamFailure failure) {
        long nowNs = call.dispatcher().nanoTime();
        long startNs = beganNs();
        List<Wait> waited = waits == null ? List.of() : waits.list();
        if (peer() != null && !responded() && status.code() == StatusCode.DEADLINE_EXCEEDED) {
            waited = AttemptWaits.withFirstByte(waited, nowNs - startNs);
        }
        return new AttemptReport(
                previousAttempts,
                peer(),
                status,
                Duration.ofNanos(startNs - call.startNs()),
                Duration.ofNanos(nowNs - startNs),
                waited,
                responded(),
                failure);
    }
}
