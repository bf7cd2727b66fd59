package io.peregrine.client.config;

import io.peregrine.client.CallOptions;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.policy.PickFirst;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.config.json.JsonText;
import io.peregrine.client.config.json.ServiceConfigException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a channel balances, and how its calls behave unless they say otherwise (gRFC A2, A6, A21; SPEC 2.10).
 * Immutable, so that a call sees one config as a whole however often the resolver brings another.
 *
 * <pre>{@code
 * ServiceConfig.builder()
 *         .method("helloworld.Greeter/SayHello", m -> m
 *                 .timeout(Duration.ofMillis(50))
 *                 .retry(RetryPolicy.exponential(Duration.ofMillis(5), 2.0, Duration.ofMillis(20))))
 *         .service("helloworld.Greeter", m -> m.waitForReady(true))
 *         .retryThrottling(10, 0.1)
 *         .build()
 * }</pre>
 */
public final class ServiceConfig {
    /** Says nothing about anything: pick_first, and calls as they come. */
    public static final ServiceConfig EMPTY = builder().build();

    private final Map<String, MethodConfig> methods;
    private final Map<String, MethodConfig> services;
    private final MethodConfig defaults;

    /** No method and no service has a config of its own: then a call looks nothing up. */
    private final boolean uniform;

    private final @Nullable RetryThrottling retryThrottling;
    private final LoadBalancingPolicy loadBalancing;
    private final @Nullable String healthCheckService;
    private final int maxConnectionsPerSubchannel;
    private final @Nullable ConfigSelector selector;

    private ServiceConfig(Builder builder) {
        this.methods = Map.copyOf(builder.methods);
        this.services = Map.copyOf(builder.services);
        this.defaults = builder.defaults == null ? MethodConfig.EMPTY : builder.defaults;
        this.uniform = methods.isEmpty() && services.isEmpty();
        this.retryThrottling = builder.retryThrottling;
        this.loadBalancing = builder.loadBalancing;
        this.healthCheckService = builder.healthCheckService;
        this.maxConnectionsPerSubchannel = builder.maxConnectionsPerSubchannel;
        this.selector = null;
    }

    private ServiceConfig(ServiceConfig from, @Nullable ConfigSelector selector) {
        this.methods = from.methods;
        this.services = from.services;
        this.defaults = from.defaults;
        this.uniform = from.uniform;
        this.retryThrottling = from.retryThrottling;
        this.loadBalancing = from.loadBalancing;
        this.healthCheckService = from.healthCheckService;
        this.maxConnectionsPerSubchannel = from.maxConnectionsPerSubchannel;
        this.selector = selector;
    }

    /** Begins with nothing set. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Reads the JSON form, with the policies that come with the library. Fields that are not known are ignored
     * (SV-1); if one that is known is wrong, so is the whole (SV-9).
     *
     * @throws ServiceConfigException with one sentence: the JSON path, the value and what was expected
     */
    public static ServiceConfig parse(String json) {
        return parse(json, LoadBalancerRegistry.standard());
    }

    /** As {@link #parse(String)}, with the policies of {@code policies}. */
    public static ServiceConfig parse(String json, LoadBalancerRegistry policies) {
        return new ServiceConfigParser(policies).parse(JsonText.parse(json));
    }

    /**
     * As {@link #parse(String)}, for JSON that was read before: objects are maps, lists are lists, and numbers are of
     * any kind (SV-14).
     */
    public static ServiceConfig parse(Map<String, ?> json) {
        return parse(json, LoadBalancerRegistry.standard());
    }

    /** As {@link #parse(Map)}, with the policies of {@code policies}. */
    public static ServiceConfig parse(Map<String, ?> json, LoadBalancerRegistry policies) {
        return new ServiceConfigParser(policies).parse(ConfigValue.root(json));
    }

    /**
     * What holds for a method: the config of the method, else of its service, else of all (SV-3). One config holds as
     * a whole; they are not merged. Any thread; allocates nothing.
     */
    public MethodConfig methodConfig(MethodDescriptor<?, ?> method) {
        return uniform ? defaults : lookUp(method);
    }

