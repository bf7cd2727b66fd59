package io.peregrine.client.internal.watch;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.LoadReport;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.internal.control.SubConnWatches;
import io.peregrine.client.internal.control.SubConnection;
import io.peregrine.client.internal.control.SyncContext;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Asks the servers of a channel's subchannels by calls of the channel's own. In the channel's serialised context, but for
 * the numbers of streams.
 */
public final class ServerWatches implements SubConnWatches {
    private static final System.Logger LOG = System.getLogger(ServerWatches.class.getName());

    private final SubConnCalls calls;
    private final AtomicBoolean unimplementedHealthLogged = new AtomicBoolean();
    private final Set<Watch> started = new LinkedHashSet<>();
    private boolean unimplementedLoadLogged;
    private boolean closed;

    /** By those calls. */
    public ServerWatches(SubConnCalls calls) {
        this.calls = calls;
    }

    @Override
    public Watch load(SubConnection subConn, SyncContext context, Duration period, SubConn.LoadListener listener) {
        byte[] request = LoadStream.request(period);
        WatchStream<LoadReport> stream = new WatchStream<>(
                callback -> calls.start(subConn, LoadStream.METHOD, request, callback),
                context,
                System::nanoTime,
                new WatchStream.Listener<LoadReport>() {
                    @Override
                    public void onMessage(LoadReport report) {
                        listener.onReport(report);
                    }

                    @Override
                    public void onEnd(Status status) {
                        LOG.log(levelOf(status), "the load reports of {0} have ended: {1}", subConn.address(), status);
                    }
                });
        return new ChannelsWatch(stream, () -> {});
    }

    /** The first server that does not report says enough of the others. */
    private System.Logger.Level levelOf(Status status) {
        if (status.code() != StatusCode.UNIMPLEMENTED || unimplementedLoadLogged) {
            return System.Logger.Level.DEBUG;
        }
        unimplementedLoadLogged = true;
        return System.Logger.Level.INFO;
    }

    @Override
    public Watch health(SubConnection subConn, SyncContext context, String service, SubConn.Listener listener) {
        byte[] request = HealthStream.request(service);
        WatchStream<?> stream = new WatchStream<>(
                callback -> calls.start(subConn, HealthStream.METHOD, request, callback),
                context,
                System::nanoTime,
                new HealthStream(subConn, service, listener, unimplementedHealthLogged));
        // The last calls of a channel want a connection, and nobody is left to wait for a better one.
        return new ChannelsWatch(stream, () -> listener.onState(ConnectivityState.READY, Status.OK));
    }

    @Override
    public void close() {
        closed = true;
        List.copyOf(started).forEach(Watch::stop);
    }

    @Override
    public long startedStreams() {
        return calls.started();
    }

    @Override
    public long openStreams() {
        return calls.open();
    }

    /** Knows its channel's end. */
    private final class ChannelsWatch implements Watch {
        private final WatchStream<?> stream;
        private final Runnable unasked;

        /** {@code unasked} is done in place of asking a server when nothing is asked any more. */
        ChannelsWatch(WatchStream<?> stream, Runnable unasked) {
            this.stream = stream;
            this.unasked = unasked;
        }

        @Override
        public void start() {
            if (closed) {
                unasked.run();
            } else {
                started.add(this);
                stream.start();
            }
        }

        @Override
        public void stop() {
            started.remove(this);
            stream.stop();
        }
    }
}
