package io.peregrine.client.balancer;

import io.peregrine.client.ConnectivityState;
import java.util.EnumMap;
import java.util.Map;

/**
 * How many of a policy's children are in which state, and what that amounts to (SPEC CH-7). In the channel's serialised
 * context only.
 */
public final class StateCounts {
    private final Map<ConnectivityState, Integer> counts = new EnumMap<>(ConnectivityState.class);

    /** Of no children. */
    public StateCounts() {}

    /** A child has appeared. */
    public void add(ConnectivityState state) {
        counts.merge(state, 1, Integer::sum);
    }

    /** A child has gone. */
    public void remove(ConnectivityState state) {
        if (of(state) == 0) {
            throw new IllegalStateException("children in " + state + ": 0 (expected: the one that has gone)");
        }
        counts.merge(state, -1, Integer::sum);
    }

    /** A child has gone from one state to another. */
    public void move(ConnectivityState from, ConnectivityState to) {
        remove(from);
        add(to);
    }

    /** How many there are. */
    public int of(ConnectivityState state) {
        return counts.getOrDefault(state, 0);
    }

    /**
     * READY if one is, else CONNECTING if one is, else IDLE if one is, else TRANSIENT_FAILURE.
     *
     * @param idleConnects whether those that are IDLE will be CONNECTING by themselves, and count as that
     */
    public ConnectivityState aggregate(boolean idleConnects) {
        if (of(ConnectivityState.READY) > 0) {
            return ConnectivityState.READY;
        }
        boolean idle = of(ConnectivityState.IDLE) > 0;
        if (of(ConnectivityState.CONNECTING) > 0 || (idle && idleConnects)) {
            return ConnectivityState.CONNECTING;
        }
        return idle ? ConnectivityState.IDLE : ConnectivityState.TRANSIENT_FAILURE;
    }
}
