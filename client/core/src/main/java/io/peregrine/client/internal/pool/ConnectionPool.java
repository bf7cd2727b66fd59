package io.peregrine.client.internal.pool;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.connection.ConnectionScaling;
import io.peregrine.client.connection.ConnectionStats;
import io.peregrine.client.connection.SubchannelStats;
import io.peregrine.client.internal.control.AddressBackoff;
import io.peregrine.client.internal.control.SyncContext;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.DisconnectReason;
import io.peregrine.transport.http2.KeepAliveOptions;
import io.peregrine.transport.http2.TransportListener;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The connections of one subchannel: one, or as many as {@link ConnectionScaling} and the service config allow (gRFC
 * A105; SPEC 2.2, 2.15).
 *
 * <pre>
 *   attempt ──SETTINGS──▶ ready ──GOAWAY, age──▶ draining ──▶ released
 *      │        │            ▲
 *      │        └─▶ standby ─┘ another one is lost, or too few
 *      └─failed─▶ backoff
 * </pre>
 *
 * <p>The state follows from what there is (CS-7): READY while any connection is ready; else CONNECTING while there is an
 * attempt; else TRANSIENT_FAILURE in the backoff; else IDLE, where nothing happens until {@link #connect()}. There is one
 * attempt at a time, and one backoff, which is the address's (CS-4). An address that is still in its backoff, because it
 * was lost too soon or failed for an earlier subchannel, fails the attempt without one being made.
 *
 * <p>A connection that is to stand by is wanted by no call. So it has a backoff of its own: its failures delay no
 * connection that calls want, and those of others do not delay it. If the last ready connection is lost while one is being
 * opened to stand by, that is from then on the attempt of the subchannel, whose failure is the address's.
 *
 * <p>Confined to the channel's serialised context, but for {@link #stats}.
 */
public final class ConnectionPool {
    private static final System.Logger LOG = System.getLogger(ConnectionPool.class.getName());

    /**
     * So long a connection beside others must live to have been of use. The delay of its own attempt says nothing of it:
     * that has grown with the connections that were opened before, though none had failed.
     */
    private static final long EXTRA_USEFUL_AGE_NS = Duration.ofSeconds(1).toNanos();

    private static final String BACKING_OFF = " (the address is not tried again before its backoff is over)";

    /** Whose connections they are. Called in the serialised context. */
    public interface Owner {
        /** Where they lead. */
        SocketAddress address();

        /** Opens one; see {@link AddressBackoff#begin} for the delay. */
        ClientTransport open(long backoffNs, TransportListener listener);

        /** Calls go to these from now on, the oldest first; to none if there are none. */
        void publish(List<ClientTransport> carriers);

        /** The state changed; {@link #publish} came before. */
        void onState(ConnectivityState state, Status status);

        /** There are other connections although the state is READY as before: calls that found none try again. */
        void onOtherConnections();

        /** A connection that was ready is lost: the resolver may know better (SPEC SC-4). */
        void onLost();

        /** The server refused the keepalive of a connection (SPEC KA-6). */
        void onTooManyPings(@Nullable KeepAliveOptions keepAlive);

        /** What was opened has ended, and no call has anything of it to read. */
        void onClosed(ClientTransport transport);
    }

    private final Owner owner;
    private final AddressBackoff backoff;

    /** Of connections that are to stand by. */
    private final AddressBackoff standbyBackoff;

    private final SyncContext context;
    private final PoolDirectory directory;
    private final QueueBalance balance;

    /** The oldest first. */
    private final List<PooledConnection> ready = new ArrayList<>();

    private final List<PooledConnection> draining = new ArrayList<>();
    private @Nullable PooledConnection standby;
    private @Nullable PooledConnection attempt;
    private LoadBalancer.@Nullable Timer backoffTimer;
    private LoadBalancer.@Nullable Timer standbyTimer;
    private Status lastFailure = Status.OK;
    private boolean closed;

    // Written in the context; read by stats() on any thread.
    private volatile ConnectivityState state = ConnectivityState.IDLE;
    private volatile List<PooledConnection> all = List.of();
    private final AtomicLong attempts = new AtomicLong();
    private final AtomicLong failedAttempts = new AtomicLong();

    /** Without connections. */
    public ConnectionPool(Owner owner, AddressBackoff backoff, SyncContext context, PoolDirectory directory) {
        this.owner = owner;
        this.backoff = backoff;
        // Without standbys nobody asks it; ten thousand subchannels need not have one each.
        this.standbyBackoff = directory.scaling().warmStandby() ? backoff.fresh() : backoff;
        this.context = context;
        this.directory = directory;
        this.balance = new QueueBalance(directory.scaling().openBeforeFull());
    }

    // ---- From the subchannel ---------------------------------------------------------------------------------

    /** Begins to connect if it is IDLE; otherwise does nothing (SC-2). */
    public void connect() {
        if (state != ConnectivityState.IDLE || closed) {
            return;
        }
        directory.add(this);
        long remainingNs = backoff.remainingNs();
        if (remainingNs <= 0) {
            PooledConnection begun = newAttempt(backoff);
            updateState(Status.OK);
            if (attempt == begun) {
                open(begun);
            }
        } else {
            PooledConnection held = new PooledConnection(this, backoff.nanoTime(), 0, 0);
            attempt = held;
            updateState(Status.OK);
            context.execute(() -> holdOff(held));
        }
    }

    /** Looks once more: a reset may have come in between (SC-6). */
    private void holdOff(PooledConnection held) {
        if (attempt != held) {
            return;
        }
        attempt = null;
        long remainingNs = backoff.remainingNs();
        if (remainingNs <= 0) {
            open(newAttempt(backoff));
        } else {
            backOff(remainingNs, Status.of(StatusCode.UNAVAILABLE, backoff.lastReason() + BACKING_OFF));
            updateState(Status.OK);
        }
    }

    /** The backoff is over now (SPEC SC-6). */
    public void endBackoff() {
        standbyBackoff.forgive();
        if (backoffTimer != null || standbyTimer != null) {
            stopBackoff();
            updateState(Status.OK);
            reconsider();
        }
    }

    /** Takes no more calls, lets those under way end, and closes. */
    public void shutdown() {
        if (closed) {
            return;
        }
        closed = true;
        directory.remove(this);
        stopBackoff();
        List<PooledConnection> ended = new ArrayList<>(ready);
        if (standby != null) {
            ended.add(standby);
        }
        ended.forEach(connection -> directory.onDisconnect(DisconnectReason.SUBCHANNEL_SHUTDOWN));
        if (attempt != null) {
            ended.add(attempt);
        }
        ready.clear();
        standby = null;
        attempt = null;
        publish();
        move(ConnectivityState.SHUTDOWN, Status.OK);
        ended.forEach(connection -> connection.shutdown("subchannel shutdown"));
    }

    /** The state of the subchannel. Any thread. */
    public ConnectivityState state() {
        return state;
    }

    /** What there is now. Any thread; the numbers may be of slightly different moments. */
    SubchannelStats stats() {
        long nowNs = backoff.nanoTime();
        List<ConnectionStats> connections =
                all.stream().map(connection -> connection.stats(nowNs)).toList();
        return new SubchannelStats(
                owner.address(), state, connections, directory.maxConnections(), attempts.get(), failedAttempts.get());
    }

    /** There may be more connections now, or fewer from now on. */
    void onMaximum() {
        reconsider();
    }

    // ---- From the connections --------------------------------------------------------------------------------

    void execute(Runnable task) {
        context.execute(task);
    }

    void onReady(PooledConnection connection) {
        if (attempt != connection) {
            return;
        }
        attempt = null;
        boolean standsBy = directory.scaling().warmStandby()
                && ready.size() >= directory.scaling().minConnections()
                && expired() == null
                && standby == null;
        connection.ready(backoff.nanoTime(), standsBy ? ConnectionStats.State.STANDBY : ConnectionStats.State.READY);
        startAge(connection);
        if (standsBy) {
            standby = connection;
            publishStats();
        } else {
            admit(connection);
        }
        reconsider();
    }

    void onUseful(PooledConnection connection) {
        if (ready.contains(connection)) {
            backoff.onUseful();
        }
    }

    void onTooManyPings(@Nullable KeepAliveOptions keepAlive) {
        owner.onTooManyPings(keepAlive);
    }

    /** A connection has told what it was asked to tell. */
    void onLoad(PooledConnection connection) {
        if (ready.contains(connection)) {
            reconsider();
        }
    }

    void onDraining(PooledConnection connection, String reason) {
        if (ready.contains(connection) || standby == connection) {
            connection.state(ConnectionStats.State.DRAINING);
            connection.timer(null);
            draining.add(connection);
            onLost(connection, reason);
        }
    }

    void onTerminated(PooledConnection connection, String reason, @Nullable Throwable cause) {
        if (connection == attempt) {
            attempt = null;
            failedAttempts.incrementAndGet();
            publishStats();
            if (connection.isToStandBy()) {
                long unused = standbyBackoff.onFailed(reason);
            } else {
                backOff(backoff.onFailed(reason), new Status(StatusCode.UNAVAILABLE, reason, cause));
                updateState(Status.OK);
            }
            reconsider();
        } else if (ready.contains(connection) || standby == connection) {
            connection.timer(null);
            onLost(connection, reason);
        }
    }

    void onReleased(PooledConnection connection, @Nullable ClientTransport transport) {
        draining.remove(connection);
        publishStats();
        if (transport != null) {
            owner.onClosed(transport);
        }
    }

    /** Lost, or told to go away: not a failure (D1). One that stands by takes its place at once. */
    private void onLost(PooledConnection lost, String reason) {
        directory.onDisconnect(lost.disconnectReason());
        boolean ofUse = lost.wasOfUse(backoff.nanoTime());
        if (lost == standby) {
            standbyBackoff.onLost(reason, ofUse);
            standby = null;
            publishStats();
        } else {
            backoff.onLost(reason, ofUse);
            ready.remove(lost);
            PooledConnection successor = standby;
            if (successor != null) {
                // A server that loses each one soon after the other is not offered another at once, each time.
                standbyBackoff.onLost(reason, successor.wasOfUse(backoff.nanoTime()));
                standby = null;
                successor.state(ConnectionStats.State.READY);
                ready.add(successor);
            }
            if (ready.isEmpty()) {
                takeOverAttempt();
            }
            publish();
        }
        owner.onLost();
        updateState(Status.of(StatusCode.UNAVAILABLE, reason));
        reconsider();
    }

    /** What was opened to stand by is the only hope now. */
    private void takeOverAttempt() {
        PooledConnection underWay = attempt;
        if (underWay != null && underWay.isToStandBy()) {
            underWay.wantedByCalls();
            long unused = backoff.begin();
        }
    }

    // ---- Growing and replacing -------------------------------------------------------------------------------

    /** Opens, promotes and moves what is wanted now. While nothing is ready, that is for the policy to say (D2). */
    private void reconsider() {
        if (closed || ready.isEmpty()) {
            return;
        }
        if (standby != null && (expired() != null || ready.size() < minimum())) {
            promoteStandby();
        }
        boolean roomForMore = ready.size() < directory.maxConnections();
        boolean mayOpen = attempt == null && backoffTimer == null;
        boolean wanted = balance.settle(ready, roomForMore && (mayOpen || standby != null));
        if (wanted && standby != null) {
            promoteStandby();
            reconsider();
        } else if (mayOpen && (wanted || isAnyMissing())) {
            grow();
        } else if (attempt == null && standby == null && directory.scaling().warmStandby()) {
            openStandby();
        }
    }

    private int minimum() {
        return Math.min(directory.scaling().minConnections(), directory.maxConnections());
    }

    private boolean isAnyMissing() {
        return ready.size() < minimum() || expired() != null;
    }

    private @Nullable PooledConnection expired() {
        for (PooledConnection connection : ready) {
            if (connection.isExpired()) {
                return connection;
            }
        }
        return null;
    }

    private void promoteStandby() {
        PooledConnection promoted = Objects.requireNonNull(standby);
        if (promoted.wasOfUse(backoff.nanoTime())) {
            standbyBackoff.onUseful();
        }
        standby = null;
        promoted.state(ConnectionStats.State.READY);
        admit(promoted);
    }

    /** Takes a connection into use; first the new one, then away with one that it replaces. */
    private void admit(PooledConnection connection) {
        PooledConnection old = expired();
        ready.add(connection);
        if (old != null) {
            ready.remove(old);
            old.state(ConnectionStats.State.DRAINING);
            draining.add(old);
        }
        publish();
        updateState(Status.OK);
        if (old != null) {
            retire(old);
        }
    }

    private void retire(PooledConnection old) {
        String reason = "the connection to " + owner.address() + " has reached its maximum age";
        old.shutdown(reason);
        Duration grace = directory.scaling().maxAgeGrace();
        if (grace != null) {
            String late = reason + ", and its calls did not end within " + grace.toMillis() + " ms";
            old.timer(context.schedule(grace.toNanos(), () -> old.shutdownNow(late)));
        }
    }

    private void startAge(PooledConnection connection) {
        Duration age = directory.scaling().maxAge();
        if (age != null) {
            double factor = 1 + directory.scaling().maxAgeJitter() * directory.jitter();
            long ageNs = (long) (age.toNanos() * factor);
            connection.timer(context.schedule(ageNs, () -> onAged(connection)));
        }
    }

    private void onAged(PooledConnection connection) {
        connection.expire();
        if (connection == standby) {
            standby = null;
            connection.state(ConnectionStats.State.DRAINING);
            draining.add(connection);
            publishStats();
            retire(connection);
        }
        reconsider();
    }

    /** One more, while there is one: the state does not change. */
    private void grow() {
        long remainingNs = backoff.remainingNs();
        if (remainingNs > 0) {
            backOff(remainingNs, Status.of(StatusCode.UNAVAILABLE, backoff.lastReason() + BACKING_OFF));
        } else {
            open(newAttempt(backoff));
        }
    }

    /** One more that calls do not want yet, or none before its own backoff is over. */
    private void openStandby() {
        long remainingNs = standbyBackoff.remainingNs();
        if (remainingNs <= 0) {
            stopStandbyTimer();
            PooledConnection begun = newAttempt(standbyBackoff);
            begun.toStandBy();
            open(begun);
        } else if (standbyTimer == null) {
            standbyTimer = context.schedule(remainingNs, () -> {
                standbyTimer = null;
                reconsider();
            });
        }
    }

    private PooledConnection newAttempt(AddressBackoff delays) {
        long delayNs = delays.begin();
        long usefulAgeNs = ready.isEmpty() ? delayNs : Math.min(delayNs, EXTRA_USEFUL_AGE_NS);
        PooledConnection begun = new PooledConnection(this, backoff.nanoTime(), delayNs, usefulAgeNs);
        attempt = begun;
        attempts.incrementAndGet();
        publishStats();
        return begun;
    }

    private void open(PooledConnection begun) {
        try {
            begun.opened(owner.open(begun.delayNs(), begun));
        } catch (RuntimeException refused) {
            // The event loops were closed under the channel, for example.
            begun.onTerminated("cannot connect to " + owner.address() + ": " + refused.getMessage(), refused);
        }
    }

    private void backOff(long remainingNs, Status why) {
        lastFailure = why;
        backoffTimer = context.schedule(remainingNs, () -> {
            backoffTimer = null;
            updateState(Status.OK);
            reconsider();
        });
    }

    private void stopBackoff() {
        if (backoffTimer != null) {
            backoffTimer.cancel();
            backoffTimer = null;
        }
        stopStandbyTimer();
    }

    private void stopStandbyTimer() {
        if (standbyTimer != null) {
            standbyTimer.cancel();
            standbyTimer = null;
        }
    }

    // ---- What others see -------------------------------------------------------------------------------------

    private void publish() {
        owner.publish(ready.stream().map(PooledConnection::carrier).toList());
        publishStats();
        if (state == ConnectivityState.READY && !ready.isEmpty()) {
            owner.onOtherConnections();
        }
    }

    private void publishStats() {
        List<PooledConnection> known = new ArrayList<>(ready);
        if (standby != null) {
            known.add(standby);
        }
        if (attempt != null) {
            known.add(attempt);
        }
        known.addAll(draining);
        all = List.copyOf(known);
    }

    /**
     * CS-7.
     *
     * @param whyIdle what to say if it is IDLE now
     */
    private void updateState(Status whyIdle) {
        ConnectivityState next = closed ? ConnectivityState.SHUTDOWN : stateOfConnections();
        if (next != state) {
            move(
                    next,
                    switch (next) {
                        case IDLE -> whyIdle;
                        case TRANSIENT_FAILURE -> lastFailure;
                        case CONNECTING, READY, SHUTDOWN -> Status.OK;
                    });
        }
    }

    private ConnectivityState stateOfConnections() {
        if (!ready.isEmpty()) {
            return ConnectivityState.READY;
        }
        if (attempt != null) {
            return ConnectivityState.CONNECTING;
        }
        return backoffTimer == null ? ConnectivityState.IDLE : ConnectivityState.TRANSIENT_FAILURE;
    }

    private void move(ConnectivityState to, Status why) {
        LOG.log(System.Logger.Level.DEBUG, "subchannel {0}: {1} -> {2} {3}", owner.address(), state, to, why);
        state = to;
        owner.onState(to, why);
    }
}
