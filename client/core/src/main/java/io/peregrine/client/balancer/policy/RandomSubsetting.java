package io.peregrine.client.balancer.policy;

import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancerProvider;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.internal.balancer.leaf.RandomSubsettingBalancer;

/**
 * The policy {@code random_subsetting} (SPEC 2.8.7, gRFC A68): each client gives its child policy only some of the endpoints,
 * drawn at random, so that many clients and many servers do not all connect to each other. An endpoint that joins or leaves
 * changes the subset by one at most. Immutable.
 *
 * @param subsetSize how many endpoints the child gets, at least 1; all, if there are not more. Take 10 or more, or servers
 *     get very different shares
 * @param childPolicy the policy that balances between them
 */
public record RandomSubsetting(int subsetSize, LoadBalancingPolicy childPolicy) implements LoadBalancingPolicy {
    private static final String NAME = "random_subsetting";

    /**
     * Checks the size (RSb-1).
     *
     * @throws IllegalArgumentException if it is less than 1
     */
    public RandomSubsetting {
        if (subsetSize < 1) {
            throw new IllegalArgumentException("subsetSize: " + subsetSize + " (expected: 1 or more)");
        }
    }

    /** Reads {@code {"subsetSize": 20, "childPolicy": [{"round_robin": {}}]}}; both are required. */
    public static LoadBalancerProvider provider() {
        return new LoadBalancerProvider() {
            @Override
            public String name() {
                return NAME;
            }

            @Override
            public LoadBalancingPolicy parse(ConfigObject config, LoadBalancerRegistry policies) {
                return new RandomSubsetting(
                        config.field("subsetSize").asInt(1), policies.parse(config.field("childPolicy")));
            }
        };
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public LoadBalancer newBalancer(LoadBalancer.Context context) {
        return new RandomSubsettingBalancer(context, this);
    }
}
