package io.peregrine.client.internal.balancer.weighted;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The latency of one endpoint, as an average that follows peaks at once (SPEC EX-1), and the calls under way there.
 *
 * <p>Two things happen to the average, from any number of threads and without a lock. A sample above it replaces it, by
 * compare-and-set as long as it is above. Otherwise time passes: the average loses {@code 1 - e^(-Δt / decay time)} of itself,
 * and a sample gains as much. Whoever moves the stamp from the past to now, by compare-and-set, owns the time between
 * and applies it, once; who comes too late has no time left to apply, and its sample, which was not above, weighs nothing. So
 * no interval counts twice and no peak is lost. A peak may still be lowered by an interval that another thread has taken
 * just before: by a tick's part at most, 1 %. A sample that loses the stamp to another is lost: it came within nanoseconds
 * of one that counts.
 *
 * <p>All numbers are read opaquely: each is one of its own, and an old one costs one choice that could have been better. They
 * share a line of the processors' caches, since a pick reads most of them, and no other endpoint's are in it.
 */
final class PeakLatency {
    private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(long[].class);
    private static final double UNKNOWN = -1;

    /** 128 bytes: a cache line, and the one that is fetched with it, on either side. */
    private static final int PADDING = 16;

    /** The average, as the bits of a double; {@link #UNKNOWN} until there is a sample. Changed by compare-and-set. */
    private static final int AVERAGE = PADDING;

    /** Until when time has been applied to the average. Changed by compare-and-set. */
    private static final int STAMP = PADDING + 1;

    /** Calls that a picker sent here, added to by pickers: a count, which orders nothing. */
    private static final int STARTED = PADDING + 2;

    /** Of those, the ones that have ended. The release of each pairs with the acquire in {@link #underWay}. */
    private static final int FINISHED = PADDING + 3;

    private final long[] cells = new long[FINISHED + 1 + PADDING];

    /** Without calls; nothing is known. */
    PeakLatency() {
        cells[AVERAGE] = Double.doubleToRawLongBits(UNKNOWN);
    }

    /** A picker sends a call here. */
    void onStart() {
        CELL.getAndAdd(cells, STARTED, 1L);
    }

    /** A picker sent a call here, and no connection took it. */
    void onNotSent() {
        CELL.getAndAdd(cells, STARTED, -1L);
    }

    /** A call that was sent here has ended, well or not. */
    void onFinish() {
        CELL.getAndAdd(cells, FINISHED, 1L);
    }

    /** A call has taken that long; {@code decayNs} is the decay time. */
    void onSample(double sampleNs, long nowNs, double decayNs) {
        if (!tryRaise(sampleNs, nowNs)) {
            pass(sampleNs, nowNs, decayNs);
        }
    }

    /** A call has taken that long at least: counts only if it is a peak. */
    void onPartialSample(double leastNs, long nowNs) {
        if (isKnown()) {
            boolean unused = tryRaise(leastNs, nowNs);
        }
    }

    /** No sample has come for a while: an endpoint that was slow is worth another try, in time. */
    void onIdle(long nowNs, double decayNs) {
        if (isKnown()) {
            pass(0, nowNs, decayNs);
        }
    }

    /** Calls wait, for that long at least, and none has ended. */
    void onSilence(double silenceNs, long nowNs, double penaltyNs) {
        // One that is not known is expensive already while calls are under way.
        if (isKnown() || silenceNs > penaltyNs) {
            boolean unused = tryRaise(silenceNs, nowNs);
        }
    }

    /** Nothing is known any more: the endpoint has a new connection, perhaps to a new server. */
    void forget() {
        CELL.setOpaque(cells, AVERAGE, Double.doubleToRawLongBits(UNKNOWN));
    }

    /** What one more call costs here, in nanoseconds; {@code penaltyNs} is that of a call where no latency is known. */
    double costNs(double penaltyNs) {
        long underWay = underWay();
        double average = averageNs();
        return average < 0 ? penaltyNs * underWay : average * (underWay + 1);
    }

    /** Calls under way; 0 or more, for a call is started before it is finished, and the finished are read first. */
    long underWay() {
        long ended = (long) CELL.getAcquire(cells, FINISHED);
        return (long) CELL.getOpaque(cells, STARTED) - ended;
    }

    /** How many calls have ended. */
    long finished() {
        return (long) CELL.getOpaque(cells, FINISHED);
    }

    /** The average; less than 0 if there is none. */
    double averageNs() {
        return Double.longBitsToDouble((long) CELL.getOpaque(cells, AVERAGE));
    }

    private boolean isKnown() {
        return averageNs() >= 0;
    }

    /** False if the average is as high. */
    private boolean tryRaise(double sampleNs, long nowNs) {
        double before = averageNs();
        while (sampleNs > before) {
            if (replaceAverage(before, sampleNs)) {
                // The time until now is not to lower what is of now. If another was faster, its time is as good.
                boolean unused = CELL.compareAndSet(cells, STAMP, (long) CELL.getOpaque(cells, STAMP), nowNs);
                return true;
            }
            before = averageNs();
        }
        return false;
    }

    private void pass(double sampleNs, long nowNs, double decayNs) {
        long before = (long) CELL.getOpaque(cells, STAMP);
        long elapsedNs = nowNs - before;
        if (elapsedNs <= 0 || !CELL.compareAndSet(cells, STAMP, before, nowNs)) {
            return;
        }
        double kept = Math.exp(-elapsedNs / decayNs);
        double average;
        do {
            average = averageNs();
            if (average < sampleNs) {
                // Forgotten, or lowered, meanwhile: the next sample says more.
                return;
            }
        } while (!replaceAverage(average, average * kept + sampleNs * (1 - kept)));
    }

    private boolean replaceAverage(double before, double after) {
        return CELL.compareAndSet(
                cells, AVERAGE, Double.doubleToRawLongBits(before), Double.doubleToRawLongBits(after));
    }
}
