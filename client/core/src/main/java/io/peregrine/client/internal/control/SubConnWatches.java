package io.peregrine.client.internal.control;

import io.peregrine.client.balancer.SubConn;
import java.time.Duration;

/**
 * What the channel itself asks servers on the connections of its subchannels, outside of the application's calls. Given to
 * the {@link ControlPlane}, which knows of no calls.
 */
public interface SubConnWatches {
    /** Asks nothing. */
    SubConnWatches NONE = (subConn, context, period, listener) -> new Watch() {
        @Override
        public void start() {}

        @Override
        public void stop() {}
    };

    /** What is asked of one subchannel's server. In the channel's serialised context only. */
    interface Watch {
        /** The subchannel is READY. Does nothing if it was started before. */
        void start();

        /** The subchannel is not READY any more. Nothing is told from now on. Does nothing if it was not started. */
        void stop();
    }

    /**
     * Asks for reports of load (SPEC WR-7); stopped when made.
     *
     * @param context where the listener is told
     * @param period between two reports, positive
     */
    Watch load(SubConnection subConn, SyncContext context, Duration period, SubConn.LoadListener listener);
}
