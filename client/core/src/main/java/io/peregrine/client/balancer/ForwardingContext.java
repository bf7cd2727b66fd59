package io.peregrine.client.balancer;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.resolver.Attributes;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.random.RandomGenerator;

/** What a policy that has children gives them as their context, where it does not say otherwise: its own. */
public abstract class ForwardingContext implements LoadBalancer.Context {
    /** The context of the policy itself. */
    protected abstract LoadBalancer.Context delegate();

    @Override
    public SubConn createSubConn(SocketAddress address, Attributes attributes, SubConn.Listener listener) {
        return delegate().createSubConn(address, attributes, listener);
    }

    @Override
    public void updateState(ConnectivityState state, Picker picker) {
        delegate().updateState(state, picker);
    }

    @Override
    public void resolveNow() {
        delegate().resolveNow();
    }

    @Override
    public LoadBalancer.Timer schedule(Duration delay, Runnable task) {
        return delegate().schedule(delay, task);
    }

    @Override
    public void execute(Runnable task) {
        delegate().execute(task);
    }

    @Override
    public long nanoTime() {
        return delegate().nanoTime();
    }

    @Override
    public RandomGenerator random() {
        return delegate().random();
    }
}
