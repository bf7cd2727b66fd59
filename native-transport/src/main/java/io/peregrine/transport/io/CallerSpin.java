package io.peregrine.transport.io;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Whether a thread that is about to park spins first. It does so where that has paid for the threads before it, on this
 * connection or channel, and while no more threads of the process wait than half of its processors: the other half is
 * for the loops, the servers and whatever else brings about what is waited for. On two processors or fewer none spins.
 *
 * <pre>{@code
 * boolean spins = spin.enter();
 * try {
 *     if (spins) {
 *         spin.outcome(spinFor(spin.limitNs()));
 *     }
 *     parkUntilDone();
 * } finally {
 *     spin.leave();
 * }
 * }</pre>
 *
 * <p>Any thread. Nothing is allocated.
 */
public final class CallerSpin {
    /** About what parking and being woken cost: who spins in vain for as long pays twice the least that was possible. */
    private static final long LIMIT_NS = 20_000;

    private static final int MIN_PROCESSORS = 3;

    /** How many threads of the process wait, spinning or parked. */
    private static final AtomicInteger WAITING = new AtomicInteger();

    private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

    private final AtomicInteger waiting;
    private final int seats;
    private final AdaptiveSpin spin;

    /** A spin that has not been tried, for the threads of this process. */
    public CallerSpin() {
        this(WAITING, PROCESSORS);
    }

    CallerSpin(AtomicInteger waiting, int processors) {
        this.waiting = waiting;
        this.seats = processors < MIN_PROCESSORS ? 0 : processors / 2;
        this.spin = new AdaptiveSpin(seats == 0 ? 0 : LIMIT_NS);
    }

    /** The current thread begins to wait; true if it is to spin first, and then to tell the {@link #outcome}. */
    public boolean enter() {
        if (seats == 0) {
            return false;
        }
        return waiting.incrementAndGet() <= seats && spin.begin();
    }

    /** How long a spin may take, in nanoseconds. */
    public long limitNs() {
        return spin.limitNs();
    }

    /** A spin is over; {@code paid}: the wait is over too. */
    public void outcome(boolean paid) {
        spin.end(paid);
    }

    /** The current thread waits no more. */
    public void leave() {
        if (seats > 0) {
            waiting.decrementAndGet();
        }
    }
}
