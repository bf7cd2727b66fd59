package io.peregrine.client.balancer;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.resolver.Attributes;
import java.net.SocketAddress;
import java.time.Duration;

/**
 * One address and its connections (SPEC 2.2). Its methods are called in the channel's serialised context only, but for
 * {@link #address()} and {@link #attributes()}, which any thread may call.
 */
public interface SubConn {
    /** Who is told of its state, in the channel's serialised context. */
    interface Listener {
        /**
         * The state changed.
         *
         * @param status why, in TRANSIENT_FAILURE and in IDLE after a connection was lost; OK otherwise
         */
        void onState(ConnectivityState state, Status status);
    }

    /** Who is told what a server says of its load, in the channel's serialised context. */
    interface LoadListener {
        /** A report has come. */
        void onReport(LoadReport report);
    }

    /** Where it connects to. */
    SocketAddress address();

    /** What the resolver said of it when it was made. */
    Attributes attributes();

    /** Begins to connect if it is IDLE; otherwise does nothing (SC-2). */
    void connect();

    /** Takes no more calls, and closes when those under way have ended (SC-7). */
    void shutdown();

    /**
     * From now on, whenever it is READY, tells whether it is fit for calls: CONNECTING until that is known, then READY
     * or TRANSIENT_FAILURE, as often as it changes (SPEC PF-11, A17). Without a health check it is fit as soon as it is
     * READY. Told after the {@link Listener} that it was made with, and never while it is not READY. Called once, before
     * {@link #connect()}.
     */
    void watchHealth(Listener listener);

    /**
     * From now on, whenever it is READY, asks the server for reports of its load outside of calls (SPEC WR-7). A server
     * that knows no such reports is asked once for each connection. Called again, it replaces the period and the listener.
     *
     * @param period between two reports, positive; the server may have a lower bound
     */
    void watchLoad(Duration period, LoadListener listener);
}
