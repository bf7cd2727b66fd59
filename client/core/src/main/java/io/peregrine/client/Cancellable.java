package io.peregrine.client;

/** A call that can be cancelled. */
public interface Cancellable {
    /**
     * Asks for the call to end as CANCELLED, unless it has ended. Returns at once; the call's end is reported as usual.
     * Any thread, any number of times.
     */
    void cancel();
}
