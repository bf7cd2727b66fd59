package io.peregrine.client.internal.balancer.outlier;

import java.net.SocketAddress;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;

/**
 * An endpoint: how its calls ended, and whether it is ejected (SPEC OD-2). In the channel's serialised context only, but for
 * {@link #record}.
 *
 * <p>The counts only ever grow, and a round looks at how far they came since the last one. So no call is lost or counted
 * twice, however the threads that count and the one that looks are interleaved: what comes late is of the next round. This is
 * what the two buckets of gRFC A50 are for. Adders do not make threads that count wait for each other.
 */
final class Host {
    private final Set<SocketAddress> addresses;
    private final LongAdder successes = new LongAdder();
    private final LongAdder failures = new LongAdder();
    private final Set<WatchedSubConn> subConns = new LinkedHashSet<>();
    private long seenSuccesses;
    private long seenFailures;
    private long roundSuccesses;
    private long roundFailures;
    private boolean ejected;
    private long ejectedAtNs;
    private int multiplier;

    Host(Set<SocketAddress> addresses) {
        this.addresses = addresses;
    }

    Set<SocketAddress> addresses() {
        return addresses;
    }

    /** A call has ended, with OK or not. Any thread. */
    void record(boolean success) {
        (success ? successes : failures).increment();
    }

    /** What was counted since the last call is of this round. */
    void turn() {
        long succeeded = successes.sum();
        long failed = failures.sum();
        roundSuccesses = succeeded - seenSuccesses;
        roundFailures = failed - seenFailures;
        seenSuccesses = succeeded;
        seenFailures = failed;
    }

    /** The calls of this round. */
    long volume() {
        return roundSuccesses + roundFailures;
    }

    /** The calls of this round that did not end with OK. */
    long failures() {
        return roundFailures;
    }

    /** The share of the calls of this round that ended with OK; of a round with calls. */
    double successRate() {
        return (double) roundSuccesses / volume();
    }

    boolean isEjected() {
        return ejected;
    }

    void add(WatchedSubConn subConn) {
        subConns.add(subConn);
    }

    void remove(WatchedSubConn subConn) {
        subConns.remove(subConn);
    }

    void eject(long nowNs) {
        assert !ejected : addresses + " is ejected already";
        ejected = true;
        ejectedAtNs = nowNs;
        multiplier++;
        tell();
    }

    void giveBack() {
        ejected = false;
        tell();
    }

    /** Forgets that it was ever ejected. */
    void absolve() {
        multiplier = 0;
        if (ejected) {
            giveBack();
        }
    }

    /** It has been good for a round. */
    void forgive() {
        if (multiplier > 0) {
            multiplier--;
        }
    }

    /** Whether its time is over: as often the base as it was ejected of late, at most {@code maxNs} (OD-3). */
    boolean isEjectionOver(long nowNs, long baseNs, long maxNs) {
        long capNs = Math.max(baseNs, maxNs);
        long timeNs = baseNs == 0 || multiplier <= capNs / baseNs ? baseNs * multiplier : capNs;
        return nowNs - ejectedAtNs > timeNs;
    }

    private void tell() {
        List.copyOf(subConns).forEach(WatchedSubConn::onEjectionChanged);
    }
}
