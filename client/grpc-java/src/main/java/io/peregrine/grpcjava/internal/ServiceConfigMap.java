package io.peregrine.grpcjava.internal;

import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.config.ServiceConfigSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A service config as grpc-java's builder takes it: JSON in maps, lists, strings, doubles, booleans and nulls. */
public final class ServiceConfigMap {
    private static final String CONFIG = "loadBalancingConfig";
    private static final String POLICY = "loadBalancingPolicy";

    private ServiceConfigMap() {}

    /**
     * A copy of a config, which later changes do not reach.
     *
     * @throws IllegalArgumentException if it holds anything that grpc-java refuses too
     */
    public static Map<String, ?> copyOf(Map<?, ?> config) {
        Map<String, @Nullable Object> copy = new LinkedHashMap<>();
        config.forEach((key, value) -> {
            if (!(key instanceof String name)) {
                throw new IllegalArgumentException("service config: the key \"" + key + "\" (expected: a String)");
            }
            copy.put(name, copyOfValue(name, value));
        });
        return copy;
    }

    private static @Nullable Object copyOfValue(String key, @Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            return copyOf(map);
        }
        if (value instanceof List<?> list) {
            // Not List.copyOf, which refuses nulls.
            return list.stream().map(each -> copyOfValue(key, each)).toList();
        }
        if (value == null || value instanceof String || value instanceof Double || value instanceof Boolean) {
            return value;
        }
        throw new IllegalArgumentException("service config: \"" + key + "\" is a "
                + value.getClass().getName() + " (expected: a Map, List, String, Double, Boolean or null)");
    }

    /**
     * A config for the channel to read, with a policy unless it names one itself; either may be null.
     *
     * @throws UnsupportedOperationException when it is read, if the channel has no such policy
     */
    public static ServiceConfigSource source(@Nullable Map<String, ?> config, @Nullable String policy) {
        Map<String, ?> given = config == null ? Map.of() : config;
        if (policy == null) {
            return ServiceConfigSource.map(given);
        }
        Map<String, ?> whole = withPolicy(given, policy);
        return policies -> {
            if (policies.find(policy) == null) {
                throw new UnsupportedOperationException("default load balancing policy: \"" + policy
                        + "\" is none of Peregrine's, and balancers of grpc-java's do not run here (instead: a"
                        + " LoadBalancerProvider of io.peregrine.client.balancer, with configure(conn ->"
                        + " conn.loadBalancer(...)))");
            }
            return ServiceConfig.parse(whole, policies);
        };
    }

    private static Map<String, ?> withPolicy(Map<String, ?> config, String policy) {
        if (config.containsKey(CONFIG) || config.containsKey(POLICY)) {
            return config;
        }
        Map<String, @Nullable Object> more = new LinkedHashMap<>(config);
        more.put(CONFIG, List.of(Map.of(policy, Map.of())));
        return more;
    }
}
