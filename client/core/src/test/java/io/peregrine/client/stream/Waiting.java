package io.peregrine.client.stream;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Waits for what nobody signals: a state of another thread, or a count that stands still. */
final class Waiting {
    private static final long DEADLINE_NS = TimeUnit.SECONDS.toNanos(20);

    private Waiting() {}

    static void until(String what, BooleanSupplier condition) {
        long startNs = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - startNs > DEADLINE_NS) {
                throw new AssertionError("not within 20 s: " + what);
            }
            Thread.onSpinWait();
        }
    }

    /** Returns when the thread waits for somebody. */
    static void untilParked(Thread thread) {
        until(thread.getName() + " waits", () -> {
            Thread.State state = thread.getState();
            return state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING;
        });
    }
}
