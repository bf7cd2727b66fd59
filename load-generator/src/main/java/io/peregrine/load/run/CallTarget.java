package io.peregrine.load.run;

/** Makes calls of the method under load; the loops' only view of the client. Thread-safe. */
public interface CallTarget {
    /** The number of connections; lanes are numbered from 0. */
    int lanes();

    /** Starts a call without waiting for it. */
    void start(int lane, CallSlot slot);

    /** Makes a call and reports its outcome to the slot before it returns. */
    void call(int lane, CallSlot slot);
}
