package io.peregrine.client.internal;

import io.netty.buffer.ByteBuf;
import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.config.HedgingPolicy;
import io.peregrine.client.config.RetryPolicy;
import io.peregrine.client.internal.control.PickerSnapshot;
import io.peregrine.client.internal.retry.AttemptStrategy;
import io.peregrine.client.internal.retry.NoStrategy;
import io.peregrine.client.internal.retry.Outcome;
import io.peregrine.client.internal.retry.ReplayBuffer;
import io.peregrine.client.internal.retry.RetryStrategy;
import io.peregrine.client.internal.retry.TransparentRetries;
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
 * <p>What happens next is decided under the lock, as an {@link AttemptStep}, and done after it. So each attempt is counted when
 * it is decided on, and of an attempt that is not {@link #live} any more nothing is heard. The call ends once: whoever
 * sets {@link #ended}, under the lock, delivers the end.
 *
 * @param <R> the response messages
 */
final class StreamAttempts<R> implements PickerSnapshot.Waiter {
    private final StreamCall<?, R> call;
    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by the lock.
    private final ReplayBuffer replay;
    private final TransparentRetries transparent = new TransparentRetries();
    private AttemptStrategy strategy = NoStrategy.INSTANCE;
    private int requested;
    private boolean begun;
    private @Nullable Status cancelStatus;

    /** A message over the limit that came between two attempts: the next one is the last, and sends it (RT-4). */
    private @Nullable ByteBuf overflow;

    /** The end of the last attempt, while another one is planned and none is under way. */
    private Status lastStatus = Status.OK;

    private Metadata lastTrailers = Metadata.EMPTY;

    private @Nullable ScheduledFuture<?> plan;
    private boolean pausing;

    /** Counts the plans, so that a timer whose plan was replaced knows. */
    private int plans;

    /** The attempts under way; replaced as a whole under the lock, read without. */
    private volatile List<Attempt<R>> live = List.of();

    /** One that its connection is about to give back: the call does not commit to it. Written under the lock. */
    private volatile @Nullable Attempt<R> leaving;

    /** Written once, under the lock; what was sent before is in its pipe by then. */
    private volatile @Nullable Attempt<R> committed;

    /** Written once, under the lock. */
    private volatile boolean ended;

    /** Of the sending thread, but read where an attempt begins. */
    private volatile boolean corked;

    StreamAttempts(StreamCall<?, R> call) {
        this.call = call;
        this.replay = call.dispatcher().newReplayBuffer();
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
        AttemptStep<R> step;
        lock.lock();
        try {
            strategy = newStrategy();
            step = ended ? AttemptStep.nothing() : startNext();
        } finally {
            lock.unlock();
        }
        take(step);
    }

    /** Starts with the only request, which is this object's from now on. */
    void startWith(ByteBuf framed) {
        AttemptStep<R> step;
        lock.lock();
        try {
            strategy = newStrategy();
            if (ended) {
                framed.release();
                return;
            }
            if (replay.tryAdd(framed)) {
                framed.release();
            } else {
                overflow = framed;
            }
            replay.halfClose();
            step = startNext();
        } finally {
            lock.unlock();
        }
        take(step);
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
    boolean isLive(Attempt<R> attempt) {
        List<Attempt<R>> current = live;
        for (int i = 0; i < current.size(); i++) {
            if (current.get(i) == attempt) {
                return true;
            }
        }
        return false;
    }

    /** The attempts under way. Any thread. */
    List<Attempt<R>> live() {
        return live;
    }

    /** HG-10: one attempt that can take more is enough. */
    boolean isWritable() {
        Attempt<R> only = committed;
        if (only != null) {
            return only.isWritable();
        }
        List<Attempt<R>> current = live;
        for (int i = 0; i < current.size(); i++) {
            Attempt<R> attempt = current.get(i);
            if (attempt != leaving && attempt.isWritable()) {
                return true;
            }
        }
        return ended;
    }

    /** Takes the message, and the end of the requests with the last one; or releases it and returns false. */
    boolean send(ByteBuf framed, boolean last) {
        Attempt<R> only = committed;
        if (only == null) {
            return sendUncommitted(framed, last);
        }
        if (last) {
            only.messages().offerHeld(framed, true);
        } else if (!only.messages().offer(framed)) {
            // Another thread sends too, against the rule, and filled it meanwhile.
            framed.release();
            return false;
        }
        signalUnlessCorked(only);
        return true;
    }

    /** Hands the message to each attempt under way and keeps it for later ones; commits if it cannot be kept (RT-4). */
    private boolean sendUncommitted(ByteBuf framed, boolean last) {
        List<Attempt<R>> told;
        List<Attempt<R>> losers = List.of();
        lock.lock();
        try {
            if (committed == null && !ended && !replay.tryAdd(framed, last)) {
                Attempt<R> best = mostAdvanced();
                if (best != null) {
                    losers = commit(best);
                } else if (overflow == null) {
                    overflow = framed;
                    return true;
                } else {
                    // Another thread sends too, against the rule.
                    framed.release();
                    return false;
                }
            }
            told = live;
            told.forEach(attempt -> attempt.messages().offerHeld(framed.retainedDuplicate(), last));
        } finally {
            lock.unlock();
        }
        framed.release();
        losers.forEach(Attempt::cancel);
        signalUnlessCorked(told);
        return true;
    }

    /** HG-12: the attempt that has sent the most, which has the least left to send; null if none stays. */
    private @Nullable Attempt<R> mostAdvanced() {
        Attempt<R> best = null;
        for (Attempt<R> attempt : live) {
            boolean better = best == null
                    || attempt.messages().queuedBytes() < best.messages().queuedBytes();
            if (better && attempt != leaving) {
                best = attempt;
            }
        }
        return best;
    }

    /** Whether the attempt, which waits for a slot, may end as unprocessed: the next one then sends the same. */
    boolean tryLeave(Attempt<R> attempt) {
        lock.lock();
        try {
            if (ended || committed != null || leaving != null || !isLive(attempt)) {
                return false;
            }
            leaving = attempt;
            return true;
        } finally {
            lock.unlock();
        }
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
        AttemptStep<R> step;
        lock.lock();
        try {
            if (ended) {
                return;
            }
            if (cancelStatus == null) {
                cancelStatus = status;
            }
            // The last attempt ends the call.
            step = live.isEmpty() ? finish(status, Metadata.EMPTY) : AttemptStep.cancel(live);
        } finally {
            lock.unlock();
        }
        take(step);
    }

    // ---- Steps -----------------------------------------------------------------------------------------------

    /** Not under the lock. */
    private void take(AttemptStep<R> step) {
        step.losers().forEach(Attempt::cancel);
        Attempt<R> next = step.next();
        Status end = step.end();
        if (next != null) {
            // Room is told before the attempt can call back, since only one thread may at a time.
            call.announceRoom();
            next.begin();
        } else if (end != null) {
            call.deliverEnd(end, step.trailers());
        }
    }

    /** The call has ended; not if it had before. Under the lock. */
    private AttemptStep<R> finish(Status status, Metadata trailers) {
        if (ended) {
            return AttemptStep.nothing();
        }
        List<Attempt<R>> losers = live;
        ended = true;
        live = List.of();
        replay.release();
        dropPlan();
        ByteBuf unsent = overflow;
        if (unsent != null) {
            overflow = null;
            unsent.release();
        }
        return new AttemptStep<>(null, status, trailers, losers);
    }

    /** One more attempt, as the strategy wants it. Under the lock. */
    private AttemptStep<R> startNext() {
        Attempt<R> next = newAttempt(strategy.previousAttempts());
        if (committed == null) {
            plan(strategy.afterStart());
        }
        return AttemptStep.begin(next);
    }

    /** An attempt in place of one that nobody has seen. Under the lock. */
    private AttemptStep<R> startAgain(Attempt<R> unseen) {
        if (!call.takeConfigIfDue()) {
            return AttemptStep.begin(newAttempt(unseen.previousAttempts()));
        }
        // What else waits for the channel's config goes by the preliminary one.
        List<Attempt<R>> outdated = live;
        live = List.of();
        dropPlan();
        Status refusal = call.refusal();
        if (refusal != null) {
            finish(refusal, Metadata.EMPTY);
            return new AttemptStep<>(null, refusal, Metadata.EMPTY, outdated);
        }
        strategy = newStrategy();
        return new AttemptStep<>(startNext().next(), null, Metadata.EMPTY, outdated);
    }

    /** An attempt that has all that was sent before. Under the lock. */
    private Attempt<R> newAttempt(int previousAttempts) {
        ByteBuf unkept = overflow;
        overflow = null;
        MessagePipe pipe = replay.newPipe(unkept);
        int asked = call.method().type().hasOneResponse() ? Integer.MAX_VALUE : requested;
        if (asked > 0) {
            pipe.request(asked);
        }
        Attempt<R> next = new Attempt<>(call, call.headers(), pipe, previousAttempts);
        if (begun) {
            next.beginLate();
        }
        begun = true;
        List<Attempt<R>> more = new ArrayList<>(live);
        more.add(next);
        live = List.copyOf(more);
        if (unkept != null) {
            commit(next);
        }
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
        long untilNs = Math.max(0, Math.min(delayNs, leftNs));
        try {
            plan = call.dispatcher().timer().schedule(() -> onPlanDue(number, late), untilNs, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException timerIsGone) {
            cancelStatus = new Status(StatusCode.UNAVAILABLE, "the event loop is shut down", timerIsGone);
        }
        if (live.isEmpty()) {
            pausing = true;
            call.dispatcher().pickers().pause(this);
            if (call.dispatcher().isKilled()) {
                cancelStatus = Call.killedBetweenAttempts();
            }
        }
    }

    private void dropPlan() {
        plans++;
        ScheduledFuture<?> dropped = plan;
        if (dropped != null) {
            plan = null;
            dropped.cancel(false);
        }
        if (pausing) {
            pausing = false;
            call.dispatcher().pickers().resume(this);
        }
    }

    private void onPlanDue(int number, boolean late) {
        AttemptStep<R> step;
        lock.lock();
        try {
            if (number != plans || cancelStatus != null) {
                return;
            }
            dropPlan();
            if (late) {
                step = finish(Call.deadlineExceededBetweenAttempts(), Metadata.EMPTY);
            } else if (strategy.tryStart()) {
                step = startNext();
            } else {
                step = live.isEmpty() ? finish(lastStatus, lastTrailers) : AttemptStep.nothing();
            }
        } finally {
            lock.unlock();
        }
        take(step);
    }

    /** The channel was shut down. */
    @Override
    public void onNewPicker() {
        AttemptStep<R> step;
        lock.lock();
        try {
            step = live.isEmpty() ? finish(Call.killedBetweenAttempts(), Metadata.EMPTY) : AttemptStep.nothing();
        } finally {
            lock.unlock();
        }
        take(step);
    }

    /** The response of an attempt began: the call is committed to it, unless it is to another; true if so. */
    boolean onResponse(Attempt<R> attempt) {
        List<Attempt<R>> losers = List.of();
        lock.lock();
        try {
            if (!isLive(attempt)) {
                return false;
            }
            if (committed == null) {
                losers = commit(attempt);
            }
        } finally {
            lock.unlock();
        }
        losers.forEach(Attempt::cancel);
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

    void onEnd(Attempt<R> attempt, Status status, Metadata trailers, @Nullable StreamFailure failure) {
        AttemptStep<R> step;
        lock.lock();
        try {
            if (!isLive(attempt)) {
                return;
            }
            live = without(attempt);
            if (leaving == attempt) {
                leaving = null;
            }
            call.keepReport(attempt, status, failure);
            step = stepAfter(attempt, status, trailers);
        } finally {
            lock.unlock();
        }
        take(step);
    }

    /** Under the lock. */
    private AttemptStep<R> stepAfter(Attempt<R> attempt, Status status, Metadata trailers) {
        Status cancelled = cancelStatus;
        boolean decided = committed != null || status.isOk();
        if (cancelled != null && !decided && !live.isEmpty()) {
            // The last one ends the call.
            return AttemptStep.nothing();
        }
        // What this side refuses to a hedge is no word on the attempts beside it (HG-9); the deadline is theirs too.
        boolean mine = live.isEmpty() || status.code() == StatusCode.DEADLINE_EXCEEDED;
        boolean last = (attempt.outcome() == Outcome.FINAL && mine)
                || call.dispatcher().isKilled();
        if (cancelled != null || decided || last) {
            // A cancel comes back without the application's reason, or finds an attempt that had not begun.
            boolean byCancel =
                    status.code() == StatusCode.CANCELLED || attempt.outcome().givesWayToCancel();
            return finish(cancelled != null && byCancel ? attempt.whileWaiting(cancelled) : status, trailers);
        }
        if (transparent.mayRepeat(attempt.outcome())) {
            return startAgain(attempt);
        }
        return transparent.isStopped() ? finish(status, trailers) : stepOfStrategy(attempt, status, trailers);
    }

    /** Under the lock. */
    private AttemptStep<R> stepOfStrategy(Attempt<R> attempt, Status status, Metadata trailers) {
        long delayNs = strategy.afterFailure(attempt.outcome(), status.code(), trailers, live.size());
        if (ended) {
            // The backoff is the application's, and may have cancelled its own call.
            return AttemptStep.nothing();
        }
        if (delayNs == 0 && strategy.tryStart()) {
            return startNext();
        }
        if (delayNs == AttemptStrategy.DELIVER || (delayNs == 0 && live.isEmpty())) {
            return finish(status, trailers);
        }
        if (delayNs > 0) {
            lastStatus = status;
            lastTrailers = trailers;
            plan(delayNs);
        }
        // Set if there is no timer, or no channel any more.
        Status gone = cancelStatus;
        return gone != null && live.isEmpty() ? finish(gone, Metadata.EMPTY) : AttemptStep.nothing();
    }

    /** Ends the call, unless it has ended. */
    void end(Status status, Metadata trailers) {
        AttemptStep<R> step;
        lock.lock();
        try {
            step = finish(status, trailers);
        } finally {
            lock.unlock();
        }
        take(step);
    }
}
