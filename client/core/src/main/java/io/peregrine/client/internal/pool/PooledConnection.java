package io.peregrine.client.internal.pool;

import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.connection.ConnectionStats;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.DisconnectReason;
import io.peregrine.transport.http2.KeepAliveOptions;
import io.peregrine.transport.http2.StreamCapacity;
import io.peregrine.transport.http2.TransportListener;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One connection attempt and the connection that it leads to. Its transport's events, which come on an event loop, enter
 * the serialised context here; all else belongs to that context, but for {@link #stats}.
 */
final class PooledConnection implements TransportListener {
    private final ConnectionPool pool;
    private final long begunNs;

    /** What its failure would cost. */
    private final long delayNs;

    /** How long a connection without a response must have lived to have been of use. */
    private final long usefulAgeNs;

    /** What was opened; null if that failed. */
    private @Nullable ClientTransport transport;

    /** Set in the context once it is ready; what streams are started on. */
    private volatile @Nullable ClientTransport carrier;

    /** Written in the context; read by {@link #stats} on any thread. */
    private volatile ConnectionStats.State state = ConnectionStats.State.CONNECTING;

    private long readyNs;
    private DisconnectReason disconnectReason = DisconnectReason.UNKNOWN;
    private boolean toStandBy;
    private boolean useful;
    private boolean expired;

    /** The end of its age, or of the grace after that. */
    private LoadBalancer.@Nullable Timer timer;

    PooledConnection(ConnectionPool pool, long begunNs, long delayNs, long usefulAgeNs) {
        this.pool = pool;
        this.begunNs = begunNs;
        this.delayNs = delayNs;
        this.usefulAgeNs = usefulAgeNs;
    }

    // ---- The serialised context ------------------------------------------------------------------------------

    /** How long the attempt may take, in nanoseconds. */
    long delayNs() {
        return delayNs;
    }

    /** It is opened to stand by: no call wants it. */
    void toStandBy() {
        toStandBy = true;
    }

    /** No other connection is left: calls want it after all. */
    void wantedByCalls() {
        toStandBy = false;
    }

    boolean isToStandBy() {
        return toStandBy;
    }

    void opened(ClientTransport newTransport) {
        transport = newTransport;
    }

    void ready(long nowNs, ConnectionStats.State as) {
        assert transport != null;
        readyNs = nowNs;
        carrier = transport.carrier();
        state = as;
    }

    void state(ConnectionStats.State newState) {
        state = newState;
    }

    /** What streams are started on; of a connection that was ready. */
    ClientTransport carrier() {
        ClientTransport known = carrier;
        assert known != null : "a connection that was never ready";
        return known;
    }

    StreamCapacity capacity() {
        return carrier().capacity();
    }

    /** Whether it carried a response, or lived long enough. */
    boolean wasOfUse(long nowNs) {
        return useful || nowNs - readyNs >= usefulAgeNs;
    }

    /** Why it was lost, of one that was. */
    DisconnectReason disconnectReason() {
        return disconnectReason;
    }

    boolean isExpired() {
        return expired;
    }

    /** Its age is over: it is to be replaced. */
    void expire() {
        expired = true;
    }

    /** Replaces the timer. */
    void timer(LoadBalancer.@Nullable Timer newTimer) {
        if (timer != null) {
            timer.cancel();
        }
        timer = newTimer;
    }

    /** Takes no more calls; those under way end in their own time. */
    void shutdown(String reason) {
        timer(null);
        if (transport != null) {
            transport.shutdown(reason);
        }
    }

    void shutdownNow(String reason) {
        if (transport != null) {
            transport.shutdownNow(reason);
        }
    }

    // ---- Any thread ------------------------------------------------------------------------------------------

    ConnectionStats stats(long nowNs) {
        Duration age = Duration.ofNanos(Math.max(0, nowNs - begunNs));
        ClientTransport known = carrier;
        if (known == null) {
            return new ConnectionStats(state, age, 0, 0, Integer.MAX_VALUE);
        }
        StreamCapacity streams = known.capacity();
        return new ConnectionStats(state, age, streams.open(), streams.waiting(), streams.limit());
    }

    // ---- From the transport, on its event loop ---------------------------------------------------------------

    @Override
    public void onReady() {
        pool.execute(() -> pool.onReady(this));
    }

    @Override
    public void onFirstResponse() {
        pool.execute(() -> {
            useful = true;
            pool.onUseful(this);
        });
    }

    @Override
    public void onTooManyPings(@Nullable KeepAliveOptions keepAlive) {
        pool.execute(() -> pool.onTooManyPings(keepAlive));
    }

    @Override
    public void onPressure() {
        pool.execute(() -> pool.onLoad(this));
    }

    @Override
    public void onRoom() {
        pool.execute(() -> pool.onLoad(this));
    }

    @Override
    public void onDisconnect(DisconnectReason reason) {
        pool.execute(() -> disconnectReason = reason);
    }

    @Override
    public void onDraining(String reason) {
        pool.execute(() -> pool.onDraining(this, reason));
    }

    @Override
    public void onTerminated(String reason, @Nullable Throwable cause) {
        pool.execute(() -> pool.onTerminated(this, reason, cause));
    }

    @Override
    public void onReleased() {
        pool.execute(() -> {
            timer(null);
            pool.onReleased(this, transport);
        });
    }
}
