package io.peregrine.client.internal.control;

import io.netty.channel.EventLoop;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.connection.ConnectionScaling;
import io.peregrine.client.connection.PoolStats;
import io.peregrine.client.internal.ChannelView;
import io.peregrine.client.internal.config.ActiveConfig;
import io.peregrine.client.internal.pool.PoolDirectory;
import io.peregrine.client.resolver.Attributes;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.HostLookup;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.Resolution;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.Http2Connector;
import io.peregrine.transport.http2.KeepAliveOptions;
import io.peregrine.transport.http2.StreamCapacity;
import io.peregrine.transport.http2.TransportListener;
import io.peregrine.transport.http2.TransportStream;
import io.peregrine.transport.io.ConnectionInfo;
import io.peregrine.transport.proxy.ProxiedAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The part of a channel that decides where calls go: resolver, balancer and subchannels, all in one serialised
 * context (SPEC 2.1). Calls meet it only through the {@link PickerSnapshot} that it publishes.
 */
public final class ControlPlane implements ChannelView {
    private static final System.Logger LOG = System.getLogger(ControlPlane.class.getName());

    /** How often a graceful shutdown looks whether the last waiting call has gone. */
    private static final long DRAIN_CHECK_NS = Duration.ofMillis(20).toNanos();

    /** When there are more addresses than this, those that may be connected to at once are forgotten. */
    private static final int MAX_IDLE_BACKOFFS = 1024;

    private final SyncContext context;
    private final PickerSnapshot pickers;
    private final ConnectivityWatch connectivity;
    private final Supplier<NameResolver> newResolver;
    private final ActiveConfig config;
    private final String serverName;
    private final CompletableFuture<Void> terminated = new CompletableFuture<>();
    private final Picker connectingPicker = info -> PickResult.queue();

    /** Changed in the context only; read by {@link #connections()} on any thread. */
    private final Set<ClientTransport> transports = ConcurrentHashMap.newKeySet();

    // In the context only.
    private final Map<SocketAddress, AddressBackoff> backoffs = new HashMap<>();
    private Http2Connector connector;
    private @Nullable NameResolver resolver;
    private @Nullable LoadBalancer balancer;
    private @Nullable BalancerContext balancerContext;
    private @Nullable LoadBalancingPolicy policy;
    private final Backoff askingDelays = new Backoff();
    private LoadBalancer.@Nullable Timer askingAgain;
    private boolean draining;
    private boolean drainScheduled;
    private boolean released;
    private boolean panicked;

    /** Plain: set before the channel is handed out, which publishes it. */
    private SubConnWatches watches = SubConnWatches.NONE;

    /** Plain, as {@link #watches}. */
    private PoolDirectory pools = PoolDirectory.ofSingles();

    /** For messages; written in the context. */
    private volatile String lastFailure = "";

    /**
     * A control plane that is idle.
     *
     * @param home runs delayed tasks, and what calls and watchers do when the channel's state changes
     * @param serverName the name that TLS verifies
     */
    public ControlPlane(
            EventLoop home,
            int maxWaitingCalls,
            Supplier<NameResolver> newResolver,
            ActiveConfig config,
            Http2Connector connector,
            String serverName) {
        this.context = new SyncContext(home, this::onPanic);
        this.pickers = new PickerSnapshot(newIdlePicker(), maxWaitingCalls, home);
        this.connectivity = new ConnectivityWatch(home);
        this.newResolver = newResolver;
        this.config = config;
        this.connector = connector;
        this.serverName = serverName;
    }

    /** Sets what is asked of servers beside the calls; before the channel leaves IDLE. Without it, nothing is. */
    public void watches(SubConnWatches newWatches) {
        watches = newWatches;
    }

    /** Sets how many connections addresses have; before the channel leaves IDLE. Without it, one. */
    public void scaling(ConnectionScaling scaling) {
        pools = PoolDirectory.of(scaling);
    }

    /** The connections at this moment. Any thread. */
    public PoolStats connectionStats() {
        return new PoolStats(pools.stats(), pickers.waiting());
    }

    /** Where calls pick. */
    public PickerSnapshot pickers() {
        return pickers;
    }

    @Override
    public ServiceConfig serviceConfig() {
        return config.current();
    }

    /** The channel's state. */
    public ConnectivityWatch connectivity() {
        return connectivity;
    }

    @Override
    public boolean isResolved() {
        return config.isApplied();
    }

    @Override
    public String lastFailure() {
        return lastFailure;
    }

    /** Completes when the channel is shut down and its last connection is closed. */
    public CompletableFuture<Void> terminated() {
        return terminated;
    }

    /** The connections that are open now. Any thread. */
    public List<ConnectionInfo> connections() {
        return transports.stream()
                .flatMap(transport -> transport.connectionInfo().stream())
                .toList();
    }

