package io.peregrine.client.resolver;

import java.net.InetSocketAddress;
import java.util.List;
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
        return new NameResolver() {
            @Override
            public void start(Listener listener) {
                listener.onEndpoints(
                        List.of(Endpoint.of(InetSocketAddress.createUnresolved(address.host(), address.port()))));
            }

            @Override
            public void resolveNow() {
                // The answer is the question; there is nothing to ask again.
            }

            @Override
            public void close() {
                // Holds nothing.
            }
        };
    }
}
