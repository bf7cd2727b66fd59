package io.peregrine.client;

/** A call that can be cancelled, or a {@linkplain ClientConn#watchState watch}. */
public interface Cancellable {
    /**
     * Ends a watch: it is told nothing more, but for what it is being told now. Of a call: asks for the call to end as CANCELLED, unless it has ended. Returns at once; the call's end is reported as usual.
     * Any thread, any number of times.
     */
    void cancel();
}
