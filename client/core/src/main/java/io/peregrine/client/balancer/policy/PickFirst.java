package io.peregrine.client.balancer.policy;

import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancerProvider;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.internal.balancer.leaf.PickFirstBalancer;

/**
 * The policy {@code pick_first} (SPEC 2.8.2): tries the addresses in order, 250 ms apart (Happy Eyeballs), and sends every
 * call to the first that connects. Immutable.
 *
 * @param shuffleAddressList whether the endpoints of each answer of the resolver are shuffled, so that clients spread out
 *     (gRFC A62)
 */
public record PickFirst(boolean shuffleAddressList) implements LoadBalancingPolicy {
    private static final String NAME = "pick_first";

    /** The policy, which tries the endpoints in the resolver's order. */
    public static LoadBalancingPolicy policy() {
        return new PickFirst(false);
    }

    /** The policy that shuffles the endpoints of each answer of the resolver. */
    public static LoadBalancingPolicy shuffled() {
        return new PickFirst(true);
    }

    /** Reads {@code {"shuffleAddressList": false}} (PF-1). */
    public static LoadBalancerProvider provider() {
        return new LoadBalancerProvider() {
            @Override
            public String name() {
                return NAME;
            }

            @Override
            public LoadBalancingPolicy parse(ConfigObject config, LoadBalancerRegistry policies) {
                ConfigValue shuffle = config.field("shuffleAddressList");
                return new PickFirst(shuffle.isPresent() && shuffle.asBoolean());
            }
        };
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public LoadBalancer newBalancer(LoadBalancer.Context context) {
        return PickFirstBalancer.alone(context, this);
    }
}
