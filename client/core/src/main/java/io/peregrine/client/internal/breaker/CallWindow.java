package io.peregrine.client.internal.breaker;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The last so many calls: a ring of their outcomes.
 *
 * <p>The sums always become those of the ring: who replaces an outcome adds the difference to the one that it found
 * there. Between the two steps another thread sees sums that are behind by that call.
 */
final class CallWindow extends OutcomeWindow {
    private static final int EMPTY = 0;
    private static final int SUCCEEDED = 1;
    private static final int FAILED = 2;

    private final AtomicIntegerArray outcomes;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicLong sums = new AtomicLong();

    CallWindow(int calls) {
        outcomes = new AtomicIntegerArray(calls);
    }

    @Override
    long record(boolean failed, long nowNs) {
        int slot = (next.getAndIncrement() & Integer.MAX_VALUE) % outcomes.length();
        int replaced = outcomes.getAndSet(slot, failed ? FAILED : SUCCEEDED);
        long change = packed(failed);
        if (replaced != EMPTY) {
            change -= packed(replaced == FAILED);
        }
        return change == 0 ? sums.get() : sums.addAndGet(change);
    }
}
