package io.peregrine.client.balancer;

import io.peregrine.client.balancer.policy.LeastRequest;
import io.peregrine.client.balancer.policy.OutlierDetection;
import io.peregrine.client.balancer.policy.PeakEwma;
import io.peregrine.client.balancer.policy.PickFirst;
import io.peregrine.client.balancer.policy.Priority;
import io.peregrine.client.balancer.policy.RandomSubsetting;
import io.peregrine.client.balancer.policy.RingHash;
import io.peregrine.client.balancer.policy.RoundRobin;
import io.peregrine.client.balancer.policy.WeightedRoundRobin;
import io.peregrine.client.balancer.policy.WeightedTarget;
import io.peregrine.client.balancer.policy.ZonePreference;
import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.config.json.ServiceConfigException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The policies that a service config may choose, by name (SPEC LB-1). Immutable; a name that is not in it is looked for
 * among those that a {@link ServiceLoader} finds, once for each process.
 */
public final class LoadBalancerRegistry {
    /** What other gRPC clients put behind the names of some policies. */
    private static final String EXPERIMENTAL = "_experimental";

    private static final LoadBalancerRegistry STANDARD = new LoadBalancerRegistry(Map.of());

    private final Map<String, LoadBalancerProvider> providers;

    private LoadBalancerRegistry(Map<String, LoadBalancerProvider> providers) {
        this.providers = Map.copyOf(providers);
    }

    /** Those of this library; loaded when a config names one of them, which a channel's first call need not wait for. */
    private static final class BuiltIn {
        static final Map<String, LoadBalancerProvider> PROVIDERS = Stream.of(
                        PickFirst.provider(),
                        RoundRobin.provider(),
                        WeightedRoundRobin.provider(),
                        LeastRequest.provider(),
                        PeakEwma.provider(),
                        RingHash.provider(),
                        RandomSubsetting.provider(),
                        OutlierDetection.provider(),
                        Priority.provider(),
                        WeightedTarget.provider(),
                        ZonePreference.provider())
                .collect(Collectors.toUnmodifiableMap(LoadBalancerProvider::name, provider -> provider));
    }

    /** Those of other libraries; read when a name is not known, which is rare, since it takes time. */
    private static final class Installed {
        static final Map<String, LoadBalancerProvider> PROVIDERS = load();

        private static Map<String, LoadBalancerProvider> load() {
            Map<String, LoadBalancerProvider> found = new HashMap<>();
            ServiceLoader.load(LoadBalancerProvider.class, LoadBalancerProvider.class.getClassLoader())
                    .forEach(provider -> found.putIfAbsent(provider.name(), provider));
            return Map.copyOf(found);
        }
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

    /**
     * The provider of the policy with that name; null if there is none. Where other gRPC clients know a policy of this
     * registry as, for example, {@code ring_hash_experimental} only, that finds it, too.
     */
    public @Nullable LoadBalancerProvider find(String name) {
        LoadBalancerProvider own = known(name);
        if (own == null && name.endsWith(EXPERIMENTAL)) {
            own = known(name.substring(0, name.length() - EXPERIMENTAL.length()));
        }
        return own == null ? Installed.PROVIDERS.get(name) : own;
    }

    private @Nullable LoadBalancerProvider known(String name) {
        LoadBalancerProvider own = providers.get(name);
        return own == null ? BuiltIn.PROVIDERS.get(name) : own;
    }

    /**
     * Reads a choice of policies, as {@code loadBalancingConfig} and {@code childPolicy} have it: a list of objects with
     * one name each, of which the first that is known counts (SPEC SV-8).
     *
     * @throws ServiceConfigException if none is known, or the config of the one that counts is wrong
     */
    public LoadBalancingPolicy parse(ConfigValue choices) {
        return parse(choices, choices.asList());
    }

    private LoadBalancingPolicy parse(ConfigValue choices, List<ConfigValue> listed) {
        LoadBalancingPolicy first = null;
        for (ConfigValue element : listed) {
            ConfigObject choice = element.asObject();
            if (choice.names().size() != 1) {
                throw new ServiceConfigException(choice.path() + ": an object with "
                        + choice.names().size() + " names (expected: one name, that of a policy)");
            }
            String name = choice.names().iterator().next();
            LoadBalancerProvider provider = find(name);
            if (first == null && provider != null) {
                first = parse(provider, choice.field(name).asObject());
            }
        }
        if (first == null) {
            throw choices.wrong("at least one policy that is registered");
        }
        return first;
    }

    /**
     * Reads the config of a policy. A provider may be foreign: whatever it throws is a {@link ServiceConfigException}.
     */
    public LoadBalancingPolicy parse(LoadBalancerProvider provider, ConfigObject config) {
        try {
            return provider.parse(config, this);
        } catch (ServiceConfigException wrong) {
            throw wrong;
        } catch (RuntimeException refused) {
            throw new ServiceConfigException(
                    config.path() + ": refused by the policy " + provider.name() + ": " + refused, refused);
        }
    }
}
