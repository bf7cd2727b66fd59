package io.peregrine.client.config;

import io.peregrine.client.balancer.LoadBalancerProvider;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.config.json.ServiceConfigException;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Reads a service config as a whole: the first thing that is wrong ends it (SPEC 2.10, SV-9). */
final class ServiceConfigParser {
    private static final double LEAST_TOKENS = 0.001;
    private static final double MOST_TOKENS = 1000;

    private final LoadBalancerRegistry policies;
    private final Set<String> names = new HashSet<>();
    private final ServiceConfig.Builder parsed = ServiceConfig.builder();

    ServiceConfigParser(LoadBalancerRegistry policies) {
        this.policies = policies;
    }

    ServiceConfig parse(ConfigValue root) {
        ConfigObject config = root.asObject();
        readLoadBalancing(config);
        ConfigValue methodConfig = config.field("methodConfig");
        if (methodConfig.isPresent()) {
            methodConfig.asList().forEach(entry -> readMethodConfig(entry.asObject()));
        }
        readThrottling(config.field("retryThrottling"));
        readHealthCheck(config.field("healthCheckConfig"));
        readConnectionScaling(config.field("connectionScaling"));
        return parsed.build();
    }

    // SV-8: load balancing

    private void readLoadBalancing(ConfigObject config) {
        ConfigValue deprecated = config.field("loadBalancingPolicy");
        String name = deprecated.isPresent() ? deprecated.asString() : "";
        ConfigValue choices = config.field("loadBalancingConfig");
        if (choices.isPresent() && !choices.asList().isEmpty()) {
            parsed.loadBalancing(policies.parse(choices));
            return;
        }
        // The names of the deprecated field are those of an enum, in capitals.
        LoadBalancerProvider provider = policies.find(name.toLowerCase(Locale.ROOT));
        if (provider != null) {
            parsed.loadBalancing(policies.parse(provider, ConfigObject.empty(deprecated.path())));
        }
    }

    // SV-3: methods

    /** One without a name is for no method, and is not even looked at. */
    private void readMethodConfig(ConfigObject entry) {
        ConfigValue named = entry.field("name");
        if (!named.isPresent()) {
            return;
        }
        List<ConfigValue> listed = named.asList();
        if (listed.isEmpty()) {
            return;
        }
        MethodConfig config = MethodConfigParser.parse(entry);
        listed.forEach(name -> readName(name, config));
    }

    private void readName(ConfigValue value, MethodConfig config) {
        ConfigObject name = value.asObject();
        String service = textOf(name.field("service"));
        String method = textOf(name.field("method"));
        if (service.isEmpty() && !method.isEmpty()) {
            throw name.field("service").wrong("a service, since there is a method");
        }
        if (service.startsWith("/") || service.endsWith("/")) {
            throw name.field("service").wrong("a service such as package.Service");
        }
        if (method.indexOf('/') >= 0) {
            throw name.field("method").wrong("a method without a slash");
        }
        if (!names.add(service + '/' + method)) {
            String shown =
                    service.isEmpty() ? "the name of all methods" : service + (method.isEmpty() ? "" : '/' + method);
            throw new ServiceConfigException(name.path() + ": " + shown + " given twice (expected: once)");
        }
        if (service.isEmpty()) {
            parsed.defaults(config);
        } else if (method.isEmpty()) {
            parsed.service(service, config);
        } else {
            parsed.method(service + '/' + method, config);
        }
    }

    private static String textOf(ConfigValue value) {
        return value.isPresent() ? value.asString() : "";
    }

    // SV-7, A17, A105

    private void readThrottling(ConfigValue value) {
        if (!value.isPresent()) {
            return;
        }
        ConfigObject throttling = value.asObject();
        double maxTokens = throttling.field("maxTokens").asDouble(LEAST_TOKENS, true, MOST_TOKENS);
        double tokenRatio = throttling.field("tokenRatio").asDouble(LEAST_TOKENS, true, Double.MAX_VALUE);
        parsed.retryThrottling(maxTokens, tokenRatio);
    }

    private void readHealthCheck(ConfigValue value) {
        if (!value.isPresent()) {
            return;
        }
        ConfigValue service = value.asObject().field("serviceName");
        if (service.isPresent()) {
            parsed.healthCheck(service.asString());
        }
    }

    private void readConnectionScaling(ConfigValue value) {
        if (!value.isPresent()) {
            return;
        }
        ConfigValue connections = value.asObject().field("maxConnectionsPerSubchannel");
        if (connections.isPresent()) {
            parsed.maxConnectionsPerSubchannel(connections.asInt(1));
        }
    }
}
