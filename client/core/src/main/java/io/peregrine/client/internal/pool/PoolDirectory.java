package io.peregrine.client.internal.pool;

import io.peregrine.client.connection.ConnectionScaling;
import io.peregrine.client.connection.SubchannelStats;
import io.peregrine.transport.http2.DisconnectReason;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.DoubleSupplier;

/**
 * The pools of a channel, and what they go by. Confined to the channel's serialised context, but for {@link #stats}.
 */
public final class PoolDirectory {
    private final ConnectionScaling scaling;
    private final DoubleSupplier random;

    /** Changed in the context only; read by {@link #stats} on any thread. */
    private final Set<ConnectionPool> pools = ConcurrentHashMap.newKeySet();

    /** Of connections that were ready, by what ended them. Changed in the context only; read on any thread. */
    private final Map<DisconnectReason, Long> disconnections = new ConcurrentHashMap<>();

    /** Written in the context; read by {@link #stats} on any thread. */
    private volatile int maxConnections;

    /**
     * Without pools.
     *
     * @param random uniform in [0, 1)
     */
    public PoolDirectory(ConnectionScaling scaling, DoubleSupplier random) {
        this.scaling = scaling;
        this.random = random;
        this.maxConnections = scaling.maxConnections(1);
    }

    /** Of channels with one connection to each address. */
    public static PoolDirectory ofSingles() {
        return of(ConnectionScaling.single());
    }

    /** With the randomness of the threads. */
    public static PoolDirectory of(ConnectionScaling scaling) {
        return new PoolDirectory(scaling, () -> ThreadLocalRandom.current().nextDouble());
    }

    /** What the service config allows, 1 or more (SPEC CS-1). A lower number closes no connection. */
    public void allow(int maxByServiceConfig) {
        int allowed = scaling.maxConnections(maxByServiceConfig);
        if (allowed != maxConnections) {
            maxConnections = allowed;
            List.copyOf(pools).forEach(ConnectionPool::onMaximum);
        }
    }

    /** The connections of each subchannel. Any thread; stops nobody. */
    public List<SubchannelStats> stats() {
        return pools.stream().map(ConnectionPool::stats).toList();
    }

    /** How many connections were lost, by the label of what ended them. Any thread. */
    public Map<String, Long> disconnections() {
        Map<String, Long> counts = new TreeMap<>();
        disconnections.forEach((reason, count) -> counts.put(reason.label(), count));
        return counts;
    }

    /** What the channel was told when it was made. Any thread. */
    public ConnectionScaling scaling() {
        return scaling;
    }

    int maxConnections() {
        return maxConnections;
    }

    /** Uniform in [-1, 1). */
    double jitter() {
        return 2 * random.getAsDouble() - 1;
    }

    /** A connection that was ready is not any more (SPEC SC-11). */
    void onDisconnect(DisconnectReason reason) {
        disconnections.merge(reason, 1L, Long::sum);
    }

    void add(ConnectionPool pool) {
        pools.add(pool);
    }

    void remove(ConnectionPool pool) {
        pools.remove(pool);
    }
}
