package io.peregrine.grpcjava.internal.resolver;

import io.grpc.HttpConnectProxiedSocketAddress;
import io.grpc.ProxiedSocketAddress;
import io.grpc.ProxyDetector;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.HostPort;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.NameResolverProvider;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.Target;
import io.peregrine.transport.proxy.ProxiedAddress;
import io.peregrine.transport.proxy.ProxyServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Asks a proxy detector of grpc-java's about the name of each target, before it is looked up: one that has a proxy is
 * left to it, the others are resolved as ever.
 */
public final class DetectedProxies implements NameResolverProvider {
    private final NameResolverProvider direct;
    private final ProxyDetector detector;
    private final Executor offload;

    /**
     * Decorates {@code direct}, whose endpoints are {@code host:port}.
     *
     * @param offload where the detector may block
     */
    public DetectedProxies(NameResolverProvider direct, ProxyDetector detector, Executor offload) {
        this.direct = direct;
        this.detector = detector;
        this.offload = offload;
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
    public NameResolver newResolver(Target target, ResolverContext context) {
        HostPort wanted = HostPort.parse(target.endpoint(), context.defaultPort());
        return new Detecting(
                direct.newResolver(target, context), InetSocketAddress.createUnresolved(wanted.host(), wanted.port()));
    }

    /** The way through the proxy; null if there is none. */
    private @Nullable ProxiedAddress detect(InetSocketAddress name) throws IOException {
        ProxiedSocketAddress proxied = detector.proxyFor(name);
        if (proxied == null) {
            return null;
        }
        if (!(proxied instanceof HttpConnectProxiedSocketAddress way)
                || !(way.getProxyAddress() instanceof InetSocketAddress address)) {
            throw new IOException("the proxy detector answered " + proxied + " (expected: HTTP CONNECT over TCP)");
        }
        if (!way.getHeaders().isEmpty()) {
            throw new IOException("the proxy detector wants the headers "
                    + way.getHeaders().keySet() + " in the CONNECT request (expected: none)");
        }
        ProxyServer server = ProxyServer.httpConnect(address.getHostString(), address.getPort());
        String user = way.getUsername();
        String password = way.getPassword();
        if (user != null) {
            server = server.withCredentials(user, password == null ? "" : password);
        }
        return new ProxiedAddress(server, address, way.getTargetAddress());
    }

    /**
     * Asks the detector on another thread, and then goes one of the two ways, for good if it is the direct one. Guarded by
     * itself: what the detector answers meets what the channel wants.
     */
    private final class Detecting implements NameResolver {
        private final NameResolver resolver;
        private final InetSocketAddress name;
        private @Nullable Listener listener;
        private boolean detecting;
        private boolean direct;
        private boolean closed;

        Detecting(NameResolver resolver, InetSocketAddress name) {
            this.resolver = resolver;
            this.name = name;
        }

        @Override
        public synchronized void start(Listener to) {
            listener = to;
            detectOnce();
        }

        @Override
        public synchronized void resolveNow() {
            if (direct) {
                resolver.resolveNow();
            } else {
                detectOnce();
            }
        }

        @Override
        public synchronized void retry() {
            if (direct) {
                resolver.retry();
            } else {
                detectOnce();
            }
        }

        @Override
        public synchronized void close() {
            closed = true;
            resolver.close();
        }

        private void detectOnce() {
            Listener to = listener;
            if (to != null && !detecting) {
                detecting = true;
                offload.execute(() -> detectFor(to));
            }
        }

        private void detectFor(Listener to) {
            ProxiedAddress way;
            try {
                way = detect(name);
            } catch (IOException | RuntimeException failed) {
                onDetected();
                to.onError(new Status(
                        StatusCode.UNAVAILABLE, "the proxy detector failed for " + name + ": " + failed, failed));
                return;
            }
            if (way == null) {
                goDirectly(to);
            } else {
                onDetected();
                to.onEndpoints(List.of(Endpoint.of(way)));
            }
        }

        private synchronized void goDirectly(Listener to) {
            detecting = false;
            if (!closed && !direct) {
                direct = true;
                resolver.start(to);
            }
        }

        private synchronized void onDetected() {
            detecting = false;
        }
    }
}
