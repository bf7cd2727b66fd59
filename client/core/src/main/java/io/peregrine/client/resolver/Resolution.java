package io.peregrine.client.resolver;

import io.peregrine.client.config.ConfigSelector;
import io.peregrine.client.config.ServiceConfigSource;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a resolver found (SPEC RS-1). Immutable.
 *
 * @param endpoints in order of preference; an empty list counts as an error (RS-3)
 * @param serviceConfig how to call them; null if the resolver has nothing to say about it
 * @param configSelector chooses the config of each call in place of the service config (SV-12); null for none
 */
public record Resolution(
        List<Endpoint> endpoints,
        @Nullable ServiceConfigSource serviceConfig,
        @Nullable ConfigSelector configSelector) {
    /** Copies the list. */
    public Resolution {
        endpoints = List.copyOf(endpoints);
    }

    /** Endpoints alone. */
    public static Resolution of(List<Endpoint> endpoints) {
        return new Resolution(endpoints, null, null);
    }

    /** This one with other endpoints. */
    public Resolution withEndpoints(List<Endpoint> others) {
        return new Resolution(others, serviceConfig, configSelector);
    }

    /** This one with a service config. */
    public Resolution withServiceConfig(ServiceConfigSource source) {
        return new Resolution(endpoints, source, configSelector);
    }

    /** This one with a selector. */
    public Resolution withConfigSelector(ConfigSelector selector) {
        return new Resolution(endpoints, serviceConfig, selector);
    }
}
