package io.peregrine.client.config;

import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.config.json.ServiceConfigException;
import java.util.Map;

/**
 * A service config as a resolver found it: not read yet, because only the channel knows which balancing policies it
 * has.
 */
@FunctionalInterface
public interface ServiceConfigSource {
    /**
     * Reads it. Called in the channel's serialised context.
     *
     * @throws ServiceConfigException if it is wrong; then the last good config stays (SPEC SV-10)
     */
    ServiceConfig parse(LoadBalancerRegistry policies);

    /** JSON text. */
    static ServiceConfigSource json(String text) {
        return policies -> ServiceConfig.parse(text, policies);
    }

    /** A part of a JSON text, whose errors name their path in the whole. */
    static ServiceConfigSource json(ConfigValue value) {
        return policies -> new ServiceConfigParser(policies).parse(value);
    }

    /** JSON that was read before; see {@link ServiceConfig#parse(Map)}. Must not be changed any more. */
    static ServiceConfigSource map(Map<String, ?> json) {
        return policies -> ServiceConfig.parse(json, policies);
    }

    /** One that was built, or parsed, by the resolver. */
    static ServiceConfigSource of(ServiceConfig config) {
        return policies -> config;
    }

    /** One that the resolver could not read. */
    static ServiceConfigSource wrong(String sentence) {
        return policies -> {
            throw new ServiceConfigException(sentence);
        };
    }
}
