package io.peregrine.client.internal.pool;

import io.peregrine.transport.http2.StreamCapacity;
import java.util.List;

/**
 * Keeps calls from waiting at one connection while another has room, and says when one more connection is wanted (SPEC
 * CS-3, CS-5). The calls that wait are in the queues of their connections, in order of arrival; those that another
 * connection has room for are given back, the longest waiting first, and choose anew.
 *
 * <p>It looks only when something may have changed: when the pool has another connection or may open one, and when a
 * connection tells what it was asked to tell. Each is asked for one thing at a time: to tell when calls begin to wait,
 * or, while they wait and nothing can be done, when it has room. So there is at most one report of a connection under
 * way (CS-8), and none of a connection that is alone and must stay so (CS-9).
 *
 * <p>Confined to the channel's serialised context.
 */
final class QueueBalance {
    private static final String REASON = "another connection to the server has room";

    /** A connection above its mark tells again after so many parts of its limit more. */
    private static final int STEPS = 16;

    private final double openBeforeFull;

    QueueBalance(double openBeforeFull) {
        this.openBeforeFull = openBeforeFull;
    }

    /**
     * Looks at the connections and moves what can be moved.
     *
     * @param ready those that take calls
     * @param mayGrow whether there may be one more now
     * @return whether one more is wanted; never if there may not be
     */
    boolean settle(List<PooledConnection> ready, boolean mayGrow) {
        if (ready.size() == 1 && !mayGrow) {
            return false;
        }
        long waiting = 0;
        long room = 0;
        for (PooledConnection connection : ready) {
            StreamCapacity capacity = connection.capacity();
            waiting += capacity.waiting();
            // As calls see it when they choose: one that is given back must not come back at once.
            room += Math.max(0, (long) capacity.limit() - capacity.total());
        }
        if (waiting == 0) {
            boolean early = mayGrow && isMarkReached(ready);
            if (!early) {
                ready.forEach(connection -> watchPressure(connection.capacity(), mayGrow));
            }
            return early;
        }
        if (room > 0) {
            giveBack(ready, room);
            ready.forEach(connection -> connection.capacity().awaitPressure(Integer.MAX_VALUE));
            return false;
        }
        if (ready.size() > 1) {
            ready.forEach(connection -> connection.capacity().awaitRoom());
        }
        return mayGrow;
    }

    private static void giveBack(List<PooledConnection> ready, long room) {
        long left = room;
        for (PooledConnection connection : ready) {
            int given = (int) Math.min(left, connection.capacity().waiting());
            if (given > 0) {
                connection.capacity().giveBack(given, REASON);
                left -= given;
            }
        }
    }

    /** CS-10: so large a part of what the server allows on all connections is open that a burst may fill the rest. */
    private boolean isMarkReached(List<PooledConnection> ready) {
        if (openBeforeFull >= 1) {
            return false;
        }
        long open = 0;
        long limit = 0;
        for (PooledConnection connection : ready) {
            StreamCapacity capacity = connection.capacity();
            open += capacity.total();
            limit += capacity.limit();
        }
        return limit > 0 && open >= openBeforeFull * limit;
    }

    private void watchPressure(StreamCapacity capacity, boolean mayGrow) {
        int limit = capacity.limit();
        if (!mayGrow || openBeforeFull >= 1 || limit == Integer.MAX_VALUE) {
            capacity.awaitPressure(Integer.MAX_VALUE);
        } else {
            int mark = (int) Math.ceil(openBeforeFull * limit);
            int next = capacity.total() + Math.max(1, limit / STEPS);
            capacity.awaitPressure(Math.max(1, capacity.total() < mark ? mark : next));
        }
    }
}
