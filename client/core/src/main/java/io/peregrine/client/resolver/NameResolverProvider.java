package io.peregrine.client.resolver;

/**
 * Makes the resolvers of one scheme. Safe for use by several threads.
 *
 * <p>Those that a {@link java.util.ServiceLoader} finds are known to every channel; a channel's own come first.
 */
public interface NameResolverProvider {
    /** The scheme, in lower case. */
    String scheme();

    /**
     * The authority of requests to such a target, unless the user names another (SPEC TG-5): the endpoint,
     * percent-encoded, with localhost in front of a mere port.
     */
    default String authority(Target target) {
        String encoded = target.encodedEndpoint();
        return encoded.startsWith(":") ? "localhost" + encoded : encoded;
    }

    /**
     * Whether a target that goes through a proxy is left to the proxy by its name, and not looked up here (SPEC PX-2):
     * the endpoint is then {@code host:port}. Default false: each address that the resolver finds goes through the proxy.
     */
    default boolean leavesNamesToProxies() {
        return false;
    }

    /**
     * Makes a resolver; does no I/O.
     *
     * @throws IllegalArgumentException if the endpoint is malformed
     */
    NameResolver newResolver(Target target, ResolverContext context);
}
