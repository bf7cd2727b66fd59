package io.peregrine.client.warmup;

import java.time.Duration;

/** The time in which calls may be started. Immutable. */
record CallLimit(long startNs, long limitNs) {
    static CallLimit startingAt(long startNs, Duration limit) {
        boolean fits = limit.compareTo(Duration.ofNanos(Long.MAX_VALUE)) < 0;
        return new CallLimit(startNs, fits ? limit.toNanos() : Long.MAX_VALUE);
    }

    boolean isOver() {
        return System.nanoTime() - startNs >= limitNs;
    }
}
