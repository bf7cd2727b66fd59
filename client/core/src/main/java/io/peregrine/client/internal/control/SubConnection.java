package io.peregrine.client.internal.control;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.resolver.Attributes;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.KeepAliveOptions;
import io.peregrine.transport.http2.TransportListener;
import java.net.SocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One address and its current transport (SPEC 2.2).
 *
 * <pre>
 *   IDLE ──connect()──▶ CONNECTING ──SETTINGS──▶ READY
 *    ▲ ▲                     │                     │
 *    │ │ backoff over        │ failed              │ lost, GOAWAY
 *    │ └──── TRANSIENT_FAILURE ◀                   │
 *    └─────────────────────────────────────────────┘        any ──shutdown()──▶ SHUTDOWN
 * </pre>
 *
 * <p>An address that is still in its {@linkplain AddressBackoff backoff}, because it was lost too soon or failed for an
 * earlier subchannel, fails the attempt without one being made.
 *
 * <p>Everything but {@link #transport()} belongs to the channel's serialised context.
 */
public final class SubConnection implements SubConn {
    private static final System.Logger LOG = System.getLogger(SubConnection.class.getName());
    private static final String BACKING_OFF = " (the address is not tried again before its backoff is over)";

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

        /** What the channel asks of its servers. */
        default SubConnWatches watches() {
            return SubConnWatches.NONE;
        }

        /** The transport has ended, and no call has anything of it to read. */
        void onTransportClosed(ClientTransport transport);
    }

    private final SocketAddress address;
    private final Attributes attributes;
    private final SyncContext context;
    private final Channel channel;
    private final Listener listener;
    private final AddressBackoff backoff;
    private ConnectivityState state = ConnectivityState.IDLE;
    private @Nullable Attempt attempt;
    private @Nullable Listener healthListener;
    private SubConnWatches.@Nullable Watch loadWatch;
    private SyncContext.@Nullable ScheduledTask backoffTimer;

    /** Set while READY; written in the context, read by every call. */
    private volatile @Nullable ClientTransport transport;

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
        this.backoff = backoff;
        this.context = context;
        this.channel = channel;
        this.listener = listener;
    }

    @Override
    public SocketAddress address() {
        return address;
    }

    @Override
    public Attributes attributes() {
        return attributes;
    }

    @Override
    public void watchHealth(Listener newHealthListener) {
        context.requireInContext();
        healthListener = newHealthListener;
    }

    @Override
    public void watchLoad(Duration period, LoadListener newLoadListener) {
        context.requireInContext();
        if (loadWatch != null) {
            loadWatch.stop();
        }
        loadWatch = channel.watches().load(this, context, period, newLoadListener);
        followState(loadWatch);
    }

    /** The transport, or null unless READY. Any thread; it may close at any moment. */
    public @Nullable ClientTransport transport() {
        return transport;
    }

    @Override
    public void connect() {
        context.requireInContext();
        if (state == ConnectivityState.IDLE) {
            Attempt started = new Attempt();
            attempt = started;
            move(ConnectivityState.CONNECTING, Status.OK);
            long remainingNs = backoff.remainingNs();
            if (remainingNs > 0) {
                context.execute(() -> holdOff(started, remainingNs));
            } else {
                open(started);
            }
        }
    }

    private void holdOff(Attempt started, long remainingNs) {
        if (attempt == started) {
            fail(remainingNs, new Status(StatusCode.UNAVAILABLE, backoff.lastReason() + BACKING_OFF, null));
        }
    }

    private void open(Attempt started) {
        try {
            started.transport = channel.open(address, backoff.begin(), started);
        } catch (RuntimeException refused) {
            // The event loops were closed under the channel, for example.
            started.onTerminated("cannot connect to " + address + ": " + refused.getMessage(), refused);
        }
    }

    @Override
    public void shutdown() {
        context.requireInContext();
        if (state == ConnectivityState.SHUTDOWN) {
            return;
        }
        transport = null;
        if (backoffTimer != null) {
            backoffTimer.cancel();
        }
        Attempt current = attempt;
        attempt = null;
        move(ConnectivityState.SHUTDOWN, Status.OK);
        if (current != null && current.transport != null) {
            current.transport.shutdown("subchannel shutdown");
        }
    }

    private void onReady(Attempt ready) {
        if (attempt == ready && state == ConnectivityState.CONNECTING) {
            backoff.onReady();
            transport = ready.transport;
            move(ConnectivityState.READY, Status.OK);
        }
    }

    /** Lost, or told to go away: IDLE, not TRANSIENT_FAILURE (D1). */
    private void onLost(String reason) {
        attempt = null;
        backoff.onLost(reason);
        transport = null;
        channel.resolveNow();
        move(ConnectivityState.IDLE, Status.of(StatusCode.UNAVAILABLE, reason));
    }

    private void onConnectFailed(String reason, @Nullable Throwable cause) {
        fail(backoff.onFailed(reason), new Status(StatusCode.UNAVAILABLE, reason, cause));
    }

    private void fail(long remainingNs, Status status) {
        attempt = null;
        backoffTimer = context.schedule(remainingNs, this::onBackoffOver);
        move(ConnectivityState.TRANSIENT_FAILURE, status);
    }

    private void onBackoffOver() {
        backoffTimer = null;
        if (state == ConnectivityState.TRANSIENT_FAILURE) {
            move(ConnectivityState.IDLE, Status.OK);
        }
    }

    private void move(ConnectivityState to, Status status) {
        LOG.log(System.Logger.Level.DEBUG, "subchannel {0}: {1} -> {2} {3}", address, state, to, status);
        state = to;
        if (to != ConnectivityState.SHUTDOWN) {
            listener.onState(to, status);
        }
        if (to == ConnectivityState.READY && state == to && healthListener != null) {
            healthListener.onState(to, status);
        }
        if (loadWatch != null) {
            followState(loadWatch);
        }
    }

    /** By the state that there is now: who was told of a change may have caused another. */
    private void followState(SubConnWatches.Watch watch) {
        if (state == ConnectivityState.READY) {
            watch.start();
        } else {
            watch.stop();
        }
    }

    /** One connection attempt and the transport it leads to; its events enter the serialised context. */
    private final class Attempt implements TransportListener {
        @Nullable
        ClientTransport transport;

        @Override
        public void onReady() {
            context.execute(() -> SubConnection.this.onReady(this));
        }

        @Override
        public void onFirstResponse() {
            context.execute(() -> {
                if (attempt == this) {
                    backoff.onUseful();
                }
            });
        }

        @Override
        public void onTooManyPings(@Nullable KeepAliveOptions keepAlive) {
            context.execute(() -> channel.onTooManyPings(address, keepAlive));
        }

        @Override
        public void onDraining(String reason) {
            context.execute(() -> {
                if (attempt == this) {
                    onLost(reason);
                }
            });
        }

        @Override
        public void onTerminated(String reason, @Nullable Throwable cause) {
            context.execute(() -> {
                if (attempt != this) {
                    return;
                }
                if (state == ConnectivityState.READY) {
                    onLost(reason);
                } else {
                    onConnectFailed(reason, cause);
                }
            });
        }

        @Override
        public void onReleased() {
            context.execute(() -> {
                if (transport != null) {
                    channel.onTransportClosed(transport);
                }
            });
        }
    }
}
