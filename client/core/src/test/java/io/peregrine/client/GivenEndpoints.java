package io.peregrine.client;

import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.NameResolverProvider;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.Target;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** The scheme {@code given}: resolvers that report the endpoints that the test sets, at once and whenever it does. */
final class GivenEndpoints implements NameResolverProvider {
    private final List<NameResolver.Listener> listeners = new CopyOnWriteArrayList<>();
    private final AtomicInteger opened = new AtomicInteger();
    private volatile List<Endpoint> endpoints;

    GivenEndpoints(Endpoint... endpoints) {
        this.endpoints = List.of(endpoints);
    }

    /** Those of servers on the loopback address. */
    static Endpoint[] loopback(int... ports) {
        return Arrays.stream(ports)
                .mapToObj(port -> Endpoint.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), port)))
                .toArray(Endpoint[]::new);
    }

    void set(Endpoint... newEndpoints) {
        endpoints = List.of(newEndpoints);
        listeners.forEach(listener -> listener.onEndpoints(endpoints));
    }

    /** How many resolvers were ever started. */
    int opened() {
        return opened.get();
    }

    /** How many resolvers are open. */
    int open() {
        return listeners.size();
    }

    @Override
    public String scheme() {
        return "given";
    }

    @Override
    public NameResolver newResolver(Target target, ResolverContext context) {
        return new Given();
    }

    private final class Given implements NameResolver {
        private volatile Listener heard = new Listener() {
            @Override
            public void onEndpoints(List<Endpoint> ignored) {}

            @Override
            public void onError(Status ignored) {}
        };

        @Override
        public void start(Listener listener) {
            heard = listener;
            opened.incrementAndGet();
            listeners.add(listener);
            listener.onEndpoints(endpoints);
        }

        @Override
        public void resolveNow() {}

        @Override
        public void close() {
            listeners.remove(heard);
        }
    }
}
