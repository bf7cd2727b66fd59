package io.peregrine.client.internal.balancer.tree;

import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.internal.balancer.InterposedSubConn;
import io.peregrine.client.resolver.Attributes;
import java.net.SocketAddress;

/** A connection to an endpoint of a zone, which counts in its {@link ZoneTally}. */
final class ZoneSubConn extends InterposedSubConn {
    private final ZoneTally.OfEndpoint tally;
    private ZoneTally.Standing standing = ZoneTally.Standing.UNKNOWN;
    private boolean closed;

    ZoneSubConn(
            LoadBalancer.Context context,
            SocketAddress address,
            Attributes attributes,
            Listener listener,
            ZoneTally.OfEndpoint tally) {
        super(context, address, attributes, listener);
        this.tally = tally;
    }

    /** One that has failed is down until it is ready, however often it tries meanwhile. */
    @Override
    protected void onChange() {
        if (closed) {
            return;
        }
        switch (fitness()) {
            case READY -> move(ZoneTally.Standing.READY);
            case TRANSIENT_FAILURE -> move(ZoneTally.Standing.FAILED);
            case IDLE, CONNECTING -> {
                if (standing == ZoneTally.Standing.READY) {
                    move(ZoneTally.Standing.UNKNOWN);
                }
            }
            case SHUTDOWN -> {
                // Not counted any more: see shutdown().
            }
            default -> throw new AssertionError(fitness());
        }
    }

    @Override
    public void shutdown() {
        super.shutdown();
        if (!closed) {
            closed = true;
            move(ZoneTally.Standing.UNKNOWN);
        }
    }

    private void move(ZoneTally.Standing to) {
        ZoneTally.Standing from = standing;
        if (from != to) {
            standing = to;
            tally.move(from, to);
        }
    }
}
