package io.peregrine.client.internal.chain;

import io.peregrine.client.Cancellable;
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
 *
 * @param <O> what an interceptor returns for the call
 */
abstract class ChainLink<O extends Cancellable> {
    static final Status CANCELLED = Status.of(StatusCode.CANCELLED, "cancelled");

    private static final System.Logger LOG = System.getLogger(ChainLink.class.getName());
    private static final VarHandle TURNS = handle("turns", int.class);
    private static final VarHandle WAITING = handle("waiting", Queue.class);
    private static final VarHandle VERDICT = handle("verdict", Status.class);
    private static final VarHandle ENDING = handle("ending", boolean.class);

    private final InterceptorChain<?> chain;
    private final int position;
    private final @Nullable ChainLink<?> before;
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
    private volatile @Nullable ChainLink<?> behind;

    /** What the interceptor, or the connection, returned; null if it threw instead. */
    private volatile @Nullable O own;

    /**
     * A link of a call that has not started.
     *
     * @param position of the interceptor; that of the connection is behind the last
     * @param before the link of the interceptor that makes the call; null if the application does
     * @param executor where an end that this side makes is told; null for any thread
     */
    ChainLink(
            InterceptorChain<?> chain,
            int position,
            @Nullable ChainLink<?> before,
            MethodDescriptor<?, ?> method,
            @Nullable Executor executor) {
        this.chain = chain;
        this.position = position;
        this.before = before;
        this.method = method;
        this.executor = executor;
    }

    /** Tells the failure to the callback before this link; in a turn. */
    abstract void tellFailure(StatusException failure);

    /** Cancels what the interceptor, or the connection, returned; may throw what the interceptor's code throws. */
    abstract void cancelOwn(O returned, Status status);

    /** Where in the chain it is. */
    final int position() {
        return position;
    }

    /** Whether the connection is behind this link, and no interceptor. */
    final boolean isLast() {
        return position == chain.size();
    }

    /** Who is behind this link, for people. */
    final String name() {
        return chain.name(position);
    }

    /** What {@link #adopt} was given; null before. */
    final @Nullable O own() {
        return own;
    }

    /** Whether the call went to the connection, which ends each of its calls. */
    private boolean isConnected() {
        return isLast() && own != null;
    }

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
    final boolean begin(ChainLink<?> made) {
        behind = made;
        Status ruling = verdict;
        if (ruling != null) {
            made.cancel(ruling);
        }
        return !made.isOver();
    }

    /** What an interceptor returned, who may do what the types exclude; {@code expected} names what it is. */
    static <T> T requireReturned(@Nullable T returned, String expected) {
        if (returned == null) {
            throw new NullPointerException("intercept() returned null (expected: " + expected + ')');
        }
        return returned;
    }

    /** Takes what the interceptor, or the connection, returned, and cancels it if the call is to end already. */
    final void adopt(O returned) {
        own = returned;
        Status ruling = verdict;
        if (ruling != null) {
            cancelReturned(ruling);
        }
    }

    // ---- Ending calls ----------------------------------------------------------------------------------------

    /** Ends the call with {@code status}, unless it ends by itself. Any thread, any number of times. */
    final void cancel(Status status) {
        if (over || !VERDICT.compareAndSet(this, null, status)) {
            return;
        }
        cancelBehind(status);
        ChainLink<?> made = behind;
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
        ChainLink<?> made = behind;
        if (made != null) {
            made.cancel(status);
        }
    }

    private void cancelReturned(Status status) {
        O returned = own;
        if (returned == null) {
            return;
        }
        try {
            cancelOwn(returned, status);
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

    /** A failure comes from behind. */
    public final void onFailure(StatusException failure) {
        if (tryTurn()) {
            tellOnce(failure);
            endTurn();
        } else {
            enqueue(() -> tellOnce(failure));
        }
    }

    /** Tells a failure unless an end was told. In a turn. */
    final void tellOnce(StatusException failure) {
        if (takeEnd()) {
            tellFailure(failure);
            afterEnd(failure);
        }
    }

    /** The callback before this link threw in its last method, or where nothing can be ended for it. */
    final void onEndThrew(String what, Throwable thrown) {
        if (!blameCallback(what, thrown)) {
            LOG.log(System.Logger.Level.WARNING, what + " of " + method + " threw", thrown);
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
