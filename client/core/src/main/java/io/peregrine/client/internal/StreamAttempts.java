package io.peregrine.client.internal;

import io.netty.buffer.ByteBuf;
import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.config.HedgingPolicy;
import io.peregrine.client.config.RetryPolicy;
import io.peregrine.client.internal.retry.AttemptStrategy;
import io.peregrine.client.internal.retry.NoStrategy;
import io.peregrine.client.internal.retry.Outcome;
import io.peregrine.client.internal.retry.ReplayBuffer;
import io.peregrine.client.internal.retry.RetryStrategy;
import io.peregrine.transport.http2.MessagePipe;
import io.peregrine.transport.http2.StreamFailure;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The attempts of one {@link StreamCall}: one after another or several side by side, until the call is committed to
 * one of them (SPEC 2.14, RT-3).
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
 * <p>While UNCOMMITTED, what the application sends is kept in a {@link ReplayBuffer} and handed to each attempt, and
 * the state is guarded by a lock, under which nobody is called back. Once COMMITTED there is one attempt and nothing to
 * replay: messages go straight into its pipe, without the lock, and all that arrives comes from one event loop. A call
 * that has neither a retry nor a hedging policy differs only in that it makes no second attempt after one that a
 * server may have seen (RT-7, RT-8).
 *
 * <p>The call ends once: whoever sets {@link #ended}, under the lock, delivers the end.
 *
 * @param <R> the response messages
 */
final class StreamAttempts<R> {
    private final StreamCall<?, R> call;
    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by the lock.
    private final ReplayBuffer replay;
    private AttemptStrategy strategy;
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

    /** Of the sending thread, but read where an attempt begins. */
    private volatile boolean corked;

    StreamAttempts(StreamCall<?, R> call) {
        this.call = call;
        this.replay = call.dispatcher().newReplayBuffer();
        this.strategy = newStrategy();
    }

    private AttemptStrategy newStrategy() {
        HedgingPolicy hedging = call.hedgingPolicy();
        if (hedging != null) {
            return call.dispatcher().hedgesUnder(hedging, call.method());
        }
        RetryPolicy retry = call.retryPolicy();
        return retry == null
                ? NoStrategy.INSTANCE
                : new RetryStrategy(call.dispatcher().retriesUnder(retry));
    }

    // ---- The application's side ------------------------------------------------------------------------------

    void start() {
        startPlanned();
    }

    /** Starts with the only request, which is this object's from now on. */
    void startWith(ByteBuf framed) {
        Attempt<R> first;
        lock.lock();
        try {
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

    boolean hasEnded() {
        return ended;
    }

    boolean isCommitted() {
        return committed != null;
    }

    boolean isCommittedTo(Attempt<R> attempt) {
        return committed == attempt;
    }

    /** Whether the attempt is, or may become, the call. */
    boolean isCandidate(Attempt<R> attempt) {
        Attempt<R> only = committed;
        return only == null || only == attempt;
    }

    /** Adds the servers of the attempts under way, but for one of them. */
    void addPeers(Set<SocketAddress> peers, Attempt<R> except) {
        for (Attempt<R> attempt : live) {
            SocketAddress peer = attempt == except ? null : attempt.peer();
            if (peer != null) {
                peers.add(peer);
            }
        }
    }

    /** HG-10: one attempt that can take more is enough. */
    boolean isWritable() {
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

    /** Takes the message, or releases it and returns false. */
    boolean send(ByteBuf framed) {
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
            end(lost, Metadata.EMPTY);
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

    void closeSend() {
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

    void request(int messages) {
        Attempt<R> only = committed;
        if (only != null) {
            only.messages().request(messages);
            only.signal();
            return;
        }
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

    void cork() {
        corked = true;
    }

    void flush() {
        corked = false;
        signalUnlessCorked(live);
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

    /** Ends the call with {@code status}, unless it ends by itself first. Any thread. */
    void cancel(Status status) {
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
            end(status, Metadata.EMPTY);
        }
        told.forEach(Attempt::cancel);
    }

    // ---- Starting attempts -----------------------------------------------------------------------------------

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
        Status refusal = null;
        lock.lock();
        try {
            if (ended || committed != null || cancelStatus != null) {
                return;
            }
            if (!call.takeConfigIfDue()) {
                next = newAttempt(unseen.previousAttempts(), null);
            } else {
                refusal = call.refusal();
                strategy = newStrategy();
                next = refusal == null ? newAttempt(strategy.previousAttempts(), null) : unseen;
                plan(refusal == null ? strategy.afterStart() : AttemptStrategy.WAIT);
            }
        } finally {
            lock.unlock();
        }
        if (refusal == null) {
            begin(next);
        } else {
            end(refusal, Metadata.EMPTY);
        }
    }

    /** Room is told before the attempt can call back, since only one thread may at a time. */
    private void begin(Attempt<R> next) {
        call.announceRoom();
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
        if (call.method().type().hasOneResponse()) {
            pipe.request(Integer.MAX_VALUE);
        } else if (requested > 0) {
            pipe.request(requested);
        }
        Attempt<R> next = new Attempt<>(call, call.headers(), pipe, previousAttempts);
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
        long leftNs = call.timeLeftNs();
        boolean late = leftNs <= delayNs;
        if (late && !live.isEmpty()) {
            // Their own deadlines come first.
            return;
        }
        int number = plans;
        Runnable task = late ? () -> onDeadlineBetweenAttempts(number) : () -> onPlanDue(number);
        long untilNs = Math.max(0, Math.min(delayNs, leftNs));
        try {
            plan = call.dispatcher().timer().schedule(task, untilNs, TimeUnit.NANOSECONDS);
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
            end(last, lastTrailers);
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
        end(Call.deadlineExceededBetweenAttempts(), Metadata.EMPTY);
    }

    // ---- From the attempts -----------------------------------------------------------------------------------

    /** The response of an attempt began: the call is committed to it, unless it is to another; true if so. */
    boolean onResponse(Attempt<R> attempt) {
        List<Attempt<R>> losers = List.of();
        lock.lock();
        try {
            if (committed == null && !ended) {
                losers = commit(attempt);
            }
        } finally {
            lock.unlock();
        }
        losers.forEach(Attempt::cancel);
        if (committed != attempt) {
            return false;
        }
        strategy.onResponse(attempt.elapsedNs());
        return true;
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

    /** What follows the end of an attempt. */
    private enum Next {
        /** Other attempts, or one that is planned. */
        WAIT,
        /** One in its place. */
        SAME_AGAIN,
        /** One more. */
        ONE_MORE,
        /** The end of the call. */
        END
    }

    void onEnd(Attempt<R> attempt, Status status, Metadata trailers, @Nullable StreamFailure failure) {
        Next next;
        Status end;
        List<Attempt<R>> losers;
        lock.lock();
        try {
            live = without(attempt);
            if (ended || !isCandidate(attempt)) {
                return;
            }
            call.keepReport(attempt, status, failure);
            next = nextAfter(attempt, status, trailers);
            Status cancelled = cancelStatus;
            end = cancelled != null && status.code() == StatusCode.CANCELLED ? cancelled : status;
            losers = next == Next.END ? live : List.of();
        } finally {
            lock.unlock();
        }
        losers.forEach(Attempt::cancel);
        switch (next) {
            case SAME_AGAIN -> startAgain(attempt);
            case ONE_MORE -> startPlanned();
            case END -> end(end, trailers);
            case WAIT -> {}
            default -> throw new AssertionError(next);
        }
    }

    /** Under the lock. */
    private Next nextAfter(Attempt<R> attempt, Status status, Metadata trailers) {
        if (committed != null || status.isOk()) {
            return Next.END;
        }
        if (cancelStatus != null) {
            // The last one ends the call.
            return live.isEmpty() ? Next.END : Next.WAIT;
        }
        if (call.dispatcher().isKilled() || attempt.outcome() == Outcome.FINAL) {
            return Next.END;
        }
        if (maySendAgain(attempt)) {
            return Next.SAME_AGAIN;
        }
        long delayNs = strategy.afterFailure(attempt.outcome(), status.code(), trailers, live.size());
        if (delayNs == AttemptStrategy.DELIVER) {
            return Next.END;
        }
        if (delayNs == 0) {
            return strategy.tryStart() ? Next.ONE_MORE : live.isEmpty() ? Next.END : Next.WAIT;
        }
        lastStatus = status;
        lastTrailers = trailers;
        plan(delayNs);
        // Set if there is no timer.
        return cancelStatus == null ? Next.WAIT : Next.END;
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

    /** Ends the call, unless it has ended. */
    void end(Status status, Metadata trailers) {
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
        call.deliverEnd(status, trailers);
    }
}
