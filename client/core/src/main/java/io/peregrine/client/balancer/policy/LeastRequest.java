package io.peregrine.client.balancer.policy;

import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancerProvider;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.internal.balancer.leaf.LeastRequestBalancer;

/**
 * The policy {@code least_request} (SPEC 2.8.6, gRFC A48): connects to every endpoint, and sends each call to the one of a
 * few random ones that has the fewest calls of this client under way. Better than {@code round_robin} where calls differ
 * much in how long they take. Immutable.
 *
 * @param choiceCount how many endpoints are drawn for each call; 2 to 10, and what is above counts as 10; default 2. More
 *     find the least loaded one oftener, and make many clients run after the same one
 */
public record LeastRequest(int choiceCount) implements LoadBalancingPolicy {
    private static final String NAME = "least_request";
    private static final int DEFAULT_CHOICES = 2;
    private static final int MAX_CHOICES = 10;

    /**
     * Checks the count (LQ-1).
     *
     * @throws IllegalArgumentException if it is less than 2
     */
    public LeastRequest {
        if (choiceCount < DEFAULT_CHOICES) {
            throw new IllegalArgumentException("choiceCount: " + choiceCount + " (expected: 2..10)");
        }
        choiceCount = Math.min(choiceCount, MAX_CHOICES);
    }

    /** The policy, with two choices for each call. */
    public static LoadBalancingPolicy policy() {
        return new LeastRequest(DEFAULT_CHOICES);
    }

    /** Reads {@code {"choiceCount": 2}}. */
    public static LoadBalancerProvider provider() {
        return new LoadBalancerProvider() {
            @Override
            public String name() {
                return NAME;
            }

            @Override
            public LoadBalancingPolicy parse(ConfigObject config, LoadBalancerRegistry policies) {
                ConfigValue count = config.field("choiceCount");
                return new LeastRequest(count.isPresent() ? count.asInt(DEFAULT_CHOICES) : DEFAULT_CHOICES);
            }
        };
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public LoadBalancer newBalancer(LoadBalancer.Context context) {
        return new LeastRequestBalancer(context, this);
    }
}
