package io.peregrine.transport.http2;

import org.jspecify.annotations.Nullable;

/** Who is told how a connection fares. Called on its event loop; must not block. */
public interface TransportListener {
    /** TCP, TLS and the server's SETTINGS are done: streams may start (SPEC SC-3). */
    void onReady();

    /** The first response has come to its end: the connection is of use. At most once, before the end. */
    default void onFirstResponse() {}

    /** What {@link StreamCapacity#awaitPressure} was called for: a stream waits, or many are open. */
    default void onPressure() {}

    /** What {@link StreamCapacity#awaitRoom} was called for: a stream would be opened at once. */
    default void onRoom() {}

    /**
     * What first put an end to the connection, or to new streams on it. Once, before {@link #onDraining} and
     * {@link #onTerminated}, whichever comes first (SPEC SC-11).
     */
    default void onDisconnect(DisconnectReason reason) {}

    /** No new streams: the peer sent GOAWAY, or the stream ids are used up. {@link #onTerminated} follows. */
    void onDraining(String reason);

    /**
     * The peer goes away because of too many PINGs: GOAWAY with ENHANCE_YOUR_CALM and {@code too_many_pings} (SPEC
     * KA-6). {@link #onDraining} follows, unless it came before.
     *
     * @param keepAlive the keepalive of the connection, or null if it has none
     */
    default void onTooManyPings(@Nullable KeepAliveOptions keepAlive) {}

    /**
     * The connection is closed, or never came up; exactly once. {@link #onReleased} follows.
     *
     * @param reason one sentence that names the address and says what happened
     */
    void onTerminated(String reason, @Nullable Throwable cause);

    /**
     * The last stream has ended: the connection is closed, and no caller has messages of it to read. Until then {@link
     * ClientTransport#cancel} and {@link ClientTransport#shutdownNow} have streams to end. The last callback, exactly
     * once.
     */
    void onReleased();
}
