package io.peregrine.client.internal.watch;

import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.LoadReport;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.internal.control.SubConnWatches;
import io.peregrine.client.internal.control.SubConnection;
import io.peregrine.client.internal.control.SyncContext;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

/** Asks the servers of a channel's subchannels by calls of the channel's own. Safe for use by several threads. */
public final class ServerWatches implements SubConnWatches {
    private static final System.Logger LOG = System.getLogger(ServerWatches.class.getName());

    private final SubConnCalls calls;
    private final AtomicBoolean unimplementedHealthLogged = new AtomicBoolean();

    /** By those calls. */
    public ServerWatches(SubConnCalls calls) {
        this.calls = calls;
    }

    @Override
    public Watch load(SubConnection subConn, SyncContext context, Duration period, SubConn.LoadListener listener) {
        byte[] request = LoadStream.request(period);
        return new WatchStream<>(
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
                        System.Logger.Level level = status.code() == StatusCode.UNIMPLEMENTED
                                ? System.Logger.Level.INFO
                                : System.Logger.Level.DEBUG;
                        LOG.log(level, "the load reports of {0} have ended: {1}", subConn.address(), status);
                    }
                });
    }

    @Override
    public Watch health(SubConnection subConn, SyncContext context, String service, SubConn.Listener listener) {
        byte[] request = HealthStream.request(service);
        return new WatchStream<>(
                callback -> calls.start(subConn, HealthStream.METHOD, request, callback),
                context,
                System::nanoTime,
                new HealthStream(subConn, service, listener, unimplementedHealthLogged));
    }

    @Override
    public long startedStreams() {
        return calls.started();
    }

    @Override
    public long openStreams() {
        return calls.open();
    }
}
