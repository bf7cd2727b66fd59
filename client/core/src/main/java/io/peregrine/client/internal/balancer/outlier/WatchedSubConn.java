package io.peregrine.client.internal.balancer.outlier;

import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.DoneInfo;
import io.peregrine.client.balancer.DoneListener;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.internal.balancer.InterposedSubConn;
import io.peregrine.client.resolver.Attributes;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * A connection of an endpoint: tells it how calls end, and tells the child that the server is in bad health while the
 * endpoint is ejected (SPEC OD-7).
 */
final class WatchedSubConn extends InterposedSubConn implements DoneListener {
    private static final Status EJECTED =
            Status.of(StatusCode.UNAVAILABLE, "the endpoint is ejected by outlier_detection");

    private final OutlierDetectionBalancer owner;

    /**
     * Null if the address belongs to no endpoint any more. Written in the context; read there and by calls that end: a call
     * that ends while it changes counts for either endpoint, and both records take calls from any thread.
     */
    private volatile @Nullable Host host;

    WatchedSubConn(
            OutlierDetectionBalancer owner,
            LoadBalancer.Context context,
            SocketAddress address,
            Attributes attributes,
            Listener listener) {
        super(context, address, attributes, listener);
        this.owner = owner;
    }

    /** The address belongs to that endpoint now, or to none. */
    void belongTo(@Nullable Host newHost) {
        Host before = host;
        if (before == newHost) {
            return;
        }
        boolean wasEjected = isEjected(before);
        if (before != null) {
            before.remove(this);
        }
        host = newHost;
        if (newHost != null) {
            newHost.add(this);
        }
        if (wasEjected != isEjected(newHost)) {
            tellHealth();
        }
    }

    void onEjectionChanged() {
        tellHealth();
    }

    @Override
    protected Status withheld() {
        return isEjected(host) ? EJECTED : Status.OK;
    }

    /** OD-2. A pick that led to nothing says nothing of the server. */
    @Override
    public void onDone(DoneInfo done) {
        Host counted = host;
        if (counted != null && done.isSent()) {
            counted.record(done.status().isOk());
        }
    }

    /** The child, which has done with it, is told of nothing any more. */
    @Override
    public void shutdown() {
        Host left = host;
        if (left != null) {
            host = null;
            left.remove(this);
        }
        owner.forget(this);
        super.shutdown();
    }

    private static boolean isEjected(@Nullable Host host) {
        return host != null && host.isEjected();
    }
}
