package io.peregrine.client.internal.control;

import io.netty.channel.EventLoop;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.FixedPicker;
import io.peregrine.client.balancer.PickInfo;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.connection.ConnectionScaling;
import io.peregrine.client.connection.PoolStats;
import io.peregrine.client.internal.ChannelView;
import io.peregrine.client.internal.config.ActiveConfig;
import io.peregrine.client.internal.pool.PoolDirectory;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.Resolution;
import io.peregrine.transport.http2.Http2Connector;
import io.peregrine.transport.io.ConnectionInfo;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The part of a channel that decides where calls go, all in one serialised context (SPEC 2.1). Calls meet it only through
 * the {@link PickerSnapshot} that it publishes.
 *
 * <pre>
 *   idle ──call, connect()──▶ active: a {@link ResolverWrapper} and a {@link BalancerWrapper}
 *    ▲                          │  │
 *    └── no calls for a while ──┘  └──shutdown()──▶ draining ──last connection closed──▶ released
 * </pre>
 *
 * <p>Any of them is released by {@link #shutdownNow()}. A fault of the control plane's own ends in one that only fails
 * calls (CH-12).
 */
public final class ControlPlane implements ChannelView {
    private static final System.Logger LOG = System.getLogger(ControlPlane.class.getName());

    /** How often a graceful shutdown looks whether the last call has ended. */
    private static final long DRAIN_CHECK_NS = Duration.ofMillis(20).toNanos();

    private final ControlSettings settings;
    private final SyncContext context;
    private final PickerSnapshot pickers;
    private final ConnectivityWatch connectivity;
    private final Supplier<NameResolver> newResolver;
    private final ActiveConfig config;
    private final ChannelFailures failures = new ChannelFailures();
    private final Transports transports;
    private final SubConnections subConns;
    private final IdleTimer idleTimer;
    private final CompletableFuture<Void> terminated = new CompletableFuture<>();

    /** Plain, and so are the pools: set before the channel is handed out, which publishes them. */
    private SubConnWatches watches = SubConnWatches.NONE;

    private PoolDirectory pools = PoolDirectory.ofSingles();

    // In the context only.
    private @Nullable Active active;
    private @Nullable FailingPicker failing;
    private long failedLooks;
    private boolean draining;
    private boolean drainScheduled;
    private boolean released;
    private boolean panicked;

    /**
     * A control plane that is idle.
     *
     * @param home runs delayed tasks, and what calls and watchers do when the channel's state changes
     */
    public ControlPlane(
            EventLoop home,
            ControlSettings settings,
            Supplier<NameResolver> newResolver,
            ActiveConfig config,
            Http2Connector connector) {
        this.settings = settings;
        this.context = new SyncContext(home, this::onPanic);
        this.pickers = new PickerSnapshot(newIdlePicker(), settings.maxWaitingCalls(), home);
        this.connectivity = new ConnectivityWatch(home);
        this.newResolver = newResolver;
        this.config = config;
        this.transports = new Transports(context, connector);
        this.subConns = new SubConnections(
                context, settings, new AddressBackoffs(), transports, failures, new SubConnectionsOwner());
        this.idleTimer = new IdleTimer(
                context, settings.idleTimeout(), this::callsInUse, this::callsStarted, this::enterIdleNow);
    }

    /** Sets what is asked of servers beside the calls; before the channel leaves IDLE. Without it, nothing is. */
    public void watches(SubConnWatches newWatches) {
        watches = newWatches;
        subConns.watches(newWatches);
    }

    /** Sets how many connections addresses have; before the channel leaves IDLE. Without it, one. */
    public void scaling(ConnectionScaling scaling) {
        pools = PoolDirectory.of(scaling);
    }

    // ---- For calls and users: any thread ---------------------------------------------------------------------

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
        return failures.text();
    }

    /** Completes when the channel is shut down and its last connection is closed. */
    public CompletableFuture<Void> terminated() {
        return terminated;
    }

    /** The connections that are open now. */
    public List<ConnectionInfo> connections() {
        return transports.infos();
    }

    /** The connections by address and state. */
    public PoolStats connectionStats() {
        return new PoolStats(pools.stats(), pickers.waiting(), pools.disconnections());
    }

    /** Leaves IDLE and connects, the policy willing; a policy that is not there yet is asked when it is (CH-2, CH-3). */
    public void exitIdle() {
        context.execute(() -> {
            if (mayBeActive()) {
                activate().balancer.exitIdle();
            }
        });
    }

    /** Connections that wait for the end of a backoff are tried at once, and the resolver too (SC-6). */
    public void resetConnectBackoff() {
        context.execute(() -> {
            subConns.resetBackoff();
            if (active != null) {
                active.resolver.resetBackoff();
            }
        });
    }

    /** Goes idle at once, as after the timeout; calls under way end where they are (CH-13). */
    public void enterIdle() {
        context.execute(this::enterIdleNow);
    }

    /** Lets calls under way, and those that wait, end; then closes (CH-11). */
    public void shutdown() {
        context.execute(this::drain);
    }

    /** Closes at once. */
    public void shutdownNow() {
        context.execute(() -> {
            release(Status.of(StatusCode.CANCELLED, "the channel was shut down"));
            transports.shutdownNow("the channel was shut down");
        });
    }

    // ---- Idle and active -------------------------------------------------------------------------------------

    /** After shutdown() calls may still wait, and want their connection. */
    private boolean mayBeActive() {
        return !released && !panicked;
    }

    private Active activate() {
        Active current = active;
        if (current != null) {
            return current;
        }
        // The state first, so that nobody sees IDLE once a call has come (CH-2).
        update(ConnectivityState.CONNECTING, FixedPicker.queueing());
        Active started = new Active();
        active = started;
        idleTimer.start();
        started.resolver.start();
        return started;
    }

    /** A new one for each time, since its effect comes once: see {@link PickerSnapshot}. */
    private Picker newIdlePicker() {
        return info -> {
            context.execute(this::onCallWhileIdle);
            return PickResult.queue();
        };
    }

    private void onCallWhileIdle() {
        if (active != null) {
            active.balancer.exitIdleForCall();
        } else if (mayBeActive()) {
            Active unused = activate();
        }
    }

    /**
     * Goes idle (CH-13).
     *
     * <p>No call is lost that starts meanwhile, though none tells the channel that it does (ID-3). The picker that wakes the
     * channel is published first, and only then are the subchannels shut down, each by clearing its transport before that
     * transport is told to drain. So a call that read the picker before may be at one of these points:
     *
     * <ul>
     *   <li>it waits for the next picker, or is about to: that is the one that wakes the channel, and
     *       {@link PickerSnapshot#await} tells it so;
     *   <li>it finds the subchannel without a transport: as above (PK-7);
     *   <li>it has the transport, and the event loop sees its stream before the command to drain: the connection stays until
     *       the stream has ended;
     *   <li>or behind that command: the loop refuses the stream as one that no server has seen, and the call is sent again
     *       transparently (RT-2), by a new pick, which wakes the channel.
     * </ul>
     */
    private void enterIdleNow() {
        Active ended = active;
        if (ended == null || draining || !mayBeActive()) {
            return;
        }
        active = null;
        idleTimer.stop();
        failures.clear();
        update(ConnectivityState.IDLE, newIdlePicker());
        ended.close();
    }

    /** Those that wait, and those on connections, without the channel's own (ID-4). */
    private long callsInUse() {
        return pickers.waiting() + Math.max(0, transports.openStreams() - watches.openStreams());
    }

    /** Those that a connection has taken, and something for those that were refused one (ID-2). */
    private long callsStarted() {
        FailingPicker published = failing;
        if (published != null && published.takeUsed()) {
            failedLooks++;
        }
        return failedLooks + transports.startedStreams() - watches.startedStreams();
    }

    private void update(ConnectivityState state, Picker picker) {
        connectivity.move(state);
        failing = state == ConnectivityState.TRANSIENT_FAILURE ? new FailingPicker(picker) : null;
        pickers.publish(failing == null ? picker : failing);
    }

    /** Remembers that a call was here, which no connection will count. Not in use while the channel is READY. */
    private static final class FailingPicker implements Picker {
        private final Picker picker;

        /** Set by any call, cleared in the context; a hint, so a call that is missed in between does no harm. */
        private volatile boolean used;

        FailingPicker(Picker picker) {
            this.picker = picker;
        }

        @Override
        public PickResult pick(PickInfo info) {
            if (!used) {
                used = true;
            }
            return picker.pick(info);
        }

        boolean takeUsed() {
            boolean was = used;
            used = false;
            return was;
        }
    }

    /** The resolver and the policy between two times of idleness, and what they have to tell. */
    private final class Active implements ResolverWrapper.Listener, BalancerWrapper.Channel {
        final ResolverWrapper resolver = new ResolverWrapper(settings.target(), context, newResolver, failures, this);
        final BalancerWrapper balancer = new BalancerWrapper(settings.target(), context, subConns, failures, this);

        void close() {
            resolver.close();
            balancer.close();
        }

        /** SV-10: the config first, then the balancer that it names, then the endpoints, which publish a picker. */
        @Override
        public String onResolution(Resolution answer) {
            Status wrong = config.onAnswer(answer);
            if (!config.isApplied()) {
                PickResult result = PickResult.fail(Objects.requireNonNull(wrong));
                ControlPlane.this.update(ConnectivityState.TRANSIENT_FAILURE, new FixedPicker(result));
                return wrong.message();
            }
            pools.allow(config.current().maxConnectionsPerSubchannel());
            String useless = balancer.onEndpoints(config.current(), answer.endpoints());
            return wrong == null ? useless : wrong.message();
        }

        @Override
        public void onError(Status status) {
            config.onError();
            balancer.onResolverError(config.current(), status);
        }

        @Override
        public void update(ConnectivityState state, Picker picker) {
            if (active == this && mayBeActive()) {
                ControlPlane.this.update(state, picker);
            }
        }

        @Override
        public Picker newIdlePicker() {
            return ControlPlane.this.newIdlePicker();
        }

        @Override
        public void resolveNow() {
            resolver.resolveNow();
        }
    }

    private final class SubConnectionsOwner implements SubConnections.Owner {
        @Override
        public void resolveNow() {
            if (active != null) {
                active.resolver.resolveNow();
            }
        }

        @Override
        public void onTransportOpened() {
            if (draining) {
                drainLater();
            }
        }

        @Override
        public void onTransportClosed() {
            if (draining) {
                drain();
            }
            completeIfTerminated();
        }

        @Override
        public PoolDirectory pools() {
            return pools;
        }

        @Override
        public void onOtherConnections() {
            pickers.wakeAll();
        }
    }

    // ---- The end ---------------------------------------------------------------------------------------------

    /**
     * Lets what is under way end (CH-11). Resolver and policy stay until the last connection has closed: a call whose
     * server refuses it meanwhile was accepted before the shutdown, and still gets the connection it needs. Connections
     * are told to close once there are no calls: a policy that wants each of its servers connected would open others.
     */
    private void drain() {
        if (released) {
            return;
        }
        draining = true;
        connectivity.move(ConnectivityState.SHUTDOWN);
        idleTimer.stop();
        if (callsInUse() > 0) {
            drainLater();
            return;
        }
        watches.close();
        if (transports.isEmpty()) {
            release(Status.of(StatusCode.UNAVAILABLE, "the channel is shut down"));
        } else {
            transports.shutdown("the channel is shut down");
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
        closeActive();
        pickers.publish(new FixedPicker(PickResult.drop(status)));
        completeIfTerminated();
    }

    private void closeActive() {
        idleTimer.stop();
        Active ended = active;
        active = null;
        if (ended != null) {
            ended.close();
        }
    }

    private void completeIfTerminated() {
        if (released && transports.isEmpty()) {
            terminated.complete(null);
        }
    }

    /** CH-12: a fault of the control plane fails calls; it never hangs them. Those of policies are caught before. */
    private void onPanic(Throwable thrown) {
        String reason = "the control plane of " + settings.target() + " failed: " + thrown;
        LOG.log(System.Logger.Level.ERROR, reason, thrown);
        if (!mayBeActive()) {
            return;
        }
        panicked = true;
        failures.policy(reason);
        update(
                ConnectivityState.TRANSIENT_FAILURE,
                new FixedPicker(PickResult.drop(new Status(StatusCode.INTERNAL, reason, thrown))));
        closeActive();
    }
}
