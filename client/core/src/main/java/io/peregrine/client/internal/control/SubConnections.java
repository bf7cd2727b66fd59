package io.peregrine.client.internal.control;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.internal.pool.PoolDirectory;
import io.peregrine.client.resolver.Attributes;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.KeepAliveOptions;
import io.peregrine.transport.http2.TransportListener;
import java.net.SocketAddress;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The subchannels of a channel that were not shut down, and what they share: the backoffs of their addresses, the
 * connections, the service whose health they ask for. Confined to the channel's serialised context.
 */
final class SubConnections {
    /** The channel. */
    interface Owner {
        /** Asks the resolver again. */
        void resolveNow();

        /** There is one connection more. */
        void onTransportOpened();

        /** There is one connection less. */
        void onTransportClosed();

        /** How many connections addresses have. */
        PoolDirectory pools();

        /** Calls that found no connection of a subchannel may find one now. */
        void onOtherConnections();
    }

    private final SyncContext context;
    private final ControlSettings settings;
    private final AddressBackoffs backoffs;
    private final Transports transports;
    private final ChannelFailures failures;
    private final Owner owner;
    private final Set<SubConnection> live = new LinkedHashSet<>();
    private SubConnWatches watches = SubConnWatches.NONE;
    private @Nullable String healthService;

    /** None yet. */
    SubConnections(
            SyncContext context,
            ControlSettings settings,
            AddressBackoffs backoffs,
            Transports transports,
            ChannelFailures failures,
            Owner owner) {
        this.context = context;
        this.settings = settings;
        this.backoffs = backoffs;
        this.transports = transports;
        this.failures = failures;
        this.owner = owner;
    }

    /** Sets what is asked of servers; before the first subchannel. */
    void watches(SubConnWatches newWatches) {
        watches = newWatches;
    }

    /**
     * Makes a subchannel, which is IDLE.
     *
     * @param telling runs what tells the policy, which may throw
     */
    SubConnection create(
            SocketAddress address, Attributes attributes, SubConn.Listener listener, Consumer<Runnable> telling) {
        String named = settings.ownAuthority() ? null : attributes.get(Endpoint.SERVER_NAME);
        SubConnection made = new SubConnection(
                address, attributes, backoffs.of(address), context, new Channel(named, telling), (state, status) -> {
                    if (!status.isOk()) {
                        failures.connection(status.message());
                    } else if (state == ConnectivityState.READY) {
                        failures.connection("");
                    }
                    listener.onState(state, status);
                });
        live.add(made);
        return made;
    }

    /** The service whose health is asked for; null for none (SPEC HC-1). */
    void healthService(@Nullable String service) {
        String wanted = settings.healthChecks() ? service : null;
        if (!Objects.equals(wanted, healthService)) {
            healthService = wanted;
            List.copyOf(live).forEach(SubConnection::onHealthServiceChanged);
        }
    }

    /** SC-6: whoever waits for the end of a backoff is IDLE now, and later delays begin with the first. */
    void resetBackoff() {
        backoffs.reset();
        List.copyOf(live).forEach(SubConnection::endBackoff);
    }

    /** Shuts all of them down. */
    void shutdown() {
        List.copyOf(live).forEach(SubConnection::shutdown);
    }

    /** How many there are. */
    int count() {
        return live.size();
    }

    /** What one subchannel sees; {@code serverName} is its own, or null. */
    private final class Channel implements SubConnection.Channel {
        private final @Nullable String serverName;
        private final Consumer<Runnable> telling;

        Channel(@Nullable String serverName, Consumer<Runnable> telling) {
            this.serverName = serverName;
            this.telling = telling;
        }

        @Override
        public ClientTransport open(SocketAddress address, long backoffNs, TransportListener listener) {
            String verified = serverName == null ? settings.serverName() : serverName;
            ClientTransport opened = transports.open(address, verified, backoffNs, listener);
            owner.onTransportOpened();
            return opened;
        }

        @Override
        public @Nullable String authority() {
            return serverName;
        }

        @Override
        public void tell(SubConn.Listener listener, ConnectivityState state, Status status) {
            tell(() -> listener.onState(state, status));
        }

        @Override
        public void tell(Runnable toTell) {
            telling.accept(toTell);
        }

        @Override
        public void onTooManyPings(SocketAddress address, @Nullable KeepAliveOptions keepAlive) {
            transports.onTooManyPings(address, keepAlive);
        }

        @Override
        public void resolveNow() {
            owner.resolveNow();
        }

        @Override
        public PoolDirectory pools() {
            return owner.pools();
        }

        @Override
        public void onOtherConnections() {
            owner.onOtherConnections();
        }

        @Override
        public SubConnWatches watches() {
            return watches;
        }

        @Override
        public @Nullable String healthService() {
            return healthService;
        }

        @Override
        public void onShutdown(SubConnection subConn) {
            live.remove(subConn);
        }

        @Override
        public void onTransportClosed(ClientTransport transport) {
            transports.onClosed(transport);
            owner.onTransportClosed();
        }
    }
}
