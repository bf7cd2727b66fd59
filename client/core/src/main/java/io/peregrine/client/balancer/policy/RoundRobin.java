package io.peregrine.client.balancer.policy;

import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancerProvider;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.internal.balancer.leaf.RoundRobinBalancer;

/**
 * The policy {@code round_robin} (SPEC 2.8.3): connects to every endpoint, and lets those that are ready take turns.
 * Immutable.
 */
public record RoundRobin() implements LoadBalancingPolicy {
    private static final String NAME = "round_robin";

    /** The policy. */
    public static LoadBalancingPolicy policy() {
        return new RoundRobin();
    }

    /** Reads a config, which has no fields. */
    public static LoadBalancerProvider provider() {
        return new LoadBalancerProvider() {
            @Override
            public String name() {
                return NAME;
            }

            @Override
            public LoadBalancingPolicy parse(ConfigObject config, LoadBalancerRegistry policies) {
                return policy();
            }
        };
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public LoadBalancer newBalancer(LoadBalancer.Context context) {
        return new RoundRobinBalancer(context);
    }
}
