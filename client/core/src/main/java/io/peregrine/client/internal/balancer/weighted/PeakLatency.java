package io.peregrine.client.internal.balancer.weighted;

import io.peregrine.client.internal.balancer.CacheLineApart;
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
@SuppressWarnings("unused") // accessed through VarHandles
final class PeakLatency extends CacheLineApart {
    private static final VarHandle AVERAGE = field("averageBits", long.class);
    private static final VarHandle STAMP = field("stampNs", long.class);
    private static final VarHandle STARTED = field("started", long.class);
    private static final VarHandle FINISHED = field("finished", long.class);
    private static final VarHandle DEARNESS = field("dearness", double.class);
    private static final double UNKNOWN = -1;

    /** The average, as the bits of a double; {@link #UNKNOWN} until there is a sample. Changed by compare-and-set. */
    private long averageBits = Double.doubleToRawLongBits(UNKNOWN);

    /** Until when time has been applied to the average. Changed by compare-and-set. */
    private long stampNs;

    /** Calls that a picker sent here, added to by pickers: a count, which orders nothing. */
    private long started;

    /** Of those, the ones that have ended. The release of each pairs with the acquire in {@link #underWay}. */
    private long finished;

    /** What costs are multiplied by. Opaque: an old one does no harm. */
    private double dearness = 1;

    /** Without calls; nothing is known. */
    PeakLatency() {}

    /** A picker sends a call here. */
    void onStart() {
        STARTED.getAndAdd(this, 1L);
    }

    /** A picker sent a call here, and no connection took it. */
    void onNotSent() {
        STARTED.getAndAdd(this, -1L);
    }

    /** A call that was sent here has ended, well or not. */
    void onFinish() {
        FINISHED.getAndAdd(this, 1L);
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
        AVERAGE.setOpaque(this, Double.doubleToRawLongBits(UNKNOWN));
    }

    /** The endpoint's part of the calls, 1 for a usual one; more than 0. Costs are divided by it. */
    void share(double share) {
        DEARNESS.setOpaque(this, 1 / share);
    }

    /**
     * What one more call costs here, in nanoseconds of a usual endpoint; {@code penaltyNs} is that of a call where no latency
     * is known.
     */
    double costNs(double penaltyNs) {
        double underWay = (double) underWay();
        double average = averageNs();
        return (average < 0 ? penaltyNs * underWay : average * (underWay + 1)) * (double) DEARNESS.getOpaque(this);
    }

    /** Calls under way; 0 or more, for a call is started before it is finished, and the finished are read first. */
    long underWay() {
        long ended = (long) FINISHED.getAcquire(this);
        return (long) STARTED.getOpaque(this) - ended;
    }

    /** How many calls have ended. */
    long finished() {
        return (long) FINISHED.getOpaque(this);
    }

    /** The average; less than 0 if there is none. */
    double averageNs() {
        return Double.longBitsToDouble((long) AVERAGE.getOpaque(this));
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
                boolean unused = STAMP.compareAndSet(this, (long) STAMP.getOpaque(this), nowNs);
                return true;
            }
            before = averageNs();
        }
        return false;
    }

    private void pass(double sampleNs, long nowNs, double decayNs) {
        long before = (long) STAMP.getOpaque(this);
        long elapsedNs = nowNs - before;
        if (elapsedNs <= 0 || !STAMP.compareAndSet(this, before, nowNs)) {
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
        return AVERAGE.compareAndSet(this, Double.doubleToRawLongBits(before), Double.doubleToRawLongBits(after));
    }

    private static VarHandle field(String name, Class<?> type) {
        try {
            return MethodHandles.lookup().findVarHandle(PeakLatency.class, name, type);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }
}