    /** Leaves IDLE (CH-2). Any thread. */
    public void exitIdle() {
        context.execute(() -> {
            // After shutdown() calls may still wait, and want their connection.
            if (released || panicked) {
                return;
            }
            LoadBalancer current = balancer;
            if (current != null) {
                current.exitIdle();
            } else if (resolver == null) {
                begin();
            }
        });
    }

    /** Lets calls under way, and those that wait, end; then closes (CH-11). Any thread. */
    public void shutdown() {
        context.execute(this::drain);
    }

    /** Closes at once. Any thread. */
    public void shutdownNow() {
        context.execute(() -> {
            release(Status.of(StatusCode.CANCELLED, "the channel was shut down"));
            List.copyOf(transports).forEach(transport -> transport.shutdownNow("the channel was shut down"));
        });
    }

    private void begin() {
        // The state first, so that nobody sees IDLE once a call has come (CH-2).
        update(ConnectivityState.CONNECTING, connectingPicker);
        NameResolver started = newResolver.get();
        resolver = started;
        started.start(new ResolverListener(started));
    }

    /** SV-10: the config first, then the balancer that it names, then the endpoints, which publish a picker. */
    private void onResolution(Resolution answer) {
        Status wrong = config.onAnswer(answer);
        if (wrong != null) {
            LOG.log(System.Logger.Level.WARNING, wrong.message());
        }
        boolean good;
        if (config.isApplied()) {
            pools.allow(config.current().maxConnectionsPerSubchannel());
            good = configuredBalancer().onEndpoints(answer.endpoints()) && wrong == null;
        } else {
            good = false;
            failWithoutConfig(Objects.requireNonNull(wrong));
        }
        if (good) {
            stopAsking();
            askingDelays.reset();
        } else {
            askAgain();
        }
    }

    private void failWithoutConfig(Status wrong) {
        lastFailure = wrong.message();
        PickResult result = PickResult.fail(wrong);
        update(ConnectivityState.TRANSIENT_FAILURE, info -> result);
    }

    /** The balancer as the config wants it: the one there is, perhaps with another config, or a new one. */
    private LoadBalancer configuredBalancer() {
        LoadBalancingPolicy wanted = config.current().loadBalancing();
        LoadBalancer current = balancer;
        if (current != null && (wanted.equals(policy) || current.tryReconfigure(wanted))) {
            policy = wanted;
            return current;
        }
        if (current != null) {
            current.close();
            update(ConnectivityState.CONNECTING, connectingPicker);
        }
        BalancerContext view = new BalancerContext();
        balancerContext = view;
        LoadBalancer made = wanted.newBalancer(view);
        balancer = made;
        policy = wanted;
        return made;
    }

    /** RS-1: an answer that is of no use is asked for again, in the backoff's rhythm. */
    private void askAgain() {
        if (askingAgain == null) {
            askingAgain = context.schedule(askingDelays.nextDelayNs(), () -> {
                askingAgain = null;
                if (resolver != null) {
                    resolver.retry();
                }
            });
        }
    }

    private void stopAsking() {
        if (askingAgain != null) {
            askingAgain.cancel();
            askingAgain = null;
        }
    }

    /** A new one for each time, since its effect comes once: see {@link PickerSnapshot}. */
    private Picker newIdlePicker() {
        return info -> {
            exitIdle();
            return PickResult.queue();
        };
    }

    private void update(ConnectivityState state, Picker picker) {
        connectivity.move(state);
        pickers.publish(picker);
    }

    /**
     * Lets what is under way end (CH-11). Resolver and policy stay until the last connection has closed: a call whose
     * server refuses it meanwhile was accepted before the shutdown, and still gets the connection it needs.
     */
    private void drain() {
        if (released) {
            return;
        }
        draining = true;
        if (pickers.waiting() > 0) {
            drainLater();
            return;
        }
        connectivity.move(ConnectivityState.SHUTDOWN);
        if (transports.isEmpty()) {
            release(Status.of(StatusCode.UNAVAILABLE, "the channel is shut down"));
        } else {
            transports.forEach(transport -> transport.shutdown("the channel is shut down"));
        }
    }

    private void drainLater() {
        if (!drainScheduled) {
            drainScheduled = true;
            context.schedule(DRAIN_CHECK_NS, () -> {
                drainScheduled = false;
                drain();
            });
        }
    }

    private void release(Status status) {
        if (released) {
            return;
        }
        released = true;
        connectivity.move(ConnectivityState.SHUTDOWN);
        closePolicies();
        PickResult result = PickResult.drop(status);
        pickers.publish(info -> result);
        completeIfTerminated();
    }

