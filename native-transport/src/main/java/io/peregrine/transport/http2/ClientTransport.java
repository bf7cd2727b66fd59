package io.peregrine.transport.http2;

import io.peregrine.transport.io.ConnectionInfo;
import java.net.SocketAddress;
import java.util.Optional;

/** A connection to one server that carries streams. Every method may be called from any thread. */
public interface ClientTransport {
    /** What became of a stream given to {@link #start}. */
    enum StartResult {
        /** The stream's callbacks will tell its end. */
        ACCEPTED,
        /** The transport takes no more streams; none of the stream's callbacks is called. Try another transport. */
        CLOSED,
        /** The queue to the event loop is full; none of the stream's callbacks is called. */
        OVERLOADED
    }

    /**
     * Sends the stream's request. Never blocks.
     *
     * <p>Called on the transport's event loop, the request is written with everything else of this loop turn;
     * called from another thread, it goes through the transport's queue, which wakes the loop if it sleeps.
     */
    StartResult start(TransportStream stream);

    /**
     * Tells the event loop that the {@link MessagePipe} of a started stream has news: messages, the end of the
     * request, or demand. Cheap if the loop has not looked since the last time. Nothing happens if the stream has
     * ended or has no pipe.
     */
    void signal(TransportStream stream);

    /**
     * Ends an accepted stream: {@code RST_STREAM(CANCEL)} if it is open, and {@link TransportStream#onFailure} with
     * {@link StreamFailure.Kind#CANCELLED} unless it has ended already.
     */
    void cancel(TransportStream stream);

    /** Takes no more streams, lets the open ones finish, then sends GOAWAY and closes (SPEC H2-14). */
    void shutdown(String reason);

    /** Fails all streams, those with unread messages too, sends GOAWAY and closes. */
    void shutdownNow(String reason);

    /**
     * How many streams it has started so far: a count that other threads may see a little late. It stays when the
     * transport has closed.
     */
    default long startedStreams() {
        return 0;
    }

    /** How full it is. Of meaning once it is ready. */
    StreamCapacity capacity();

    /**
     * The transport that carries the streams once this one is ready: itself, unless it had to find its address first
     * and then left the work to another.
     */
    default ClientTransport carrier() {
        return this;
    }

    /** The address that this transport connects to. */
    SocketAddress remoteAddress();

    /** The connection for operators, with its TCP telemetry; empty until the socket is connected and once it closed. */
    default Optional<ConnectionInfo> connectionInfo() {
        return Optional.empty();
    }
}
