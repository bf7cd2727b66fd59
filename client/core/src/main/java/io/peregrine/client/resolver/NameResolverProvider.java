package io.peregrine.client.resolver;

import java.util.concurrent.ScheduledExecutorService;

/** Makes the resolvers of one scheme. Safe for use by several threads. */
public interface NameResolverProvider {
    /** The scheme, in lower case. */
    String scheme();

    /**
     * The authority of requests to such a target, unless the user names another (SPEC TG-5): the endpoint, with
     * localhost in front of a mere port.
     */
    default String authority(Target target) {
        return target.endpoint().startsWith(":") ? "localhost" + target.endpoint() : target.endpoint();
    }

    /**
     * Makes a resolver; does no I/O.
     *
     * @param defaultPort the port for endpoints that name none: 443 with TLS, 80 without (DN-1)
     * @param timer for delays; its tasks must be short
     * @throws IllegalArgumentException if the endpoint is malformed
     */
    NameResolver newResolver(Target target, int defaultPort, ScheduledExecutorService timer);
}