    private void completeIfTerminated() {
        if (released && transports.isEmpty()) {
            terminated.complete(null);
        }
    }

    /** CH-12: a fault of a resolver or a policy fails calls; it never hangs them. */
    private void onPanic(Throwable thrown) {
        LOG.log(System.Logger.Level.ERROR, "the channel's control plane failed", thrown);
        if (released || panicked) {
            return;
        }
        panicked = true;
        lastFailure = "the channel's control plane failed: " + thrown;
        PickResult result = PickResult.drop(new Status(StatusCode.INTERNAL, lastFailure, thrown));
        update(ConnectivityState.TRANSIENT_FAILURE, info -> result);
        closePolicies();
    }

    private void closePolicies() {
        stopAsking();
        if (resolver != null) {
            resolver.close();
            resolver = null;
        }
        if (balancer != null) {
            balancer.close();
        }
    }

    /** The balancer's view. */
    private final class BalancerContext implements LoadBalancer.Context, SubConnection.Channel {
        private final RandomGenerator random = new SplittableRandom();

        @Override
        public SubConn createSubConn(SocketAddress address, Attributes attributes, SubConn.Listener listener) {
            return new SubConnection(address, attributes, backoffOf(address), context, this, (state, status) -> {
                if (!status.isOk()) {
                    lastFailure = status.message();
                } else if (state == ConnectivityState.READY) {
                    lastFailure = "";
                }
                listener.onState(state, status);
            });
        }

        @Override
        public void updateState(ConnectivityState state, Picker picker) {
            context.requireInContext();
            if (this == balancerContext && !released && !panicked) {
                update(state, state == ConnectivityState.IDLE ? newIdlePicker() : picker);
            }
        }

        @Override
        public void resolveNow() {
            if (resolver != null) {
                resolver.resolveNow();
            }
        }

        @Override
        public LoadBalancer.Timer schedule(Duration delay, Runnable task) {
            return context.schedule(delay.toNanos(), task);
        }

        @Override
        public void execute(Runnable task) {
            context.execute(task);
        }

        @Override
        public long nanoTime() {
            return System.nanoTime();
        }

        @Override
        public RandomGenerator random() {
            return random;
        }

        @Override
        public PoolDirectory pools() {
            return pools;
        }

        @Override
        public void onOtherConnections() {
            pickers.wakeAll();
        }

        @Override
        public SubConnWatches watches() {
            return watches;
        }

        /** Kept beyond the subchannel, or a new one would begin without the backoff of the old. */
        private AddressBackoff backoffOf(SocketAddress address) {
            if (backoffs.size() >= MAX_IDLE_BACKOFFS) {
                backoffs.values().removeIf(backoff -> backoff.remainingNs() <= 0);
            }
            return backoffs.computeIfAbsent(address, unused -> new AddressBackoff());
        }

        @Override
        public ClientTransport open(SocketAddress address, long backoffNs, TransportListener listener) {
            ClientTransport transport;
            if (address instanceof InetSocketAddress inet && inet.isUnresolved()) {
                transport = new ResolvingTransport(inet, resolved -> resolved, backoffNs, listener);
            } else if (address instanceof ProxiedAddress proxied
                    && proxied.proxyAddress().isUnresolved()) {
                transport = new ResolvingTransport(proxied.proxyAddress(), proxied::through, backoffNs, listener);
            } else {
                transport = connector.forAttempt(backoffNs).connect(address, serverName, listener);
            }
            transports.add(transport);
            if (draining) {
                drainLater();
            }
            return transport;
        }

        /** Connections that were opened with the same time are to double it once, not once each. */
        @Override
        public void onTooManyPings(SocketAddress address, @Nullable KeepAliveOptions refused) {
            KeepAliveOptions current = connector.keepAlive();
            if (refused == null || current == null) {
                LOG.log(System.Logger.Level.WARNING, "{0} complains of too many PINGs, without keepalive", address);
            } else if (refused.doubled().time().compareTo(current.time()) > 0) {
                KeepAliveOptions slower = refused.doubled();
                connector = connector.withKeepAlive(slower);
                LOG.log(
                        System.Logger.Level.WARNING,
                        "{0} complains of too many PINGs: the keepalive time of future connections is {1} instead of"
                                + " {2}",
                        address,
                        slower.time(),
                        current.time());
            }
        }

        @Override
        public void onTransportClosed(ClientTransport transport) {
            transports.remove(transport);
            if (draining) {
                drain();
            }
            completeIfTerminated();
        }
    }

    /** The resolver's view. */
    private final class ResolverListener implements NameResolver.Listener {
        private final NameResolver source;

        ResolverListener(NameResolver source) {
            this.source = source;
        }

        @Override
        public void onEndpoints(List<Endpoint> endpoints) {
            onResolution(Resolution.of(endpoints));
        }

