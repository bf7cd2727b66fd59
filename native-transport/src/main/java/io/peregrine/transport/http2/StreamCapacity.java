package io.peregrine.transport.http2;

/**
 * How full a connection is, and what may be asked of it when it is too full (SPEC 2.15). Any thread. What is read is
 * approximate: it was so a moment ago, and other threads may start streams meanwhile.
 */
public interface StreamCapacity {
    /** Whether a stream may be started; false from the moment on at which the connection begins to end. */
    boolean isAccepting();

    /** How many streams are open. */
    int open();

    /** How many streams wait because the peer allows no more. */
    int waiting();

    /** How many streams the peer allows, its MAX_CONCURRENT_STREAMS; {@code Integer.MAX_VALUE} if it named none. */
    int limit();

    /** How many streams are open or wait; not those on their way to the event loop. */
    int total();

    /** Whether one more stream would be opened at once. */
    default boolean hasRoom() {
        return total() < limit();
    }

    /**
     * Tells {@link TransportListener#onPressure} once: now, or as soon as a stream waits, so many are open, or the peer
     * allows another number of them (SPEC CS-8).
     *
     * @param openStreams 1 or more; {@code Integer.MAX_VALUE} if their number does not matter
     */
    void awaitPressure(int openStreams);

    /** Tells {@link TransportListener#onRoom} once: now, or as soon as a stream would be opened at once. */
    void awaitRoom();

    /**
     * Ends up to so many of the streams that wait, the longest first, as {@link StreamFailure.Kind#UNPROCESSED}: they
     * are to go elsewhere. Those stay that {@linkplain TransportStream#tryLeave cannot}.
     *
     * @param reason one sentence
     */
    void giveBack(int streams, String reason);
}
