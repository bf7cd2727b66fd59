package io.peregrine.client.internal;

import io.netty.buffer.ByteBuf;
import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientCall;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import io.peregrine.client.internal.retry.ReplayBuffer;
import io.peregrine.transport.http2.MessagePipe;
import io.peregrine.transport.http2.StreamFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A call with streams, or with hedges: any number of messages each way, over one attempt after another or several side
 * by side, until it is committed to one of them (SPEC 2.14, RT-3).
 *
 * <pre>
 *               headers, or a limit of the buffer
 *   UNCOMMITTED ─────────────────────────────────▶ COMMITTED
 *     │  ▲  │                                          │
 *     │  └──┘ retry, hedge, transparent retry          │ the attempt ends
 *     │                                                ▼
 *     └──────────────────────────────────────────▶   ENDED
 *        nothing follows, cancel, deadline
 * </pre>
 *
 * <p>While UNCOMMITTED the call keeps what the application sends in a {@link ReplayBuffer}, hands it to each attempt,
 * and its state is guarded by a lock, under which nobody is called back. Once COMMITTED there is one attempt and
 * nothing to replay: messages go straight into its pipe, without the lock, and all that arrives comes from one event
 * loop. A call that has neither a retry nor a hedging policy differs only in that it makes no second attempt after one
 * that a server may have seen (RT-7, RT-8).
 *
 * <p>It ends once: whoever sets {@link #ended}, under the lock, delivers the end.
 *
 * @param <Q> the request messages
 * @param <R> the response messages
 */
public final class StreamCall<Q, R> extends Call<Q, R> implements ClientCall<Q> {
    private static final Status CANCELLED = Status.of(StatusCode.CANCELLED, "cancelled");

    private final StreamDelivery<R> delivery;
    private final ReentrantLock lock = new ReentrantLock();
    private final AttemptStrategy strategy;

    // Guarded by the lock.
    private final ReplayBuffer replay;
    private int requested;
    private int unprocessedAttempts;
    private boolean refusedBefore;
    private @Nullable Status cancelStatus;

    /** The end of the last attempt, while another one is planned and none is under way. */
    private @Nullable Status lastStatus;

    private Metadata lastTrailers = Metadata.EMPTY;
    private @Nullable ScheduledFuture<?> plan;

    /** Counts the plans, so that a timer whose plan was replaced knows. */
    private int plans;

    /** The attempts under way; replaced as a whole under the lock, read without. */
    private volatile List<Attempt<R>> live = List.of();

    /** Written once, under the lock; what was sent before is in its pipe by then. */
    private volatile @Nullable Attempt<R> committed;

    /** Written once, under the lock. */
    private volatile boolean ended;

    /** {@link #trySend} was refused, perhaps while there was no attempt that could tell of room. */
    private volatile boolean refusedToSend;

    // Of the sending thread.
    private boolean closed;
    private boolean anySent;
    private volatile boolean corked;

    /** The one response of a method that has one, until the status says whether it counts (CA-1). */
    private @Nullable R heldResponse;

    /** A call that has not started. */
    public StreamCall(
            CallDispatcher dispatcher, MethodDescriptor<Q, R> method, CallOptions options, StreamCallback<R> callback) {
        super(dispatcher, method, options);
        this.strategy = dispatcher.newStrategy(this);
        this.replay = dispatcher.newReplayBuffer();
        boolean manyThreads = strategy instanceof HedgingStrategy;
        this.delivery = new StreamDelivery<>(this, callback, options.executor(), manyThreads);
    }

    /** Sends it on its way. Called once, if at all. */
    public void start() {
        if (isExpiredAtStart()) {
            reject(deadlineExceededAtStart());
        } else {
            startPlanned();
        }
    }

    /** Sends it on its way with its only request, which leaves in one write with the headers (CA-2). */
    public void startWith(Q request) {
        if (isExpiredAtStart()) {
            reject(deadlineExceededAtStart());
            return;
        }
        ByteBuf framed = frameOrEnd(request);
        if (framed != null) {
            startWithFramed(framed);
        }
    }

    /** As {@link #startWith}, with a message that is the call's from now on. */
    void startWithFramed(ByteBuf framed) {
        Attempt<R> first;
        lock.lock();
        try {
            anySent = true;
            closed = true;
            boolean kept = replay.tryAdd(framed);
            replay.halfClose();
            first = newAttempt(0, kept ? null : framed);
            if (kept) {
                plan(strategy.afterStart());
                framed.release();
            } else {
                commit(first);
            }
        } finally {
            lock.unlock();
        }
        first.begin();
    }

    /** Ends a call that has no attempt. */
    public void reject(Status status) {
        endUnlessEnded(status, Metadata.EMPTY);
    }

    // ---- ClientCall ------------------------------------------------------------------------------------------

    @Override
    public boolean trySend(Q message) {
        requireOpen("a message");
        if (anySent && method().type().hasOneRequest()) {
            throw new IllegalStateException("a second request message for " + method() + " (expected: one)");
        }
        if (ended) {
            return true;
        }
        if (!isWritable()) {
            // First the flag, then another look: whoever makes room does it the other way round.
            refusedToSend = true;
            if (!isWritable()) {
                return false;
            }
        }
        ByteBuf framed = frameOrEnd(message);
        if (framed == null) {
            return true;
        }
        if (!send(framed)) {
            return false;
        }
        anySent = true;
        if (method().type().hasOneRequest()) {
            closeSend();
        }
        return true;
    }

    @Override
    public boolean isWritable() {
        Attempt<R> only = committed;
        if (only != null) {
            return only.isWritable();
        }
        List<Attempt<R>> current = live;
        for (int i = 0; i < current.size(); i++) {
            if (current.get(i).isWritable()) {
                return true;
            }
        }
        return ended;
    }

    @Override
    public void closeSend() {
        requireOpen("an end of the requests");
        closed = true;
        List<Attempt<R>> told;
        lock.lock();
        try {
            replay.halfClose();
            told = live;
            told.forEach(attempt -> attempt.messages().end());
        } finally {
            lock.unlock();
        }
        signalUnlessCorked(told);
    }

    @Override
    public void request(int messages) {
        if (messages < 1) {
            throw new IllegalArgumentException("messages: " + messages + " (expected: 1 or more)");
        }
        if (method().type().hasOneResponse()) {
            // All that comes is taken anyway, so that a second message is seen (CA-1).
            return;
        }
        Attempt<R> only = committed;
        if (only != null) {
            only.messages().request(messages);
            only.signal();
        } else {
            requestUncommitted(messages);
        }
    }

    private void requestUncommitted(int messages) {
        List<Attempt<R>> told;
        lock.lock();
        try {
            int sum = requested + messages;
            requested = sum < 0 ? Integer.MAX_VALUE : sum;
            told = live;
            told.forEach(attempt -> attempt.messages().request(messages));
        } finally {
            lock.unlock();
        }
        told.forEach(Attempt::signal);
    }

    @Override
    public void cork() {
        corked = true;
    }

    @Override
    public void flush() {
        corked = false;
        signalUnlessCorked(live);
    }

    @Override
    public void compress(boolean on) {}

    @Override
    public void cancel() {
        cancel(CANCELLED);
    }

    @Override
    public void cancel(String reason, @Nullable Throwable cause) {
        cancel(new Status(StatusCode.CANCELLED, reason, cause));
    }

    /** Ends the call with {@code status}, unless it ends by itself first. Any thread. */
    private void cancel(Status status) {
        List<Attempt<R>> told;
        lock.lock();
        try {
            if (ended) {
                return;
            }
            if (cancelStatus == null) {
                cancelStatus = status;
            }
            told = live;
        } finally {
            lock.unlock();
        }
        if (told.isEmpty()) {
            endUnlessEnded(status, Metadata.EMPTY);
        }
        told.forEach(Attempt::cancel);
    }

    // ---- Sending ---------------------------------------------------------------------------------------------

    private void requireOpen(String what) {
        if (closed) {
            throw new IllegalStateException(
                    what + " for " + method() + " behind the end of its requests (expected: nothing after closeSend)");
        }
    }

    private @Nullable ByteBuf frameOrEnd(Q message) {
        try {
            return frame(message);
        } catch (StatusException unsendable) {
            cancel(unsendable.status());
            return null;
        }
    }

    /** Takes the message, or releases it and returns false. */
    private boolean send(ByteBuf framed) {
        Attempt<R> only = committed;
        if (only == null) {
            sendUncommitted(framed);
            return true;
        }
        if (!only.messages().offer(framed)) {
            // Another thread sends too, against the rule, and filled it meanwhile.
            framed.release();
            return false;
        }
        signalUnlessCorked(only);
        return true;
    }

    /** Hands the message to each attempt under way and keeps it for later ones; commits if it cannot be kept (RT-4). */
    private void sendUncommitted(ByteBuf framed) {
        List<Attempt<R>> told;
        List<Attempt<R>> losers = List.of();
        Status lost = null;
        lock.lock();
        try {
            if (committed == null && !ended && !replay.tryAdd(framed)) {
                if (live.isEmpty()) {
                    lost = Status.of(
                            StatusCode.RESOURCE_EXHAUSTED,
                            "a message between two attempts is over the limit of what is kept for retries");
                } else {
                    losers = commit(mostAdvanced());
                }
            }
            told = live;
            told.forEach(attempt -> attempt.messages().offerHeld(framed.retain()));
        } finally {
            lock.unlock();
        }
        framed.release();
        losers.forEach(Attempt::cancel);
        signalUnlessCorked(told);
        if (lost != null) {
            endUnlessEnded(lost, Metadata.EMPTY);
        }
    }

    /** HG-12: the attempt that has sent the most, which has the least left to send. */
    private Attempt<R> mostAdvanced() {
        Attempt<R> best = live.get(0);
        for (Attempt<R> attempt : live) {
            if (attempt.messages().queuedBytes() < best.messages().queuedBytes()) {
                best = attempt;
            }
        }
        return best;
    }

    private void signalUnlessCorked(List<Attempt<R>> attempts) {
        for (int i = 0; i < attempts.size(); i++) {
            signalUnlessCorked(attempts.get(i));
        }
    }

    /** A full pipe is written, corked or not: that is its bound. */
    private void signalUnlessCorked(Attempt<R> attempt) {
        if (!corked || !attempt.isWritable()) {
            attempt.signal();
        }
    }

    // ---- Attempts --------------------------------------------------------------------------------------------

    /** Starts the attempt whose time has come, unless the call needs none any more. */
    private void startPlanned() {
        Attempt<R> next;
        lock.lock();
        try {
            if (ended || committed != null || cancelStatus != null) {
                return;
            }
            next = newAttempt(strategy.previousAttempts(), null);
            plan(strategy.afterStart());
        } finally {
            lock.unlock();
        }
        begin(next);
    }

    /** Starts an attempt in place of one that nobody has seen. */
    private void startAgain(Attempt<R> unseen) {
        Attempt<R> next;
        lock.lock();
        try {
            if (ended || committed != null || cancelStatus != null) {
                return;
            }
            next = newAttempt(unseen.previousAttempts(), null);
        } finally {
            lock.unlock();
        }
        begin(next);
    }

    /** Before the attempt can call back, since only one thread may at a time. */
    private void begin(Attempt<R> next) {
        if (refusedToSend && isWritable()) {
            refusedToSend = false;
            delivery.onWritable();
        }
        next.begin();
    }

    /** An attempt that has all that was sent before, and {@code unkept} behind it. Under the lock. */
    private Attempt<R> newAttempt(int previousAttempts, @Nullable ByteBuf unkept) {
        MessagePipe pipe = new MessagePipe();
        for (int i = 0; i < replay.size(); i++) {
            pipe.offerHeld(replay.retained(i));
        }
        if (unkept != null) {
            pipe.offerHeld(unkept);
        }
        if (replay.isHalfClosed()) {
            pipe.end();
        }
        if (method().type().hasOneResponse()) {
            pipe.request(Integer.MAX_VALUE);
        } else if (requested > 0) {
            pipe.request(requested);
        }
        Attempt<R> next = new Attempt<>(this, dispatcher().headersOf(method()), pipe, previousAttempts);
        List<Attempt<R>> more = new ArrayList<>(live);
        more.add(next);
        live = List.copyOf(more);
        return next;
    }

    /** Plans the next attempt, in place of one that is planned. Under the lock; a negative delay changes nothing. */
    private void plan(long delayNs) {
        if (delayNs < 0) {
            return;
        }
        dropPlan();
        long leftNs = timeLeftNs();
        boolean late = leftNs <= delayNs;
        if (late && !live.isEmpty()) {
            // Their own deadlines come first.
            return;
        }
        int number = plans;
        Runnable task = late ? () -> onDeadlineBetweenAttempts(number) : () -> onPlanDue(number);
        try {
            plan = dispatcher()
                    .timer()
                    .schedule(task, Math.max(0, Math.min(delayNs, leftNs)), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException timerIsGone) {
            cancelStatus = new Status(StatusCode.UNAVAILABLE, "the event loop is shut down", timerIsGone);
        }
    }

    private void dropPlan() {
        plans++;
        ScheduledFuture<?> dropped = plan;
        if (dropped != null) {
            plan = null;
            dropped.cancel(false);
        }
    }

    private void onPlanDue(int number) {
        boolean start;
        Status last = null;
        lock.lock();
        try {
            if (number != plans || ended || committed != null) {
                return;
            }
            plan = null;
            start = strategy.tryStart();
            if (!start && live.isEmpty()) {
                last = lastStatus;
            }
        } finally {
            lock.unlock();
        }
        if (start) {
            startPlanned();
        } else if (last != null) {
            endUnlessEnded(last, lastTrailers);
        }
    }

    private void onDeadlineBetweenAttempts(int number) {
        lock.lock();
        try {
            if (number != plans) {
                return;
            }
        } finally {
            lock.unlock();
        }
        endUnlessEnded(deadlineExceededBetweenAttempts(), Metadata.EMPTY);
    }

    /** From now on this attempt is the call; returns the others, to be cancelled. Under the lock. */
    private List<Attempt<R>> commit(Attempt<R> winner) {
        List<Attempt<R>> losers = without(winner);
        committed = winner;
        live = List.of(winner);
        replay.release();
        dropPlan();
        return losers;
    }

    private List<Attempt<R>> without(Attempt<R> removed) {
        if (live.size() == 1 && live.get(0) == removed) {
            return List.of();
        }
        List<Attempt<R>> fewer = new ArrayList<>(live);
        fewer.remove(removed);
        return List.copyOf(fewer);
    }

    // ---- From the attempts -----------------------------------------------------------------------------------

    @Override
    void onHeaders(Attempt<R> attempt, Metadata headers) {
        List<Attempt<R>> losers = List.of();
        lock.lock();
        try {
            if (committed == null && !ended) {
                losers = commit(attempt);
            }
        } finally {
            lock.unlock();
        }
        if (committed != attempt) {
            return;
        }
        losers.forEach(Attempt::cancel);
        strategy.onResponse(attempt.elapsedNs());
        if (!headers.isEmpty()) {
            delivery.onHeaders(headers);
        }
    }

    @Override
    void onMessage(Attempt<R> attempt, R message) {
        if (committed != attempt) {
            return;
        }
        if (!method().type().hasOneResponse()) {
            delivery.onMessage(message);
        } else if (heldResponse == null) {
            heldResponse = message;
        } else {
            attempt.abort(Status.of(StatusCode.INTERNAL, "more than one message in the response to " + method()));
        }
    }

    @Override
    void onWritable(Attempt<R> attempt) {
        Attempt<R> only = committed;
        if (only == null || only == attempt) {
            refusedToSend = false;
            delivery.onWritable();
        }
    }

    @Override
    void onEnd(Attempt<R> attempt, Status status, Metadata trailers, @Nullable StreamFailure failure) {
        List<Attempt<R>> losers;
        Status end;
        boolean again;
        boolean next = false;
        lock.lock();
        try {
            live = without(attempt);
            if (ended || (committed != null && committed != attempt)) {
                return;
            }
            keepReport(attempt, status, failure);
            boolean open = committed == null && !status.isOk() && cancelStatus == null && !dispatcher().isKilled();
            again = open && maySendAgain(attempt);
            end = again ? null : status;
            if (!again && open && attempt.outcome() != Outcome.FINAL) {
                long delayNs = strategy.afterFailure(attempt.outcome(), status.code(), trailers, live.size());
                next = delayNs == 0 && strategy.tryStart();
                boolean waits = next || delayNs > 0 || ((delayNs == 0 || delayNs == AttemptStrategy.WAIT) && !live.isEmpty());
                if (waits) {
                    lastStatus = status;
                    lastTrailers = trailers;
                    plan(next ? AttemptStrategy.WAIT : delayNs);
                    // Set if there is no timer.
                    end = cancelStatus;
                }
            } else if (cancelStatus != null && !status.isOk()) {
                // Of several attempts the last one to end ends the call.
                boolean last = committed != null || live.isEmpty();
                end = !last ? null : status.code() == StatusCode.CANCELLED ? cancelStatus : status;
            }
            losers = end == null ? List.of() : live;
        } finally {
            lock.unlock();
        }
        losers.forEach(Attempt::cancel);
        if (again) {
            startAgain(attempt);
        } else if (next) {
            startPlanned();
        } else if (end != null) {
            endUnlessEnded(end, trailers);
        }
    }

    /** RT-7, RT-8: nobody has seen the request. Under the lock. */
    private boolean maySendAgain(Attempt<R> attempt) {
        if (attempt.outcome() == Outcome.UNPROCESSED) {
            return ++unprocessedAttempts < UnaryCall.MAX_UNPROCESSED;
        }
        if (attempt.outcome() != Outcome.REFUSED || refusedBefore || attempt.previousAttempts() > 0) {
            return false;
        }
        refusedBefore = true;
        return true;
    }

    // ---- The end ---------------------------------------------------------------------------------------------

    private void endUnlessEnded(Status status, Metadata trailers) {
        lock.lock();
        try {
            if (ended) {
                return;
            }
            ended = true;
            replay.release();
            dropPlan();
        } finally {
            lock.unlock();
        }
        deliverEnd(status, trailers);
    }

    private void deliverEnd(Status status, Metadata trailers) {
        R held = heldResponse;
        if (!status.isOk()) {
            delivery.onFailure(failure(unlessKilled(status), trailers, false));
        } else if (held == null && method().type().hasOneResponse()) {
            String message = "no message in the response to " + method() + ", which ended with OK";
            delivery.onFailure(failure(Status.of(StatusCode.INTERNAL, message), trailers, false));
        } else {
            dispatcher().throttle().onSuccess();
            if (held != null) {
                delivery.onMessage(held);
            }
            delivery.onComplete(trailers);
        }
    }
}
