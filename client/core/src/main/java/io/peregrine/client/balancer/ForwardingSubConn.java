package io.peregrine.client.balancer;

import io.peregrine.client.resolver.Attributes;
import java.net.SocketAddress;
import java.time.Duration;

/**
 * A subchannel that a policy puts between its child and the channel, to see or to change what goes on. The policy's
 * picker must put the {@link #delegate()} into the results of its child: a call can only go to the channel's own.
 */
public abstract class ForwardingSubConn implements SubConn {
    /** The subchannel behind. */
    protected abstract SubConn delegate();

    @Override
    public SocketAddress address() {
        return delegate().address();
    }

    @Override
    public Attributes attributes() {
        return delegate().attributes();
    }

    @Override
    public void connect() {
        delegate().connect();
    }

    @Override
    public void shutdown() {
        delegate().shutdown();
    }

    @Override
    public void watchHealth(Listener listener) {
        delegate().watchHealth(listener);
    }

    @Override
    public void watchLoad(Duration period, LoadListener listener) {
        delegate().watchLoad(period, listener);
    }

    @Override
    public String toString() {
        return delegate().toString();
    }
}
