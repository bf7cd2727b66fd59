package io.peregrine.client.internal.retry;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The bytes that all uncommitted calls of a channel may keep together (SPEC RT-3, RT-4, D23):
 * {@code 0 <= usedBytes() <= maxBytes} always. The call that would cross the limit commits instead.
 *
 * <p>Safe for use by several threads, without a lock.
 */
public final class ReplayBudget {
    /** D23: 16 MiB, the limit of grpc-java. */
    public static final long DEFAULT_MAX_BYTES = 16 << 20;

    private final long maxBytes;
    private final AtomicLong usedBytes = new AtomicLong();

    /**
     * An unused budget.
     *
     * @param maxBytes 0 or more; with 0 no message is kept, and so each call commits to its first attempt
     * @throws IllegalArgumentException if it is negative
     */
    public ReplayBudget(long maxBytes) {
        if (maxBytes < 0) {
            throw new IllegalArgumentException("replay budget: " + maxBytes + " bytes (expected: 0 or more)");
        }
        this.maxBytes = maxBytes;
    }

    /** The bytes in use now. */
    public long usedBytes() {
        return usedBytes.get();
    }

    /**
     * Takes that many bytes, or none. Not added first and taken back after: another call must not commit because of
     * bytes that nobody keeps.
     */
    boolean tryReserve(int bytes) {
        long before = usedBytes.get();
        while (bytes <= maxBytes - before) {
            long seen = usedBytes.compareAndExchange(before, before + bytes);
            if (seen == before) {
                return true;
            }
            before = seen;
        }
        return false;
    }

    /** Gives back what was reserved. */
    void free(long bytes) {
        long left = usedBytes.addAndGet(-bytes);
        assert left >= 0 : "used bytes: " + left + " (expected: 0 or more)";
    }

    @Override
    public String toString() {
        return "ReplayBudget[" + usedBytes() + '/' + maxBytes + " bytes]";
    }
}
