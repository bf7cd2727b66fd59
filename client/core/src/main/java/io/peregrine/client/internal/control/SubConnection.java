package io.peregrine.client.internal.control;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.connection.CallPlacement;
import io.peregrine.client.internal.pool.ConnectionChoice;
import io.peregrine.client.internal.pool.ConnectionPool;
import io.peregrine.client.internal.pool.PoolDirectory;
import io.peregrine.client.resolver.Attributes;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.KeepAliveOptions;
import io.peregrine.transport.http2.TransportListener;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One address and its connections (SPEC 2.2), which a {@link ConnectionPool} opens and replaces.
 *
 * <pre>
 *   IDLE ──connect()──▶ CONNECTING ──SETTINGS──▶ READY
 *    ▲ ▲                     │                     │
 *    │ │ backoff over        │ failed              │ the last one lost, GOAWAY
 *    │ └──── TRANSIENT_FAILURE ◀                   │
 *    └─────────────────────────────────────────────┘        any ──shutdown()──▶ SHUTDOWN
 * </pre>
 *
 * <p>With several connections it goes from READY to CONNECTING or TRANSIENT_FAILURE too, if the last one is lost while
 * another attempt, or its backoff, is under way (SPEC CS-7).
 *
 * <p>Everything but {@link #transport()} belongs to the channel's serialised context.
 */
public final class SubConnection implements SubConn {
    /** What the channel does for its subchannels. */
    public interface Channel {
        /**
         * Opens a transport to the address.
         *
         * @param backoffNs the delay that follows if this attempt fails: it may take as long (SPEC D4)
         */
        ClientTransport open(SocketAddress address, long backoffNs, TransportListener listener);

        /** The address refused the keepalive of a connection, which is null if it had none (SPEC KA-6). */
        default void onTooManyPings(SocketAddress address, @Nullable KeepAliveOptions keepAlive) {}

        /** Asks the resolver again. */
        void resolveNow();

        /** The pools of the channel; asked once by each subchannel. */
        default PoolDirectory pools() {
            return PoolDirectory.ofSingles();
        }

        /** A subchannel that stays READY has other connections: calls that found none try again. */
        default void onOtherConnections() {}

        /** What the channel asks of its servers. */
        default SubConnWatches watches() {
            return SubConnWatches.NONE;
        }

        /** The service whose health is asked for; null if none is (SPEC HC-1). */
        default @Nullable String healthService() {
            return null;
        }

        /** The {@code :authority} of its calls, where they name none; null for the channel's (SPEC TG-6). */
        default @Nullable String authority() {
            return null;
        }

        /** Tells the policy, which may throw: that is not the subchannel's concern. */
        default void tell(Listener listener, ConnectivityState state, Status status) {
            listener.onState(state, status);
        }

        /** Runs what else tells the policy, as above. */
        default void tell(Runnable telling) {
            telling.run();
        }

        /** The policy has shut it down. */
        default void onShutdown(SubConnection subConn) {}

        /** The transport has ended, and no call has anything of it to read. */
        void onTransportClosed(ClientTransport transport);
    }

    private final SocketAddress address;
    private final Attributes attributes;
    private final SyncContext context;
    private final Channel channel;
    private final Listener listener;
    private final CallPlacement placement;
    private final ConnectionPool pool;
    private final @Nullable String authority;
    private @Nullable Listener healthListener;
    private SubConnWatches.@Nullable Watch healthWatch;
    private SubConnWatches.@Nullable Watch loadWatch;

    /** The one connection while READY, unless there are several; written in the context, read by every call. */
    private volatile @Nullable ClientTransport transport;

    /**
     * Set while there are several. Written before {@link #transport} is cleared and cleared after it is set, so that a
     * call which finds none there finds them here.
     */
    private volatile @Nullable ConnectionChoice several;

    /** An idle subchannel of an address with that backoff. */
    public SubConnection(
            SocketAddress address,
            Attributes attributes,
            AddressBackoff backoff,
            SyncContext context,
            Channel channel,
            Listener listener) {
        this.address = address;
        this.attributes = attributes;
        this.context = context;
        this.channel = channel;
        this.listener = listener;
        this.authority = channel.authority();
        PoolDirectory pools = channel.pools();
        this.placement = pools.scaling().placement();
        this.pool = new ConnectionPool(new Owner(), backoff, context, pools);
    }

    @Override
    public SocketAddress address() {
        return address;
    }

    @Override
    public Attributes attributes() {
        return attributes;
    }

    /** The {@code :authority} of calls to it that name none; null for the channel's. Any thread. */
    public @Nullable String authority() {
        return authority;
    }

    @Override
    public void watchHealth(Listener newHealthListener) {
        context.requireInContext();
        healthListener = newHealthListener;
    }

    /** Another service's health is asked for from now on, or none. */
    void onHealthServiceChanged() {
        context.requireInContext();
        stopHealth();
        startHealth();
    }

    private void startHealth() {
        Listener told = healthListener;
        if (told == null || pool.state() != ConnectivityState.READY) {
            return;
        }
        String service = channel.healthService();
        if (service == null) {
            channel.tell(told, ConnectivityState.READY, Status.OK);
            return;
        }
        channel.tell(told, ConnectivityState.CONNECTING, Status.OK);
        if (pool.state() == ConnectivityState.READY && healthWatch == null) {
            SubConnWatches.Watch watch = channel.watches()
                    .health(this, context, service, (health, status) -> channel.tell(told, health, status));
            healthWatch = watch;
            watch.start();
        }
    }

    private void stopHealth() {
        SubConnWatches.Watch watch = healthWatch;
        healthWatch = null;
        if (watch != null) {
            watch.stop();
        }
    }

    /** SC-6: it may be connected to now, whatever went wrong before. */
    void endBackoff() {
        context.requireInContext();
        pool.endBackoff();
    }

    @Override
    public void watchLoad(Duration period, LoadListener newLoadListener) {
        context.requireInContext();
        if (loadWatch != null) {
            loadWatch.stop();
        }
        loadWatch = channel.watches()
                .load(this, context, period, report -> channel.tell(() -> newLoadListener.onReport(report)));
        followState(loadWatch);
    }

    /**
     * The transport for a call that starts now, or null unless READY. Any thread; it may close at any moment. With one
     * connection this reads one volatile field (SPEC CS-9).
     */
    public @Nullable ClientTransport transport() {
        ClientTransport only = transport;
        return only != null ? only : chosen();
    }

    private @Nullable ClientTransport chosen() {
        ConnectionChoice choice = several;
        return choice == null ? null : choice.choose();
    }

    /** Whether a call would find a connection that takes it. Any thread. */
    public boolean isUsable() {
        ClientTransport found = transport();
        return found != null && found.capacity().isAccepting();
    }

    @Override
    public void connect() {
        context.requireInContext();
        pool.connect();
    }

    @Override
    public void shutdown() {
        context.requireInContext();
        pool.shutdown();
    }

    private void onState(ConnectivityState to, Status status) {
        stopHealth();
        if (to == ConnectivityState.SHUTDOWN) {
            channel.onShutdown(this);
        } else {
            channel.tell(listener, to, status);
        }
        if (to == ConnectivityState.READY) {
            startHealth();
        }
        if (loadWatch != null) {
            followState(loadWatch);
        }
    }

    /** By the state that there is now: who was told of a change may have caused another. */
    private void followState(SubConnWatches.Watch watch) {
        if (pool.state() == ConnectivityState.READY) {
            watch.start();
        } else {
            watch.stop();
        }
    }

    /** What the pool tells and wants. */
    private final class Owner implements ConnectionPool.Owner {
        @Override
        public SocketAddress address() {
            return address;
        }

        @Override
        public ClientTransport open(long backoffNs, TransportListener transportListener) {
            return channel.open(address, backoffNs, transportListener);
        }

        @Override
        public void publish(List<ClientTransport> carriers) {
            ClientTransport only = carriers.size() == 1 ? carriers.get(0) : null;
            if (carriers.size() > 1) {
                several = new ConnectionChoice(carriers, placement);
                transport = null;
            } else {
                transport = only;
                several = null;
            }
        }

        @Override
        public void onState(ConnectivityState state, Status status) {
            SubConnection.this.onState(state, status);
        }

        @Override
        public void onOtherConnections() {
            channel.onOtherConnections();
        }

        @Override
        public void onLost() {
            channel.resolveNow();
        }

        @Override
        public void onTooManyPings(@Nullable KeepAliveOptions keepAlive) {
            channel.onTooManyPings(address, keepAlive);
        }

        @Override
        public void onClosed(ClientTransport closed) {
            channel.onTransportClosed(closed);
        }
    }
}
