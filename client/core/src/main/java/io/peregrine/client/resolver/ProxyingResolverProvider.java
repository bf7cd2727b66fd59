package io.peregrine.client.resolver;

import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.resolver.dns.DnsResolverProvider;
import io.peregrine.transport.proxy.ProxiedAddress;
import io.peregrine.transport.proxy.ProxyRules;
import io.peregrine.transport.proxy.ProxyServer;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.function.Function;

/**
 * Makes the resolvers of another provider, and leads what they find through the proxy that rules name. Safe for use by
 * several threads.
 *
 * <p>A {@code dns} target with a proxy is not looked up: the proxy's own addresses are, and each is one way to the
 * target's name (SPEC PX-2). Of other schemes each TCP address that the resolver reports goes through the proxy that
 * the rules name for it; addresses of other kinds, such as unix sockets, stay as they are (PX-3).
 */
public final class ProxyingResolverProvider implements NameResolverProvider {
    /** Looks up proxies, whose names the system knows. */
    private static final NameResolverProvider PROXIES = new DnsResolverProvider();

    private final NameResolverProvider direct;
    private final ProxyRules rules;

    /** Decorates {@code direct}. */
    public ProxyingResolverProvider(NameResolverProvider direct, ProxyRules rules) {
        this.direct = direct;
        this.rules = rules;
    }

    @Override
    public String scheme() {
        return direct.scheme();
    }

    @Override
    public String authority(Target target) {
        return direct.authority(target);
    }

    @Override
    public boolean leavesNamesToProxies() {
        return direct.leavesNamesToProxies();
    }

    @Override
    public NameResolver newResolver(Target target, ResolverContext context) {
        NameResolver resolver = direct.newResolver(target, context);
        if (!direct.leavesNamesToProxies()) {
            return new Redirecting(resolver, this::throughProxy, "");
        }
        HostPort wanted = HostPort.parse(target.endpoint(), context.defaultPort());
        ProxyServer proxy = rules.proxyFor(wanted.host(), wanted.port());
        if (proxy == null) {
            return resolver;
        }
        resolver.close();
        HostPort proxyName = new HostPort(proxy.host(), proxy.port());
        InetSocketAddress unresolved = InetSocketAddress.createUnresolved(wanted.host(), wanted.port());
        return new Redirecting(
                PROXIES.newResolver(new Target(PROXIES.scheme(), "", proxyName.toString()), context),
                address -> new ProxiedAddress(proxy, (InetSocketAddress) address, unresolved),
                "proxy of " + wanted + ": ");
    }

    private SocketAddress throughProxy(SocketAddress address) {
        if (!(address instanceof InetSocketAddress target)) {
            return address;
        }
        String host = target.isUnresolved()
                ? target.getHostString()
                : target.getAddress().getHostAddress();
        ProxyServer proxy = rules.proxyFor(host, target.getPort());
        return proxy == null ? address : ProxiedAddress.of(proxy, target);
    }

    /** A resolver whose addresses are changed on their way to the listener. */
    private static final class Redirecting implements NameResolver {
        private final NameResolver source;
        private final Function<SocketAddress, SocketAddress> way;
        private final String errorPrefix;

        Redirecting(NameResolver source, Function<SocketAddress, SocketAddress> way, String errorPrefix) {
            this.source = source;
            this.way = way;
            this.errorPrefix = errorPrefix;
        }

        @Override
        public void start(Listener listener) {
            source.start(new Listener() {
                @Override
                public void onEndpoints(List<Endpoint> endpoints) {
                    onResolution(Resolution.of(endpoints));
                }

                @Override
                public void onResolution(Resolution resolution) {
                    List<Endpoint> redirected;
                    try {
                        redirected = resolution.endpoints().stream()
                                .map(endpoint -> new Endpoint(
                                        endpoint.addresses().stream().map(way).toList(), endpoint.attributes()))
                                .toList();
                    } catch (IllegalArgumentException noHost) {
                        // A host that cannot be told to a proxy is the resolver's fault, and the call's to learn of.
                        onError(new Status(
                                StatusCode.UNAVAILABLE, "no way through the proxy: " + noHost.getMessage(), noHost));
                        return;
                    }
                    listener.onResolution(resolution.withEndpoints(redirected));
                }

                @Override
                public void onError(Status status) {
                    listener.onError(new Status(status.code(), errorPrefix + status.message(), status.cause()));
                }
            });
        }

        @Override
        public void resolveNow() {
            source.resolveNow();
        }

        @Override
        public void retry() {
            source.retry();
        }

        @Override
        public void resetBackoff() {
            source.resetBackoff();
        }

        @Override
        public void close() {
            source.close();
        }
    }
}
