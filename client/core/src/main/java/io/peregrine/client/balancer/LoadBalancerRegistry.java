package io.peregrine.client.balancer;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The policies that a service config may choose, by name. Immutable. */
public final class LoadBalancerRegistry {
    private static final LoadBalancerRegistry STANDARD = new LoadBalancerRegistry(Map.of()).with(PickFirst.provider());

    private final Map<String, LoadBalancerProvider> providers;

    private LoadBalancerRegistry(Map<String, LoadBalancerProvider> providers) {
        this.providers = Map.copyOf(providers);
    }

    /** The policies that come with the library. */
    public static LoadBalancerRegistry standard() {
        return STANDARD;
    }

    /** This registry with one more policy, or another one of the same name. */
    public LoadBalancerRegistry with(LoadBalancerProvider provider) {
        Map<String, LoadBalancerProvider> more = new HashMap<>(providers);
        more.put(provider.name(), provider);
        return new LoadBalancerRegistry(more);
    }

    /** The provider of the policy with that name; null if there is none. */
    public @Nullable LoadBalancerProvider find(String name) {
        return providers.get(name);
    }
}
