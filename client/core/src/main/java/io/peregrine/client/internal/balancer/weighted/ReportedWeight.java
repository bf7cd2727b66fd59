package io.peregrine.client.internal.balancer.weighted;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The weight of one endpoint by its reports, and whether it counts (SPEC WR-3, WR-4). Reports come on the event loops of
 * the endpoint's calls, all else in the channel's serialised context. Each replaces the whole state by compare-and-set, so
 * that a report and a new connection at the same time both count.
 *
 * <p>Times are of {@link System#nanoTime()}; only their differences mean anything.
 */
final class ReportedWeight {
    private final AtomicReference<State> state = new AtomicReference<>(State.NONE);

    /** What becomes of a weight when it is looked up. */
    enum Use {
        /** It counts. */
        USABLE,
        /** There is none, or the reports have not settled. */
        NOT_YET_USABLE,
        /** The last report is too old. */
        STALE
    }

    /** @param settling whether {@code sinceNs} is set: reports have come since the connection was made or since they expired */
    private record State(boolean reported, double weight, long updatedNs, boolean settling, long sinceNs) {
        static final State NONE = new State(false, 0, 0, false, 0);

        State with(double newWeight, long nowNs) {
            return new State(true, newWeight, nowNs, true, settling ? sinceNs : nowNs);
        }

        State unsettled() {
            return new State(reported, weight, updatedNs, false, 0);
        }
    }

    /** A report that makes for that weight, which is more than 0. Any thread. */
    void onReport(double weight, long nowNs) {
        State before;
        do {
            before = current();
        } while (!state.compareAndSet(before, before.with(weight, nowNs)));
    }

    /** The endpoint has a new connection: its reports are to settle anew (WR-3). */
    void onReady() {
        unsettle();
    }

    /** Whether the weight counts now; if the reports are too old, the next ones are to settle anew (WR-4). */
    Use use(long nowNs, long expirationNs, long blackoutNs) {
        State current = current();
        if (!current.reported) {
            return Use.NOT_YET_USABLE;
        }
        if (nowNs - current.updatedNs >= expirationNs) {
            // A report that comes meanwhile wins: it is newer than what has expired.
            boolean unused = state.compareAndSet(current, current.unsettled());
            return Use.STALE;
        }
        boolean dark = blackoutNs > 0 && (!current.settling || nowNs - current.sinceNs < blackoutNs);
        return dark ? Use.NOT_YET_USABLE : Use.USABLE;
    }

    /** What the last report made for; 0 without one. */
    double weight() {
        return current().weight;
    }

    /** Never null. */
    private State current() {
        return Objects.requireNonNull(state.get());
    }

    private void unsettle() {
        State before;
        do {
            before = current();
        } while (!state.compareAndSet(before, before.unsettled()));
    }
}
