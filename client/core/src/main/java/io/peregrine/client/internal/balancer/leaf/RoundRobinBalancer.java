package io.peregrine.client.internal.balancer.leaf;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.balancer.EndpointBalancer;
import io.peregrine.client.balancer.EndpointChild;
import io.peregrine.client.balancer.FixedPicker;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Rotation;
import io.peregrine.client.resolver.Endpoint;
import java.util.List;

/**
 * Lets the endpoints that are ready take turns (SPEC 2.8.3). The rotation goes on as long as they are the same (RR-2).
 */
public final class RoundRobinBalancer extends EndpointBalancer<EndpointChild> {
    private List<PickResult> published = List.of();

    /** A policy without endpoints. */
    public RoundRobinBalancer(Context context) {
        super(context);
    }

    @Override
    protected EndpointChild newChild(Endpoint endpoint) {
        return new EndpointChild(this, endpoint);
    }

    @Override
    protected void update() {
        ConnectivityState state = aggregateState();
        if (state == ConnectivityState.READY) {
            List<PickResult> ready = ready().stream().map(EndpointChild::result).toList();
            if (!isSameChoice(ready, published)) {
                published = ready;
                context().updateState(state, Rotation.over(ready));
            }
            return;
        }
        published = List.of();
        context()
                .updateState(
                        state, state == ConnectivityState.TRANSIENT_FAILURE ? failingPicker() : FixedPicker.queueing());
    }
}
