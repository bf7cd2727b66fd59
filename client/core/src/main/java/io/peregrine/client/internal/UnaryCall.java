package io.peregrine.client.internal;

import io.netty.buffer.ByteBuf;
import io.peregrine.client.CallOptions;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import io.peregrine.client.config.RetryPolicy;
import io.peregrine.client.internal.control.PickerSnapshot;
import io.peregrine.client.internal.retry.RetrySequence;
import io.peregrine.client.internal.retry.TransparentRetries;
import io.peregrine.transport.http2.StreamFailure;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One unary call, from the encoded request to its single end, with one attempt at a time. It keeps the encoded request
 * until the end, so that it needs no other buffer to be sent again (RT-4).
 *
 * <p>The owner of the call is the owner of its current {@link Attempt}, and between two attempts whoever takes the
 * {@link Pause}: the timer that ends it, or a cancel. So the call ends exactly once.
 *
 * <p>A cancel from another thread writes {@link #cancelStatus} and then looks for the attempt and the pause; the owner
 * publishes these and then looks at the cancel status, so one of the two sees the other.
 *
 * <p>A call that went the usual way, one attempt and OK, may be used again once its end has been delivered, with its
 * attempt: that is what makes a call cost no memory. {@link #run} tells one use from the next, so that a cancel which
 * comes late is one of a call that has ended:
 *
 * <pre>
 *   SPENT (4n) ──define──▶ LIVE (4n + 2) ──delivered, as usual──▶ SPENT (4n + 4)
 *                             │
 *                             └──cancel──▶ CANCELLED (4n + 3), never used again
 * </pre>
 *
 * @param <Q> the request
 * @param <R> the response
 */
public abstract class UnaryCall<Q, R> extends Call<Q, R> {
    private static final Status CANCELLED = Status.of(StatusCode.CANCELLED, "cancelled");
    private static final System.Logger LOG = System.getLogger(UnaryCall.class.getName());
    private static final long LIVE = 2;
    private static final long CANCELLED_BIT = 1;
    private static final VarHandle RUN;

    static {
        try {
            RUN = MethodHandles.lookup().findVarHandle(UnaryCall.class, "run", long.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    /**
     * Which use of this object it is, and whether that was cancelled. Written with release when the call is defined,
     * which pairs with the compare-and-set of a cancel: whoever wins it sees the call that it cancels.
     */
    private volatile long run;

    /** The first attempt of each use. */
    private final Attempt<R> firstAttempt = new Attempt<>(this);

    private @Nullable ByteBuf request;
    private @Nullable R response;
    private @Nullable Metadata heldHeaders;

    /** Made when an attempt fails. */
    private @Nullable TransparentRetries transparent;

    private @Nullable RetrySequence retries;
    private volatile @Nullable StreamCall<Q, R> hedged;

    /** The attempt under way, or the last one; pairs with {@link #cancelStatus}. */
    private volatile @Nullable Attempt<R> attempt;

    /** The last time between two attempts; pairs with {@link #cancelStatus}. */
    private volatile @Nullable Pause pause;

    private volatile @Nullable Status cancelStatus;

    /** Says what the call is; before it starts. */
    final void define(CallDispatcher dispatcher, MethodDescriptor<Q, R> method, CallOptions options) {
        define(dispatcher, method, options, dispatcher.nanoTime());
        RUN.setRelease(this, run + LIVE);
    }

    /** Which use of this object the current one is. By who defined it, before it starts. */
    public final long run() {
        return run;
    }

    /** Encodes the request and sends it on its way. Called once. */
    public final void start(Q message) {
        Status refusal = refusal();
        if (refusal != null) {
            end(refusal, null, Metadata.EMPTY);
            return;
        }
        try {
            request = frame(message, true);
        } catch (StatusException unsendable) {
            end(unsendable.status(), null, Metadata.EMPTY);
            return;
        }
        startAttempt();
    }

    /** Several attempts side by side are the business of a {@link StreamCall}, whose end is then this call's. */
    private void startHedged() {
        ByteBuf framed = request;
        assert framed != null;
        request = null;
        StreamCall<Q, R> call =
                new StreamCall<>(dispatcher(), method(), options(), new HedgedResponse(), null, startNs());
        hedged = call;
        if (cancelStatus != null) {
            call.cancel();
        }
        call.startWithFramed(framed);
    }

    /** Ends a call that is not to be started. */
    public final void reject(Status status) {
        end(status, null, Metadata.EMPTY);
    }

    @Override
    public final void cancel() {
        cancel(run);
    }

    /** Cancels the use of this object that {@code cancelledRun} names, unless that has ended. Any thread. */
    public final void cancel(long cancelledRun) {
        if (RUN.compareAndSet(this, cancelledRun, cancelledRun | CANCELLED_BIT)) {
            cancelForGood();
        }
    }

    /** The call will not be used again: whatever it points to is of this use. */
    private void cancelForGood() {
        cancelStatus = CANCELLED;
        Attempt<R> current = attempt;
        if (current != null) {
            current.cancel();
        }
        StreamCall<Q, R> replacement = hedged;
        if (replacement != null) {
            replacement.cancel();
        }
        Pause waiting = pause;
        if (waiting != null && waiting.take()) {
            end(CANCELLED, null, Metadata.EMPTY);
        }
    }

    /** The end: {@code response} is null unless the status is OK. On the thread that {@link #end} chose. */
    abstract void deliver(Status status, @Nullable R response, Metadata trailers);

    /** The server's headers, if they held metadata. On the event loop. */
    abstract void deliverHeaders(Metadata responseHeaders);

    private void startAttempt() {
        if (takeConfigIfDue() && refusal() != null) {
            end(Objects.requireNonNull(refusal()), null, Metadata.EMPTY);
            return;
        }
        if (hedgingPolicy() != null) {
            startHedged();
            return;
        }
        ByteBuf framed = request;
        assert framed != null;
        int previousAttempts = retries == null ? 0 : retries.previousAttempts();
        Attempt<R> next = transparent == null ? firstAttempt : new Attempt<>(this);
        next.prepare(headers(), framed, previousAttempts);
        if (transparent != null) {
            next.beginLate();
        }
        attempt = next;
        if (cancelStatus != null) {
            next.cancel();
        }
        next.begin();
    }

    // ---- From the attempt ------------------------------------------------------------------------------------

    @Override
    final void onHeaders(Attempt<R> current, Metadata responseHeaders) {
        if (!responseHeaders.isEmpty()) {
            takeHeaders(responseHeaders);
        }
    }

    private void takeHeaders(Metadata responseHeaders) {
        if (callbackExecutor() == null) {
            deliverHeadersSafely(responseHeaders);
        } else {
            // An executor of several threads would run the end before the headers; so both are one task.
            heldHeaders = responseHeaders;
        }
    }

    @Override
    final void onMessage(Attempt<R> current, R message) {
        if (response == null) {
            response = message;
        } else {
            current.abort(Status.of(StatusCode.INTERNAL, "more than one message in the response to a unary call"));
        }
    }

    @Override
    final void onEnd(Attempt<R> ended, Status status, Metadata trailers, @Nullable StreamFailure failure) {
        if (status.isOk()) {
            succeed(trailers);
            return;
        }
        keepReport(ended, status, failure);
        boolean over = cancelStatus != null || dispatcher().isKilled();
        long delayNs = over ? RetrySequence.DELIVER : delayNs(ended, status, trailers);
        if (delayNs == 0) {
            startAttempt();
        } else if (delayNs > 0) {
            new Pause(delayNs).begin();
        } else {
            Status cancelled = ended.outcome().givesWayToCancel() ? cancelStatus : null;
            end(cancelled == null ? unlessKilled(status) : cancelled, null, trailers);
        }
    }

    private void succeed(Metadata trailers) {
        R received = response;
        if (received == null) {
            String message = "no message in the response to a unary call that ended with OK";
            end(Status.of(StatusCode.INTERNAL, message), null, trailers);
        } else {
            dispatcher().throttle().onSuccess();
            end(Status.OK, received, trailers);
        }
    }

    /** When to send the request again, in nanoseconds from now; negative for not at all (SPEC 2.14). */
    private long delayNs(Attempt<R> ended, Status status, Metadata trailers) {
        return switch (ended.outcome()) {
            case FINAL, DROPPED, RESPONSE -> RetrySequence.DELIVER;
            case UNPROCESSED, REFUSED, TRAILERS_ONLY, LOST, TIMED_OUT, NOT_PICKED -> {
                TransparentRetries unseen = transparent();
                if (unseen.mayRepeat(ended.outcome())) {
                    yield 0;
                }
                yield unseen.isStopped() ? RetrySequence.DELIVER : policyDelayNs(ended, status, trailers);
            }
        };
    }

    private TransparentRetries transparent() {
        TransparentRetries known = transparent;
        if (known == null) {
            known = new TransparentRetries();
            transparent = known;
        }
        return known;
    }

    private long policyDelayNs(Attempt<R> ended, Status status, Metadata trailers) {
        RetrySequence sequence = retries;
        if (sequence == null) {
            RetryPolicy policy = retryPolicy();
            ByteBuf framed = request;
            assert framed != null;
            if (policy == null
                    || framed.readableBytes() > dispatcher().retryLimits().perCallBytes()) {
                return RetrySequence.DELIVER;
            }
            sequence = dispatcher().retriesUnder(policy);
            retries = sequence;
        }
        return sequence.delayAfter(ended.outcome(), status.code(), trailers);
    }

    // ---- The end ---------------------------------------------------------------------------------------------

    /**
     * Ends this use of the object, if nothing that outlasts it knows it; true if it may be used again. By the call's
     * owner, who does not touch it any more after that.
     */
    final boolean tryRetire() {
        long ended = run;
        boolean usual = (ended & CANCELLED_BIT) == 0
                && transparent == null
                && hedged == null
                && !hasHistory()
                && !firstAttempt.hasWaited();
        // A cancel that comes first finds a call of its own, which nobody will use again.
        if (!usual || !RUN.compareAndSet(this, ended, ended + LIVE)) {
            return false;
        }
        response = null;
        heldHeaders = null;
        attempt = null;
        firstAttempt.forgetRun();
        forget();
        return true;
    }

    /** Ends the call. Only its owner may. */
    private void end(Status status, @Nullable R endResponse, Metadata trailers) {
        ByteBuf framed = request;
        if (framed != null) {
            request = null;
            framed.release();
        }
        Executor executor = callbackExecutor();
        if (executor == null) {
            deliverSafely(status, endResponse, trailers);
            return;
        }
        Delivery delivery = new Delivery(heldHeaders, status, endResponse, trailers);
        try {
            executor.execute(delivery);
        } catch (RuntimeException | Error rejected) {
            delivery.reject(rejected);
        }
    }

    /** Where callbacks run; null for the thread that ends the call. */
    @Nullable
    Executor callbackExecutor() {
        return options().executor();
    }

    /** What the application throws ends here (HOSTILE.md P12). */
    private void deliverSafely(Status status, @Nullable R endResponse, Metadata trailers) {
        // The call may be another one when the callback returns.
        MethodDescriptor<Q, R> called = method();
        try {
            deliver(status, endResponse, trailers);
        } catch (RuntimeException | Error thrown) {
            LOG.log(System.Logger.Level.WARNING, "callback of " + called + " threw", thrown);
        }
    }

    private void deliverHeadersSafely(Metadata responseHeaders) {
        try {
            deliverHeaders(responseHeaders);
        } catch (RuntimeException | Error thrown) {
            LOG.log(System.Logger.Level.WARNING, "headers callback of " + method() + " threw", thrown);
        }
    }

    /** The time between two attempts; its end, a cancel and the deadline compete for the call. */
    private final class Pause implements Runnable, PickerSnapshot.Waiter {
        private final AtomicBoolean taken = new AtomicBoolean();
        private final long delayNs;

        /** Whether the deadline comes before the next attempt (SPEC 2.14 line 10). */
        private final boolean endsCall;

        /** Written behind {@link #taken} by whoever scheduled it; {@link #take} looks the other way round. */
        private volatile @Nullable ScheduledFuture<?> timer;

        Pause(long wantedNs) {
            long leftNs = timeLeftNs();
            this.endsCall = leftNs <= wantedNs;
            this.delayNs = Math.max(0, Math.min(wantedNs, leftNs));
        }

        /** Whether the caller owns the call now; the timer will not. */
        boolean take() {
            if (!taken.compareAndSet(false, true)) {
                return false;
            }
            leave();
            return true;
        }

        private void leave() {
            stopTimer();
            dispatcher().pickers().resume(this);
        }

        void begin() {
            pause = this;
            dispatcher().pickers().pause(this);
            try {
                timer = dispatcher().timer().schedule(this, delayNs, TimeUnit.NANOSECONDS);
            } catch (RejectedExecutionException timerIsGone) {
                if (take()) {
                    Status gone = new Status(StatusCode.UNAVAILABLE, "the event loop is shut down", timerIsGone);
                    end(gone, null, Metadata.EMPTY);
                } else {
                    leave();
                }
                return;
            }
            if (taken.get()) {
                // Whoever took it may have come before there was anything to leave.
                leave();
            } else if (cancelStatus != null && take()) {
                end(CANCELLED, null, Metadata.EMPTY);
            } else if (dispatcher().isKilled()) {
                onNewPicker();
            }
        }

        /** The channel was shut down. */
        @Override
        public void onNewPicker() {
            if (take()) {
                end(killedBetweenAttempts(), null, Metadata.EMPTY);
            }
        }

        private void stopTimer() {
            ScheduledFuture<?> scheduled = timer;
            if (scheduled != null) {
                scheduled.cancel(false);
            }
        }

        @Override
        public void run() {
            if (!take()) {
                return;
            }
            if (endsCall) {
                end(deadlineExceededBetweenAttempts(), null, Metadata.EMPTY);
            } else {
                startAttempt();
            }
        }
    }

    /** What becomes of a call whose attempts are another's. */
    private final class HedgedResponse implements StreamCallback<R> {
        private @Nullable R only;

        @Override
        public void onHeaders(Metadata headers) {
            takeHeaders(headers);
        }

        @Override
        public void onMessage(R message) {
            only = message;
        }

        @Override
        public void onComplete(Metadata trailers) {
            end(Status.OK, only, trailers);
        }

        @Override
        public void onFailure(StatusException failure) {
            StreamCall<Q, R> call = hedged;
            assert call != null;
            adoptReports(call);
            end(failure.status(), null, failure.trailers());
        }
    }

    /** The end of a call on its way through an executor, which may run it, refuse it or, being broken, do both. */
    private final class Delivery implements Runnable {
        private final AtomicBoolean taken = new AtomicBoolean();
        private final @Nullable Metadata responseHeaders;
        private final Status status;
        private final @Nullable R endResponse;
        private final Metadata trailers;
        private final MethodDescriptor<Q, R> called = method();

        Delivery(@Nullable Metadata responseHeaders, Status status, @Nullable R endResponse, Metadata trailers) {
            this.responseHeaders = responseHeaders;
            this.status = status;
            this.endResponse = endResponse;
            this.trailers = trailers;
        }

        @Override
        public void run() {
            if (taken.compareAndSet(false, true)) {
                if (responseHeaders != null) {
                    deliverHeadersSafely(responseHeaders);
                }
                deliverSafely(status, endResponse, trailers);
            }
        }

        /** HOSTILE.md P14: the call still ends, on this thread. */
        void reject(Throwable rejection) {
            if (taken.compareAndSet(false, true)) {
                String message = "the call's executor rejected its callback";
                deliverSafely(new Status(StatusCode.CANCELLED, message, rejection), null, Metadata.EMPTY);
            } else {
                LOG.log(System.Logger.Level.WARNING, "executor of " + called + " threw", rejection);
            }
        }
    }
}
