package io.peregrine.client.resolver;

import java.net.InetSocketAddress;

/** The scheme {@code passthrough}: the endpoint is the address, looked up only when a connection is made. */
public final class PassthroughResolverProvider implements NameResolverProvider {
    @Override
    public String scheme() {
        return "passthrough";
    }

    @Override
    public NameResolver newResolver(Target target, ResolverContext context) {
        HostPort address = HostPort.parse(target.endpoint(), context.defaultPort());
        return new FixedResolver(Endpoint.of(InetSocketAddress.createUnresolved(address.host(), address.port())));
    }
}