    /** Apart, so that a channel without such configs has nothing to call. */
    private MethodConfig lookUp(MethodDescriptor<?, ?> method) {
        MethodConfig exact = methods.get(method.fullName());
        if (exact != null) {
            return exact;
        }
        MethodConfig ofService = services.get(method.serviceName());
        return ofService != null ? ofService : defaults;
    }

    /**
     * What holds for a call: what the selector says, if the resolver brought one (SV-12), else {@link
     * #methodConfig(MethodDescriptor)}. Any thread; allocates nothing unless the selector does.
     *
     * @throws StatusException if the selector fails the call, with a code that the control plane may use (A54), or
     *     throws anything else: then INTERNAL
     */
    public MethodConfig methodConfig(MethodDescriptor<?, ?> method, CallOptions options) {
        ConfigSelector chooser = selector;
        return chooser == null ? methodConfig(method) : selected(chooser, method, options);
    }

    /** This config, whose method configs a selector chooses; null for none (SV-12). */
    public ServiceConfig withSelector(@Nullable ConfigSelector newSelector) {
        return newSelector == selector ? this : new ServiceConfig(this, newSelector);
    }

    private static MethodConfig selected(ConfigSelector selector, MethodDescriptor<?, ?> method, CallOptions options) {
        Status failure;
        try {
            @Nullable MethodConfig chosen = selector.select(method, options);
            if (chosen != null) {
                return chosen;
            }
            failure = Status.of(StatusCode.INTERNAL, "the config selector gave null (expected: a config)");
        } catch (StatusException failed) {
            failure = failed.status().asControlPlane();
        } catch (RuntimeException | Error thrown) {
            failure = new Status(StatusCode.INTERNAL, "the config selector threw " + thrown, thrown);
        }
        throw new StatusException(failure);
    }

    /** When the channel stops to retry and to hedge; null for never. */
    public @Nullable RetryThrottling retryThrottling() {
        return retryThrottling;
    }

    /** How calls are spread over the servers; pick_first unless another was chosen. */
    public LoadBalancingPolicy loadBalancing() {
        return loadBalancing;
    }

    /**
     * The service whose health is to decide whether a connection is used, empty for the server as a whole; null for no
     * health check (A17). Has no effect yet.
     */
    public @Nullable String healthCheckService() {
        return healthCheckService;
    }

    /** How many connections a subchannel may have, 1 or more (A105); within the channel's own limit. */
    public int maxConnectionsPerSubchannel() {
        return maxConnectionsPerSubchannel;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        if (this == other) {
            // The usual case of a channel's; the first comparison of two records costs a JVM some 20 ms.
            return true;
        }
        return other instanceof ServiceConfig that
                && methods.equals(that.methods)
                && services.equals(that.services)
                && defaults.equals(that.defaults)
                && Objects.equals(retryThrottling, that.retryThrottling)
                && loadBalancing.equals(that.loadBalancing)
                && Objects.equals(healthCheckService, that.healthCheckService)
                && maxConnectionsPerSubchannel == that.maxConnectionsPerSubchannel
                && Objects.equals(selector, that.selector);
    }

    @Override
    public int hashCode() {
        return Objects.hash(
                methods,
                services,
                defaults,
                retryThrottling,
                loadBalancing,
                healthCheckService,
                maxConnectionsPerSubchannel,
                selector);
    }

    @Override
    public String toString() {
        return "ServiceConfig[methods=" + methods + ", services=" + services + ", defaults=" + defaults
                + ", retryThrottling=" + retryThrottling + ", loadBalancing=" + loadBalancing + ", healthCheckService="
                + healthCheckService + ", maxConnectionsPerSubchannel=" + maxConnectionsPerSubchannel + ']';
    }

    /** Builds a config. Not safe for use by several threads. */
    public static final class Builder {
        private final Map<String, MethodConfig> methods = new HashMap<>();
        private final Map<String, MethodConfig> services = new HashMap<>();
        private @Nullable MethodConfig defaults;
        private @Nullable RetryThrottling retryThrottling;
        private LoadBalancingPolicy loadBalancing = PickFirst.policy();
        private @Nullable String healthCheckService;
        private int maxConnectionsPerSubchannel = 1;

        private Builder() {}

