package io.peregrine.client.internal.control;

import io.peregrine.client.balancer.SubConn;
import java.time.Duration;

/**
 * What the channel itself asks servers on the connections of its subchannels, outside of the application's calls. Given to
 * the {@link ControlPlane}, which knows of no calls.
 */
public interface SubConnWatches {
    /** Asks nothing. */
    SubConnWatches NONE = new SubConnWatches() {
        @Override
        public Watch load(SubConnection subConn, SyncContext context, Duration period, SubConn.LoadListener listener) {
            return NOTHING;
        }

        @Override
        public Watch health(SubConnection subConn, SyncContext context, String service, SubConn.Listener listener) {
            return NOTHING;
        }
    };

    /** Asks nothing, so it is told nothing. */
    Watch NOTHING = new Watch() {
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

    /**
     * Asks for the health of a service (gRFC A17, SPEC HC-2 to HC-5); stopped when made.
     *
     * @param context where the listener is told
     * @param service its name, empty for the server as a whole
     * @param listener is told READY or TRANSIENT_FAILURE when it changes, and why
     */
    Watch health(SubConnection subConn, SyncContext context, String service, SubConn.Listener listener);

    /**
     * The channel lets its last calls end (SPEC CH-11): what is under way here ends now, and nothing is asked any more. A
     * server whose health would have been asked counts as fit.
     */
    default void close() {}

    /** How many streams it has started so far. Any thread. */
    default long startedStreams() {
        return 0;
    }

    /** How many of them have not ended. Any thread. */
    default long openStreams() {
        return 0;
    }
}
