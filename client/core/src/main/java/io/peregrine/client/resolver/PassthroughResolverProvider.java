package io.peregrine.client.resolver;

import java.net.InetSocketAddress;
import java.util.concurrent.ScheduledExecutorService;

/** The scheme {@code passthrough}: the endpoint is the address, looked up only when a connection is made. */
public final class PassthroughResolverProvider implements NameResolverProvider {
    @Override
    public String scheme() {
        return "passthrough";
    }

    @Override
    public NameResolver newResolver(Target target, int defaultPort, ScheduledExecutorService timer) {
        HostPort address = HostPort.parse(target.endpoint(), defaultPort);
        return new FixedResolver(Endpoint.of(InetSocketAddress.createUnresolved(address.host(), address.port())));
    }
}
