package io.peregrine.client.internal.balancer.weighted;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The latency of one endpoint, as an average that follows peaks at once (SPEC EX-1), and the calls under way there.
 *
 * <p>Two things happen to the average, from any number of threads and without a lock. A sample above it replaces it, by
 * compare-and-set as long as it is above. Otherwise time passes: the average loses {@code 1 - e^(-Δt / decay time)} of itself,
 * and a sample gains as much. Whoever moves {@link #stampNs} from the past to now, by compare-and-set, owns the time between
 * and applies it, once; who comes too late has no time left to apply, and its sample, which was not above, weighs nothing. So
 * no interval counts twice and no peak is lost, whatever the order. A sample that loses the stamp to another is lost: it came
 * within nanoseconds of one that counts.
 *
 * <p>All fields are read opaquely by pickers: each is a number of its own, and an old one costs one choice that could have
 * been better.
 */
final class PeakLatency {
    private static final double UNKNOWN = -1;

    private static final VarHandle AVERAGE_NS;
    private static final VarHandle STAMP_NS;
    private static final VarHandle STARTED;
    private static final VarHandle FINISHED;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            AVERAGE_NS = lookup.findVarHandle(PeakLatency.class, "averageNs", double.class);
            STAMP_NS = lookup.findVarHandle(PeakLatency.class, "stampNs", long.class);
            STARTED = lookup.findVarHandle(PeakLatency.class, "started", long.class);
            FINISHED = lookup.findVarHandle(PeakLatency.class, "finished", long.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    /** Changed by compare-and-set; {@link #UNKNOWN} until there is a sample. */
    private volatile double averageNs = UNKNOWN;

    /** Until when time has been applied to the average; changed by compare-and-set. */
    private volatile long stampNs;

    /** Calls that a picker sent here; added to by pickers, which pairs with nothing: a count. */
    @SuppressWarnings("unused") // accessed through STARTED
    private volatile long started;

    /** Of those, the ones that have ended; added to where calls end. Never more than {@link #started}. */
    @SuppressWarnings("unused") // accessed through FINISHED
    private volatile long finished;

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
        averageNs = UNKNOWN;
    }

    /** What one more call costs here, in nanoseconds; {@code penaltyNs} is that of a call where no latency is known. */
    double costNs(double penaltyNs) {
        long underWay = underWay();
        double average = (double) AVERAGE_NS.getOpaque(this);
        return average < 0 ? penaltyNs * underWay : average * (underWay + 1);
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
        return (double) AVERAGE_NS.getOpaque(this);
    }

    private boolean isKnown() {
        return averageNs() >= 0;
    }

    /** False if the average is as high. */
    private boolean tryRaise(double sampleNs, long nowNs) {
        double before = averageNs;
        while (sampleNs > before) {
            if (AVERAGE_NS.compareAndSet(this, before, sampleNs)) {
                // The time until now is not to lower what is of now. If another was faster, its time is as good.
                boolean unused = STAMP_NS.compareAndSet(this, stampNs, nowNs);
                return true;
            }
            before = averageNs;
        }
        return false;
    }

    private void pass(double sampleNs, long nowNs, double decayNs) {
        long before = stampNs;
        long elapsedNs = nowNs - before;
        if (elapsedNs <= 0 || !STAMP_NS.compareAndSet(this, before, nowNs)) {
            return;
        }
        double kept = Math.exp(-elapsedNs / decayNs);
        double average;
        do {
            average = averageNs;
            if (average < sampleNs) {
                // Forgotten, or lowered, meanwhile: the next sample says more.
                return;
            }
        } while (!AVERAGE_NS.compareAndSet(this, average, average * kept + sampleNs * (1 - kept)));
    }
}