        @Override
        public void onResolution(Resolution resolution) {
            context.execute(() -> {
                if (resolver == source && !released) {
                    ControlPlane.this.onResolution(resolution);
                }
            });
        }

        @Override
        public void onError(Status status) {
            context.execute(() -> {
                if (resolver == source && !released) {
                    lastFailure = status.message();
                    config.onError();
                    configuredBalancer().onResolverError(status);
                }
            });
        }
    }

    /**
     * A connection to a name, the server's or its proxy's: looked up first, off the event loops, and then to its first
     * address. What may start or end it runs in the context; calls come from any thread once it is ready.
     */
    private final class ResolvingTransport implements ClientTransport, TransportListener {
        private final InetSocketAddress address;
        private final Function<InetSocketAddress, SocketAddress> way;
        private final long backoffNs;
        private final TransportListener listener;

        /** Set in the context once the name is looked up; read by calls. */
        private volatile @Nullable ClientTransport connected;

        private boolean ended;

        /** {@code way} makes what to connect to from the address that was found. */
        ResolvingTransport(
                InetSocketAddress address,
                Function<InetSocketAddress, SocketAddress> way,
                long backoffNs,
                TransportListener listener) {
            this.address = address;
            this.way = way;
            this.backoffNs = backoffNs;
            this.listener = listener;
            CompletableFuture<?> unused = HostLookup.all(address.getHostString())
                    .whenComplete((found, failure) -> context.execute(() -> onAnswer(found, failure)));
        }

        private void onAnswer(@Nullable List<InetAddress> found, @Nullable Throwable failure) {
            if (ended) {
                return;
            }
            if (found == null) {
                String reason = failure == null ? "no answer" : failure.getMessage();
                endUnconnected("name resolution of \"" + address.getHostString() + "\" failed: " + reason, failure);
                return;
            }
            try {
                InetSocketAddress resolved = new InetSocketAddress(found.get(0), address.getPort());
                connected = connector.forAttempt(backoffNs).connect(way.apply(resolved), serverName, this);
            } catch (RuntimeException refused) {
                endUnconnected("cannot connect to " + address + ": " + refused.getMessage(), refused);
            }
        }

        private void endUnconnected(String reason, @Nullable Throwable cause) {
            onTerminated(reason, cause);
            onReleased();
        }

        @Override
        public void signal(TransportStream stream) {
            ClientTransport transport = connected;
            if (transport != null) {
                transport.signal(stream);
            }
        }

        @Override
        public StartResult start(TransportStream stream) {
            ClientTransport transport = connected;
            return transport == null ? StartResult.CLOSED : transport.start(stream);
        }

        @Override
        public void cancel(TransportStream stream) {
            ClientTransport transport = connected;
            if (transport != null) {
                transport.cancel(stream);
            }
        }

        @Override
        public void shutdown(String reason) {
            ClientTransport transport = connected;
            if (transport != null) {
                transport.shutdown(reason);
            } else if (!ended) {
                endUnconnected(reason, null);
            }
        }

        @Override
        public void shutdownNow(String reason) {
            ClientTransport transport = connected;
            if (transport != null) {
                transport.shutdownNow(reason);
            } else if (!ended) {
                endUnconnected(reason, null);
            }
        }

        @Override
        public StreamCapacity capacity() {
            return carrier().capacity();
        }

        @Override
        public ClientTransport carrier() {
            ClientTransport transport = connected;
            if (transport == null) {
                throw new IllegalStateException("\"" + address.getHostString() + "\" is not looked up yet");
            }
            return transport;
        }

        @Override
        public SocketAddress remoteAddress() {
            ClientTransport transport = connected;
            return transport == null ? address : transport.remoteAddress();
        }

        @Override
        public Optional<ConnectionInfo> connectionInfo() {
            ClientTransport transport = connected;
            return transport == null ? Optional.empty() : transport.connectionInfo();
        }

        @Override
        public void onReady() {
            listener.onReady();
        }

        @Override
        public void onFirstResponse() {
            listener.onFirstResponse();
        }

        @Override
        public void onTooManyPings(@Nullable KeepAliveOptions keepAlive) {
            listener.onTooManyPings(keepAlive);
        }

        @Override
        public void onPressure() {
            listener.onPressure();
        }

        @Override
        public void onRoom() {
            listener.onRoom();
        }

        @Override
        public void onDraining(String reason) {
            listener.onDraining(reason);
        }

        @Override
        public void onTerminated(String reason, @Nullable Throwable cause) {
            context.execute(() -> {
                if (!ended) {
                    ended = true;
                    listener.onTerminated(reason, cause);
                }
            });
        }

        @Override
        public void onReleased() {
            context.execute(listener::onReleased);
        }
    }
}
