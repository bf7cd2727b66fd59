package io.peregrine.client.resolver;

import java.net.InetSocketAddress;
import java.util.List;

/** The scheme {@code passthrough}: the endpoint is the address, looked up only when a connection is made. */
public final class PassthroughResolverProvider implements NameResolverProvider {
    @Override
    public String scheme() {
        return "passthrough";
    }

    @Override
    public NameResolver newResolver(Target target, ResolverContext context) {
        HostPort address = HostPort.parse(target.endpoint(), context.defaultPort());
        Endpoint endpoint = Endpoint.of(InetSocketAddress.createUnresolved(address.host(), address.port()));
        return NameResolver.fixed(Resolution.of(List.of(endpoint)));
    }
}
