package io.peregrine.client.internal.pool;

import io.peregrine.client.connection.CallPlacement;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.StreamCapacity;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Several connections to one address, of which each call takes one (SPEC CS-2, CS-10). An immutable snapshot; choosing
 * takes no lock and allocates nothing. How full a connection is, is read without order: two threads that choose at the
 * same moment may take the same last place, and then one call waits a moment in that connection's queue, or is given
 * back (CS-5).
 */
public final class ConnectionChoice {
    /** The golden ratio: neighbouring thread ids, which live at the same time, fall far apart. */
    private static final long SPREAD = 0x9E37_79B9_7F4A_7C15L;

    private final ClientTransport[] transports;
    private final StreamCapacity[] capacities;
    private final CallPlacement placement;

    /** A choice among those, the oldest first; two or more. */
    public ConnectionChoice(List<ClientTransport> transports, CallPlacement placement) {
        this.transports = transports.toArray(ClientTransport[]::new);
        this.capacities = transports.stream().map(ClientTransport::capacity).toArray(StreamCapacity[]::new);
        this.placement = placement;
    }

    /** The connection for a call that starts now; null if none takes calls any more. Any thread. */
    public @Nullable ClientTransport choose() {
        return switch (placement) {
            case OLDEST -> oldest();
            case LEAST_LOADED -> lessLoadedOfTwo();
            case CALLING_THREAD -> ofThread();
        };
    }

    /** The oldest with room; else the one over which the fewest calls wait. */
    private @Nullable ClientTransport oldest() {
        int least = -1;
        long leastExcess = Long.MAX_VALUE;
        for (int i = 0; i < capacities.length; i++) {
            StreamCapacity capacity = capacities[i];
            if (capacity.isAccepting()) {
                long excess = (long) capacity.total() - capacity.limit();
                if (excess < 0) {
                    return transports[i];
                }
                if (excess < leastExcess) {
                    least = i;
                    leastExcess = excess;
                }
            }
        }
        return least < 0 ? null : transports[least];
    }

    private @Nullable ClientTransport lessLoadedOfTwo() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        int one = random.nextInt(capacities.length);
        int other = random.nextInt(capacities.length - 1);
        if (other >= one) {
            other++;
        }
        int chosen = capacities[other].total() < capacities[one].total() ? other : one;
        return isFit(chosen) ? transports[chosen] : oldest();
    }

    private @Nullable ClientTransport ofThread() {
        long spread = Thread.currentThread().getId() * SPREAD;
        int chosen = (int) (((spread >>> 32) * capacities.length) >>> 32);
        return isFit(chosen) ? transports[chosen] : oldest();
    }

    private boolean isFit(int index) {
        return capacities[index].isAccepting() && capacities[index].hasRoom();
    }
}
