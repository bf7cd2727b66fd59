package io.peregrine.client.internal.chain;

import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * What stands before an interceptor, or before the connection, in one call: whoever is before it sees a call that keeps
 * the rules, whatever the interceptor does (HOSTILE.md P12). It is told one event at a time, one end, and nothing
 * behind it; a cancel always leads to an end.
 *
 * <p>An interceptor may hold a call's end back, or make calls of its own with {@code next}. So a cancel goes to what
 * the interceptor returned and to the call that it made last; once that has ended, and the interceptor has not told an
 * end, the link does.
 *
 * <p>A cancel writes {@link #verdict} and then looks at {@link #behind}; who makes a call writes {@link #behind} and
 * then looks at the verdict, and who ends one writes {@link #over} and then looks at it. So one of them sees the other.
 */
abstract class ChainLink {
    static final Status CANCELLED = Status.of(StatusCode.CANCELLED, "cancelled");

    private static final System.Logger LOG = System.getLogger(ChainLink.class.getName());
    private static final VarHandle TURNS = handle("turns", int.class);
    private static final VarHandle WAITING = handle("waiting", Queue.class);
    private static final VarHandle VERDICT = handle("verdict", Status.class);
    private static final VarHandle ENDING = handle("ending", boolean.class);

    private final @Nullable ChainLink before;
    private final MethodDescriptor<?, ?> method;
    private final @Nullable Executor executor;

    /** Events under way and waiting; who raises it from 0 has the turn. */
    @SuppressWarnings("unused") // accessed through TURNS
    private volatile int turns;

    /** Made when an event comes during another one's turn. */
    private volatile @Nullable Queue<Runnable> waiting;

    /** Written in a turn. */
    private volatile boolean over;

    /** Why this side ends the call; written once. */
    private volatile @Nullable Status verdict;

    /** Whether this side's end is on its way, perhaps through an executor; nothing from behind comes before it. */
    @SuppressWarnings("unused") // accessed through ENDING
    private volatile boolean ending;

    /** The call that the interceptor made last. */
    private volatile @Nullable ChainLink behind;

    /**
     * A link of a call that has not started.
     *
     * @param before the link of the interceptor that makes the call; null if the application does
     * @param executor where an end that this side makes is told; null for any thread
     */
    ChainLink(@Nullable ChainLink before, MethodDescriptor<?, ?> method, @Nullable Executor executor) {
        this.before = before;
        this.method = method;
        this.executor = executor;
    }

    /** Who is behind this link, for people. */
    abstract String name();

    /** Tells the failure to the callback before this link; in a turn. */
    abstract void tellFailure(StatusException failure);

    /** Cancels what the interceptor returned, if it has; may throw what the interceptor's code throws. */
    abstract void cancelOwn(Status status);

    /** Whether the call went to the connection, which ends each of its calls. */
    abstract boolean isConnected();

    final MethodDescriptor<?, ?> method() {
        return method;
    }

    /** Whether nothing that comes from behind is told any more. */
    final boolean isOver() {
        return over || ending;
    }

    /** Why the call is to end, null if it is not. */
    final @Nullable Status verdict() {
        return verdict;
    }

    // ---- Making calls ----------------------------------------------------------------------------------------

    /** Notes the call that the interceptor makes; false if it is over already, and must not start. */
    final boolean begin(ChainLink made) {
        behind = made;
        Status ruling = verdict;
        if (ruling != null) {
            made.cancel(ruling);
        }
        return !made.isOver();
    }

    // ---- Ending calls ----------------------------------------------------------------------------------------

    /** Ends the call with {@code status}, unless it ends by itself. Any thread, any number of times. */
    final void cancel(Status status) {
        if (over || !VERDICT.compareAndSet(this, null, status)) {
            return;
        }
        cancelBehind(status);
        ChainLink made = behind;
        if (!isConnected() && (made == null || made.over)) {
            endHere(new StatusException(status));
        }
    }

    /** The interceptor broke its word: the call ends with UNKNOWN, and what the interceptor made of it is cancelled. */
    final void fail(String what, Throwable thrown) {
        if (isOver()) {
            LOG.log(System.Logger.Level.WARNING, what + " of " + method + " behind the call's end", thrown);
            return;
        }
        VERDICT.compareAndSet(this, null, CANCELLED);
        endHere(new StatusException(new Status(StatusCode.UNKNOWN, what + ": " + thrown, thrown)));
        cancelBehind(CANCELLED);
    }

    private void cancelBehind(Status status) {
        cancelReturned(status);
        ChainLink made = behind;
        if (made != null) {
            made.cancel(status);
        }
    }

    /** As {@link #cancelOwn}; throws nothing. */
    final void cancelReturned(Status status) {
        try {
            cancelOwn(status);
        } catch (RuntimeException | Error thrown) {
            LOG.log(System.Logger.Level.WARNING, "cancel of " + method + " by " + name() + " threw", thrown);
        }
    }

    /** What the interceptor made of a cancelled call has ended; if it keeps that to itself, this link tells it. */
    private void onBehindOver(@Nullable StatusException failure) {
        Status ruling = verdict;
        if (ruling != null) {
            endHere(failure == null ? new StatusException(ruling) : failure);
        }
    }

    /** Ends the call on this side's account, unless it has ended. */
    private void endHere(StatusException failure) {
        if (over || !ENDING.compareAndSet(this, false, true)) {
            return;
        }
        Executor chosen = executor;
        if (chosen == null) {
            enqueue(() -> endWith(failure));
            return;
        }
        try {
            chosen.execute(() -> enqueue(() -> endWith(failure)));
        } catch (RuntimeException | Error rejected) {
            // HOSTILE.md P14: the call still ends, on this thread.
            LOG.log(System.Logger.Level.WARNING, "the executor of " + method + " threw", rejected);
            enqueue(() -> endWith(failure));
        }
    }

    private void endWith(StatusException failure) {
        if (!over) {
            over = true;
            tellFailure(failure);
            afterEnd(failure);
        }
    }

    /** Whether an end that came from behind is the first one. In a turn. */
    final boolean takeEnd() {
        if (isOver()) {
            if (verdict == null) {
                LOG.log(System.Logger.Level.WARNING, name() + " told the end of " + method + " twice");
            }
            return false;
        }
        over = true;
        return true;
    }

    /** The callback was told the end: {@code failure}, or success. In the same turn. */
    final void afterEnd(@Nullable StatusException failure) {
        if (before != null) {
            before.onBehindOver(failure);
        }
    }

    /** The callback before this link threw: an interceptor's fault if it is one's. True if so. */
    final boolean blameCallback(String what, Throwable thrown) {
        if (before == null) {
            return false;
        }
        before.fail(what + " of " + before.name() + " threw", thrown);
        return true;
    }

    // ---- Turns -----------------------------------------------------------------------------------------------

    /** Takes the turn if nobody has it: then {@link #endTurn} must follow. */
    final boolean tryTurn() {
        return TURNS.compareAndSet(this, 0, 1);
    }

    final void endTurn() {
        if ((int) TURNS.getAndAdd(this, -1) > 1) {
            runWaiting();
        }
    }

    /** Runs the event when its turn has come: now, or at the end of the turn that somebody has. */
    final void enqueue(Runnable event) {
        waiting().add(event);
        if ((int) TURNS.getAndAdd(this, 1) == 0) {
            runWaiting();
        }
    }

    private void runWaiting() {
        Queue<Runnable> events = waiting();
        do {
            Runnable event = events.poll();
            // Each was added before it was counted, and only who has the turn polls.
            assert event != null;
            event.run();
        } while ((int) TURNS.getAndAdd(this, -1) > 1);
    }

    private Queue<Runnable> waiting() {
        Queue<Runnable> known = waiting;
        if (known != null) {
            return known;
        }
        Queue<Runnable> made = new ConcurrentLinkedQueue<>();
        @SuppressWarnings("unchecked") // nothing else is written
        Queue<Runnable> other = (Queue<Runnable>) WAITING.compareAndExchange(this, null, made);
        return other == null ? made : other;
    }

    private static VarHandle handle(String field, Class<?> type) {
        try {
            return MethodHandles.lookup().findVarHandle(ChainLink.class, field, type);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }
}
