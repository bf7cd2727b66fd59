package io.peregrine.client.connection;

/** Which of several connections to one server a call is put on. A connection that has room always comes first. */
public enum CallPlacement {
    /**
     * The oldest connection that has room (gRFC A105): the default. Calls stay on few connections, so that their requests
     * share system calls, and a younger connection is used only for what the older ones cannot take.
     */
    OLDEST,

    /**
     * The less loaded of two connections that are drawn at random: load spreads over the event loops, so that the
     * client's work for one server is not bound to one core.
     */
    LEAST_LOADED,

    /**
     * The connection of the calling thread, the same one for every call as long as the connections are the same: threads
     * do not meet in one command queue. For a few threads that call all the time. Virtual threads have a connection each
     * by chance.
     */
    CALLING_THREAD
}