        /**
         * Sets what holds for one method.
         *
         * @param fullName {@code package.Service/Method}, without a leading slash
         * @throws IllegalArgumentException if the name is malformed or was given before, or the config is wrong
         */
        public Builder method(String fullName, Consumer<MethodConfig.Builder> config) {
            return method(fullName, built(config));
        }

        /** See {@link #method(String, Consumer)}. */
        public Builder method(String fullName, MethodConfig config) {
            int slash = fullName.lastIndexOf('/');
            if (slash <= 0 || slash == fullName.length() - 1 || fullName.charAt(0) == '/') {
                throw new IllegalArgumentException(
                        "method name: \"" + fullName + "\" (expected: package.Service/Method)");
            }
            putOnce(methods, "method", fullName, config);
            return this;
        }

        /**
         * Sets what holds for those methods of a service that have no config of their own.
         *
         * @param serviceName {@code package.Service}
         * @throws IllegalArgumentException if the name is malformed or was given before, or the config is wrong
         */
        public Builder service(String serviceName, Consumer<MethodConfig.Builder> config) {
            return service(serviceName, built(config));
        }

        /** See {@link #service(String, Consumer)}. */
        public Builder service(String serviceName, MethodConfig config) {
            if (serviceName.isEmpty() || serviceName.charAt(0) == '/' || serviceName.endsWith("/")) {
                throw new IllegalArgumentException("service name: \"" + serviceName + "\" (expected: package.Service)");
            }
            putOnce(services, "service", serviceName, config);
            return this;
        }

        /**
         * Sets what holds for methods that neither have a config nor a service with one.
         *
         * @throws IllegalArgumentException if it was set before, or the config is wrong
         */
        public Builder defaults(Consumer<MethodConfig.Builder> config) {
            return defaults(built(config));
        }

        /** See {@link #defaults(Consumer)}. */
        public Builder defaults(MethodConfig config) {
            if (defaults != null) {
                throw new IllegalArgumentException("defaults: given twice (expected: once)");
            }
            defaults = config;
            return this;
        }

        /**
         * Stops retries and hedging while many calls fail; see {@link RetryThrottling#of}. Default never.
         *
         * @throws IllegalArgumentException if a number is out of its range
         */
        public Builder retryThrottling(double maxTokens, double tokenRatio) {
            return retryThrottling(RetryThrottling.of(maxTokens, tokenRatio));
        }

        /** See {@link #retryThrottling(double, double)}. */
        public Builder retryThrottling(RetryThrottling throttling) {
            retryThrottling = throttling;
            return this;
        }

        /** Sets how calls are spread over the servers; default pick_first. */
        public Builder loadBalancing(LoadBalancingPolicy policy) {
            loadBalancing = policy;
            return this;
        }

        /**
         * Names the service whose health is to decide whether a connection is used (A17); empty for the server as a
         * whole. Default no check. Has no effect yet.
         */
        public Builder healthCheck(String serviceName) {
            healthCheckService = serviceName;
            return this;
        }

        /**
         * Sets how many connections a subchannel may have when one has no room for more streams (A105); default 1. A
         * channel has a limit, and may have a maximum of its own: the greater of the two maxima counts, see {@link
         * io.peregrine.client.connection.ConnectionScaling}.
         *
         * @throws IllegalArgumentException if it is less than 1
         */
        public Builder maxConnectionsPerSubchannel(int connections) {
            if (connections < 1) {
                throw new IllegalArgumentException(
                        "max connections per subchannel: " + connections + " (expected: 1 or more)");
            }
            maxConnectionsPerSubchannel = connections;
            return this;
        }

        /** Builds it. */
        public ServiceConfig build() {
            return new ServiceConfig(this);
        }

        private static MethodConfig built(Consumer<MethodConfig.Builder> config) {
            MethodConfig.Builder builder = MethodConfig.builder();
            config.accept(builder);
            return builder.build();
        }

        private static void putOnce(Map<String, MethodConfig> map, String what, String name, MethodConfig config) {
            if (map.putIfAbsent(name, config) != null) {
                throw new IllegalArgumentException(what + " name: \"" + name + "\" given twice (expected: once)");
            }
        }
    }
}
