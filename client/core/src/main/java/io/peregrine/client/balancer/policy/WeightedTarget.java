package io.peregrine.client.balancer.policy;

import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancerProvider;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.internal.balancer.tree.WeightedTargetBalancer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The policy {@code weighted_target} (SPEC PR-2): each call goes to one of its children that are ready, at random, as often as
 * their weights say. Which child an endpoint belongs to, its {@link ChildPath} says. Immutable.
 *
 * @param targets the children by name; at least one
 */
public record WeightedTarget(Map<String, Target> targets) implements LoadBalancingPolicy {
    private static final String NAME = "weighted_target";

    /**
     * Copies the map, and keeps its order.
     *
     * @throws IllegalArgumentException if it is empty
     */
    public WeightedTarget {
        targets = Collections.unmodifiableMap(new LinkedHashMap<>(targets));
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("targets: {} (expected: at least one)");
        }
    }

    /**
     * A child.
     *
     * @param weight how many of the calls it gets beside the others; at least 1
     * @param policy what spreads them over its endpoints
     */
    public record Target(int weight, LoadBalancingPolicy policy) {
        /**
         * Checks the weight.
         *
         * @throws IllegalArgumentException if it is less than 1
         */
        public Target {
            if (weight < 1) {
                throw new IllegalArgumentException("weight: " + weight + " (expected: 1 or more)");
            }
        }
    }

    /**
     * The policy with one child.
     *
     * @throws IllegalArgumentException if the weight is less than 1
     */
    public static WeightedTarget of(String name, int weight, LoadBalancingPolicy policy) {
        return new WeightedTarget(Map.of(name, new Target(weight, policy)));
    }

    /**
     * This policy with one more child, or another one of the same name.
     *
     * @throws IllegalArgumentException if the weight is less than 1
     */
    public WeightedTarget and(String name, int weight, LoadBalancingPolicy policy) {
        Map<String, Target> more = new LinkedHashMap<>(targets);
        more.put(name, new Target(weight, policy));
        return new WeightedTarget(more);
    }

    /** Reads {@code {"targets": {"old": {"weight": 9, "childPolicy": [{"round_robin": {}}]}, ...}}}. */
    public static LoadBalancerProvider provider() {
        return new LoadBalancerProvider() {
            @Override
            public String name() {
                return NAME;
            }

            @Override
            public LoadBalancingPolicy parse(ConfigObject config, LoadBalancerRegistry policies) {
                return read(config.field("targets"), policies);
            }
        };
    }

    private static WeightedTarget read(ConfigValue targets, LoadBalancerRegistry policies) {
        ConfigObject listed = targets.asObject();
        Map<String, Target> read = new LinkedHashMap<>();
        for (String name : listed.names()) {
            ConfigObject target = listed.field(name).asObject();
            int weight = target.field("weight").asInt(1);
            read.put(name, new Target(weight, policies.parse(target.field("childPolicy"))));
        }
        if (read.isEmpty()) {
            throw targets.wrong("an object of at least one target");
        }
        return new WeightedTarget(read);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public LoadBalancer newBalancer(LoadBalancer.Context context) {
        return new WeightedTargetBalancer(context, this);
    }
}
