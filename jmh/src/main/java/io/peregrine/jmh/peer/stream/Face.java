package io.peregrine.jmh.peer.stream;

/** How an application takes part in a call with streams. */
public enum Face {
    /** A thread that sends and receives, and waits. */
    BLOCKING,

    /** Callbacks on the event loop. */
    CALLBACK
}
