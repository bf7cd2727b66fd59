package io.peregrine.client;

/** The state of a {@link ClientConn} or of one of its subchannels (SPEC 2.1). */
public enum ConnectivityState {
    /** Not connected, and not trying: the next call makes it try. */
    IDLE,
    /** Trying. */
    CONNECTING,
    /** Connected. */
    READY,
    /** The last try failed; another follows after a backoff. */
    TRANSIENT_FAILURE,
    /** Closed for good. */
    SHUTDOWN
}
