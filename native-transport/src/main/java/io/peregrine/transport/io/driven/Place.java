package io.peregrine.transport.io.driven;

import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A thread's place in the line for the baton of one loop. The thread enters and leaves when it likes; whoever holds
 * the baton links and unlinks the place, when it runs as a task of the loop.
 *
 * <pre>
 *          enter                 grant
 *   OUT ──────────▶ WAITING ──────────────▶ GRANTED
 *    ▲                 │ leave, dismiss        │ leave
 *    └─────────────────┴───────────────────────┘
 * </pre>
 *
 * <p>A grant and a leave meet in one compare-and-set: either the thread has left, or the baton is on its way to it.
 */
final class Place implements Runnable {
    private static final int OUT = 0;
    private static final int WAITING = 1;
    private static final int GRANTED = 2;

    private final AtomicInteger state = new AtomicInteger(OUT);
    private final Thread caller;
    private final CallerDrivenEventLoop loop;

    // Of who holds the baton.
    boolean linked;

    @Nullable
    Place previous;

    @Nullable
    Place next;

    Place(Thread caller, CallerDrivenEventLoop loop) {
        this.caller = caller;
        this.loop = loop;
    }

    Thread caller() {
        return caller;
    }

    CallerDrivenEventLoop loop() {
        return loop;
    }

    boolean isWaiting() {
        return state.get() == WAITING;
    }

    // ---- The thread whose place it is ------------------------------------------------------------------------

    /** Begins to wait; the place is still to be handed to the loop. */
    void enter() {
        assert state.get() == OUT : "state: " + state + " (expected: OUT)";
        state.set(WAITING);
    }

    /** Stops waiting; false if the baton was granted, and comes to the calling thread. */
    boolean leave() {
        if (state.compareAndSet(WAITING, OUT)) {
            // The loop may have linked it.
            loop.unline(this);
            return true;
        }
        return state.getAndSet(OUT) != GRANTED;
    }

    // ---- Who holds the baton ---------------------------------------------------------------------------------

    /** Brings the line up to what the thread wants. Any number of times: a place may be on its way twice. */
    @Override
    public void run() {
        assert loop.inEventLoop();
        if (isWaiting()) {
            loop.line().add(this);
        } else {
            loop.line().remove(this);
        }
    }

    /** Whether the thread still waits, and is to be given the baton now. */
    boolean tryGrant() {
        assert loop.inEventLoop();
        return state.compareAndSet(WAITING, GRANTED);
    }

    /** What the thread waited for is there: it need not have the baton. */
    void dismiss() {
        assert loop.inEventLoop();
        state.compareAndSet(WAITING, OUT);
        loop.line().remove(this);
    }
}
