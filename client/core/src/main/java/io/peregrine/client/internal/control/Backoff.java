package io.peregrine.client.internal.control;

import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;

/**
 * The delays between connection attempts (SPEC SC-5, D3): 1 s growing by 1.6 to at most 120 s, each times a random
 * factor in [0.8, 1.2]. Not safe for use by several threads.
 */
public final class Backoff {
    private static final double BASE_NS = TimeUnit.SECONDS.toNanos(1);
    private static final double MULTIPLIER = 1.6;
    private static final double MAX_NS = TimeUnit.SECONDS.toNanos(120);
    private static final double JITTER = 0.2;

    private final DoubleSupplier random;
    private double currentNs = BASE_NS;

    /** With the thread's own randomness. */
    public Backoff() {
        this(() -> ThreadLocalRandom.current().nextDouble());
    }

    /** With given randomness in [0, 1). */
    Backoff(DoubleSupplier random) {
        this.random = random;
    }

    /** One with the same randomness, at its beginning. */
    Backoff fresh() {
        return new Backoff(random);
    }

    /** The delay after one more failure, in nanoseconds, measured from the attempt's start. */
    public long nextDelayNs() {
        double jitter = 1 - JITTER + 2 * JITTER * random.getAsDouble();
        long delayNs = (long) (currentNs * jitter);
        currentNs = Math.min(currentNs * MULTIPLIER, MAX_NS);
        return delayNs;
    }

    /** Begins anew, after a success. */
    public void reset() {
        currentNs = BASE_NS;
    }
}
