package io.peregrine.client.internal.balancer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * How many calls of one server have begun and not ended. Any thread may count; each step is one atomic addition. The counters
 * of two servers never share a cache line. An estimate where it is read: others count meanwhile.
 */
public final class OutstandingCalls extends CacheLineApart {
    private static final VarHandle CALLS;

    static {
        try {
            CALLS = MethodHandles.lookup().findVarHandle(OutstandingCalls.class, "calls", int.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    @SuppressWarnings("unused") // accessed through CALLS
    private int calls;

    /** None. */
    public OutstandingCalls() {}

    /** A call begins. */
    public void increment() {
        CALLS.getAndAdd(this, 1);
    }

    /** A call has ended that began. */
    public void decrement() {
        CALLS.getAndAdd(this, -1);
    }

    /** How many there are. Opaque: a choice between servers needs no order with anything else. */
    public int get() {
        return (int) CALLS.getOpaque(this);
    }
}
