package io.peregrine.transport.io.driven;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The right to run one event loop, held by one thread at a time, with all of the loop's state behind it: what a holder
 * wrote, the next one sees.
 *
 * <p>Any thread may try to take it and may ask about it; the other methods are for who holds it.
 */
final class Baton {
    /** Written by the taker's compare-and-set and by the holder; who reads it then looks at what it has offered. */
    private final AtomicReference<BatonState> state = new AtomicReference<>(BatonState.FREE);

    /**
     * Null while the baton is free. A thread that finds itself here wrote it itself, or was passed the baton. Volatile
     * rather than released: a caller writes it and then looks whether its wait is over, and who ends that wait does it
     * the other way round ({@link CallerWait#signal}).
     */
    private volatile @Nullable Thread holder;

    /** Takes the baton for a caller, unless somebody has it. */
    boolean tryTake(Thread caller) {
        return tryMove(BatonState.FREE.take(), caller);
    }

    /** Takes the baton for the guard, unless somebody has it. */
    boolean tryTakeAsGuard(Thread guard) {
        return tryMove(BatonState.FREE.takeAsGuard(), guard);
    }

    private boolean tryMove(BatonState to, Thread taker) {
        // A look first: a compare-and-set that fails costs as much as one that does not.
        if (state.get() != BatonState.FREE || !state.compareAndSet(BatonState.FREE, to)) {
            return false;
        }
        holder = taker;
        return true;
    }

    /** Gives the baton to {@code next}, which the calling thread has to wake. */
    void pass(Thread next) {
        assert isHeldBy(Thread.currentThread());
        state.set(state().pass());
        holder = next;
    }

    /** Lays the baton down. What was offered to the loop before its offerer saw the baton taken is seen after this. */
    void release() {
        assert isHeldBy(Thread.currentThread());
        holder = null;
        state.set(state().release());
    }

    /** Ends the loop; the guard stays its holder, so that nobody else is. */
    void end() {
        assert isHeldBy(Thread.currentThread());
        state.set(state().end());
    }

    private BatonState state() {
        BatonState known = state.get();
        assert known != null;
        return known;
    }

    boolean isHeldBy(Thread thread) {
        return holder == thread;
    }

    boolean isFree() {
        return state.get() == BatonState.FREE;
    }

    boolean isGuarded() {
        return state.get() == BatonState.GUARD;
    }

    boolean isHeldByCaller() {
        return state.get() == BatonState.CALLER;
    }
}
