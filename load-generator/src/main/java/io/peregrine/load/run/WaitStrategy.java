package io.peregrine.load.run;

import java.util.concurrent.locks.LockSupport;

/** How the pacing thread waits for the next intended start, on the system's clock. */
public enum WaitStrategy implements Pacer {
    /** Parks until shortly before the slot, then spins: late by microseconds, at the price of a busy core near the slot. */
    HYBRID {
        @Override
        public void pause(long remainingNs) {
            if (remainingNs > SPIN_NS) {
                park(remainingNs - SPIN_NS);
            } else {
                Thread.onSpinWait();
            }
        }
    },
    /** Parks up to the slot: late by the timer's slack, about 60 us on Linux, and cheap. */
    PARK {
        @Override
        public void pause(long remainingNs) {
            park(remainingNs);
        }
    },
    /** Spins all the time: the least lag, at the price of a whole core. */
    SPIN {
        @Override
        public void pause(long remainingNs) {
            Thread.onSpinWait();
        }
    };

    /** Covers the timer slack of Linux (50 us by default) and a wake-up. */
    static final long SPIN_NS = 100_000;

    /** The longest time for which a stop request goes unnoticed. */
    static final long MAX_PARK_NS = 50_000_000;

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    private static void park(long ns) {
        LockSupport.parkNanos(Math.min(ns, MAX_PARK_NS));
    }
}
