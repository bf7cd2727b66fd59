package io.peregrine.client.internal.balancer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * How many calls of one server have begun and not ended. Any thread may count; each step is one atomic addition, and the
 * counters of two servers never share a cache line. An estimate where it is read: others count meanwhile.
 */
public final class OutstandingCalls {
    private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(int[].class);

    /** In ints: a cache line of 64 bytes, and the one that is fetched with it, on either side. */
    private static final int PADDING = 32;

    private final int[] cell = new int[2 * PADDING];

    /** None. */
    public OutstandingCalls() {}

    /** A call begins. */
    public void increment() {
        CELL.getAndAdd(cell, PADDING, 1);
    }

    /** A call has ended that began. */
    public void decrement() {
        CELL.getAndAdd(cell, PADDING, -1);
    }

    /** How many there are. Opaque: a choice between servers needs no order with anything else. */
    public int get() {
        return (int) CELL.getOpaque(cell, PADDING);
    }
}
