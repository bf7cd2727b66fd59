package io.peregrine.client.balancer;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import java.net.SocketAddress;

/**
 * One address and its connection (SPEC 2.2). Its methods are called in the channel's serialised context only.
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

    /** Where it connects to. */
    SocketAddress address();

    /** Begins to connect if it is IDLE; otherwise does nothing (SC-2). */
    void connect();

    /** Takes no more calls, and closes when those under way have ended (SC-7). */
    void shutdown();
}
