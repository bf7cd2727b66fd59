package io.peregrine.client.balancer.policy;

import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancerProvider;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.internal.balancer.tree.PriorityBalancer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The policy {@code priority} (gRFC A56, SPEC PR-1): uses the first of its children that has connections, and connects the
 * next one only when those before it have failed, or have not connected within 10 s. Which child an endpoint belongs to, its
 * {@link ChildPath} says. Immutable.
 *
 * @param priorities the names of the children, the most wanted first; at least one, each once
 * @param children those names' policies
 */
public record Priority(List<String> priorities, Map<String, Child> children) implements LoadBalancingPolicy {
    private static final String NAME = "priority";

    /**
     * Copies both.
     *
     * @throws IllegalArgumentException if there is no name, or one that occurs twice or has no policy
     */
    public Priority {
        priorities = List.copyOf(priorities);
        children = Map.copyOf(children);
        if (priorities.isEmpty()) {
            throw new IllegalArgumentException("priorities: [] (expected: at least one)");
        }
        Set<String> seen = new HashSet<>();
        for (String name : priorities) {
            if (!children.containsKey(name) || !seen.add(name)) {
                throw new IllegalArgumentException(
                        "priorities: \"" + name + "\" (expected: the name of a child, and each once)");
            }
        }
    }

    /**
     * A child.
     *
     * @param policy what spreads the calls over its endpoints
     * @param ignoreReresolutionRequests whether the resolver is left alone when this child lost a connection
     */
    public record Child(LoadBalancingPolicy policy, boolean ignoreReresolutionRequests) {}

    /** The policy with one child. */
    public static Priority first(String name, LoadBalancingPolicy policy) {
        return new Priority(List.of(name), Map.of(name, new Child(policy, false)));
    }

    /** This policy with one more child, for when the others have failed. */
    public Priority then(String name, LoadBalancingPolicy policy) {
        List<String> more = new ArrayList<>(priorities);
        more.add(name);
        Map<String, Child> all = new LinkedHashMap<>(children);
        all.putIfAbsent(name, new Child(policy, false));
        return new Priority(more, all);
    }

    /**
     * Reads {@code {"priorities": ["near", "far"], "children": {"near": {"config": [{"round_robin": {}}],
     * "ignoreReresolutionRequests": false}, ...}}}. Children that are not among the priorities are not used.
     */
    public static LoadBalancerProvider provider() {
        return new LoadBalancerProvider() {
            @Override
            public String name() {
                return NAME;
            }

            @Override
            public LoadBalancingPolicy parse(ConfigObject config, LoadBalancerRegistry policies) {
                return read(config, policies);
            }
        };
    }

    private static Priority read(ConfigObject config, LoadBalancerRegistry policies) {
        ConfigObject children = config.field("children").asObject();
        Map<String, Child> read = new LinkedHashMap<>();
        for (String name : children.names()) {
            ConfigObject child = children.field(name).asObject();
            ConfigValue ignoring = child.field("ignoreReresolutionRequests");
            read.put(
                    name,
                    new Child(policies.parse(child.field("config")), ignoring.isPresent() && ignoring.asBoolean()));
        }
        ConfigValue priorities = config.field("priorities");
        List<String> names = new ArrayList<>();
        for (ConfigValue priority : priorities.asList()) {
            String name = priority.asString();
            if (!read.containsKey(name) || names.contains(name)) {
                throw priority.wrong("the name of one of the children, and each once");
            }
            names.add(name);
        }
        if (names.isEmpty()) {
            throw priorities.wrong("a list of at least one name");
        }
        return new Priority(names, read);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public LoadBalancer newBalancer(LoadBalancer.Context context) {
        return new PriorityBalancer(context, this);
    }
}
