package io.peregrine.client.internal.balancer;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.balancer.FixedPicker;
import io.peregrine.client.balancer.ForwardingContext;
import io.peregrine.client.balancer.GracefulSwitch;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.resolver.Endpoint;
import java.util.List;

/**
 * One of several policies under another, and what it has published last. Another config replaces it gracefully. After it was
 * closed it is heard of no more. In the channel's serialised context only.
 */
public abstract class ChildPolicy extends ForwardingContext {
    private final LoadBalancer.Context context;
    private final GracefulSwitch balancer = new GracefulSwitch(this);
    private ConnectivityState state = ConnectivityState.CONNECTING;
    private Picker picker = FixedPicker.queueing();
    private boolean closed;

    /** Of the policy above, which works in that context. */
    protected ChildPolicy(LoadBalancer.Context context) {
        this.context = context;
    }

    /** Called when the policy has published something. */
    protected abstract void onChange();

    /** Uses that policy from now on; the endpoints follow. */
    public final void use(LoadBalancingPolicy policy) {
        balancer.switchTo(policy);
    }

    /** Its endpoints are now these; false if they are of no use. */
    public final boolean onEndpoints(List<Endpoint> endpoints) {
        return balancer.onEndpoints(endpoints);
    }

    /** The resolver failed. */
    public final void onResolverError(Status status) {
        balancer.onResolverError(status);
    }

    /** Begin to connect if idle. */
    public final void exitIdle() {
        balancer.exitIdle();
    }

    /** Shut down, with its subchannels. */
    public void close() {
        closed = true;
        balancer.close();
    }

    /** Its state; CONNECTING before it has published any. */
    public final ConnectivityState state() {
        return state;
    }

    /** Its picker; one that lets calls wait before it has published any. */
    public final Picker picker() {
        return picker;
    }

    @Override
    protected final LoadBalancer.Context delegate() {
        return context;
    }

    @Override
    public final void updateState(ConnectivityState newState, Picker newPicker) {
        if (!closed) {
            state = newState;
            picker = newPicker;
            onChange();
        }
    }
}
