package io.peregrine.client.balancer;

/**
 * Who is told how the attempts ended that a picker placed (SPEC PK-9): once for each, whatever becomes of it. One listener
 * serves any number of attempts at a time.
 */
@FunctionalInterface
public interface DoneListener {
    /** The attempt has ended. On any thread, mostly an event loop's: must not block, and should allocate nothing. */
    void onDone(DoneInfo done);
}
