package io.peregrine.load.measure;

import io.netty.util.concurrent.FastThreadLocal;
import io.netty.util.concurrent.FastThreadLocalThread;
import io.peregrine.allocation.AllocationProbe;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.SingleWriterRecorder;

/**
 * Records the outcome of every call of one run.
 *
 * <p>Three times are kept apart, in nanoseconds with three significant digits: <em>response</em> from the
 * intended start to the end, <em>service</em> from the actual start to the end, and <em>lag</em> from the
 * intended to the actual start. In a closed loop there is no intended start and only service is recorded.
 *
 * <p>An event loop records into a shard of its own, without synchronisation or allocation; other threads share
 * one shard under its lock. {@link #drain} may run at any time on any thread.
 */
public final class CallRecorder {
    /** The largest time that is told apart; a longer one is recorded as this. */
    public static final long MAX_TRACKABLE_NS = 3_600_000_000_000L;

    private static final int SIGNIFICANT_DIGITS = 3;

    /** Distinct failure texts kept; servers that put an id in each text cannot fill the heap. */
    private static final int MAX_ERROR_TEXTS = 64;

    private static final String OTHER_TEXTS = "(other texts)";

    private final boolean countErrors;
    private final Queue<Shard> shards = new ConcurrentLinkedQueue<>();
    private final Shard shared;
    private final FastThreadLocal<Shard> local = new LocalShard();
    private final SingleWriterRecorder lag = new SingleWriterRecorder(MAX_TRACKABLE_NS, SIGNIFICANT_DIGITS);
    private final LongAdder allocatedByEnded = new LongAdder();
    private final Map<String, LongAdder> errorTexts = new ConcurrentHashMap<>();
    private final Histogram responseTotal = new Histogram(MAX_TRACKABLE_NS, SIGNIFICANT_DIGITS);
    private final Histogram serviceTotal = new Histogram(MAX_TRACKABLE_NS, SIGNIFICANT_DIGITS);
    private final Histogram lagTotal = new Histogram(MAX_TRACKABLE_NS, SIGNIFICANT_DIGITS);

    /**
     * @param countErrors whether the times of failed calls are recorded with those of the others
     */
    public CallRecorder(boolean countErrors) {
        this.countErrors = countErrors;
        this.shared = newShard();
    }

    /** Records a call that had an intended start. */
    public void openLoopCall(int statusCode, long responseNs, long serviceNs) {
        Thread thread = Thread.currentThread();
        if (thread instanceof FastThreadLocalThread) {
            local.get().record(statusCode, responseNs, serviceNs);
        } else {
            synchronized (shared) {
                shared.record(statusCode, responseNs, serviceNs);
            }
        }
    }

    /** Records a call of a closed loop. */
    public void closedLoopCall(int statusCode, long serviceNs) {
        openLoopCall(statusCode, -1, serviceNs);
    }

    /** Records how late a call started; only the thread that paces the run may call this. */
    public void lag(long lagNs) {
        lag.recordValue(clamp(lagNs));
    }

    /** The current thread, which was started for this run, ends: keeps count of what it allocated in its life. */
    public void callerEnds() {
        allocatedByEnded.add(AllocationProbe.allocatedBytes());
    }

    /** Heap bytes that threads allocated which have ended, as far as they said so. */
    public long bytesAllocatedByEndedCallers() {
        return allocatedByEnded.sum();
    }

    /** Counts the text of a failure. */
    public void errorText(String text) {
        LongAdder count = errorTexts.get(text);
        if (count == null) {
            String key = errorTexts.size() < MAX_ERROR_TEXTS ? text : OTHER_TEXTS;
            count = errorTexts.computeIfAbsent(key, k -> new LongAdder());
        }
        count.increment();
    }

    /** Calls that ended, by status code, and the times recorded since the previous drain. */
    public synchronized Interval drain() {
        long[] byStatus = new long[StatusCodes.COUNT];
        Histogram interval = new Histogram(MAX_TRACKABLE_NS, SIGNIFICANT_DIGITS);
        boolean openLoop = false;
        for (Shard shard : shards) {
            shard.addCounts(byStatus);
            Histogram service = shard.service.getIntervalHistogram();
            Histogram response = shard.response.getIntervalHistogram();
            serviceTotal.add(service);
            responseTotal.add(response);
            openLoop |= response.getTotalCount() > 0;
            interval.add(response.getTotalCount() > 0 ? response : service);
        }
        lagTotal.add(lag.getIntervalHistogram());
        return new Interval(byStatus, interval, openLoop);
    }

    /** Everything recorded so far; the result does not change any more. */
    public synchronized Measurements total() {
        Interval last = drain();
        Map<String, Long> texts = new TreeMap<>();
        errorTexts.forEach((text, count) -> texts.put(text, count.sum()));
        return new Measurements(
                last.callsByStatus, responseTotal.copy(), serviceTotal.copy(), lagTotal.copy(), Map.copyOf(texts));
    }

    private Shard newShard() {
        Shard shard = new Shard(countErrors);
        shards.add(shard);
        return shard;
    }

    private static long clamp(long ns) {
        return Math.max(0, Math.min(ns, MAX_TRACKABLE_NS));
    }

    /** What happened since the previous drain, for the progress line. */
    public static final class Interval {
        private final long[] callsByStatus;
        private final Histogram times;
        private final boolean openLoop;

        Interval(long[] callsByStatus, Histogram times, boolean openLoop) {
            this.callsByStatus = callsByStatus;
            this.times = times;
            this.openLoop = openLoop;
        }

        /** Calls that ended with OK since the run began. */
        public long ok() {
            return callsByStatus[StatusCodes.OK];
        }

        /** Calls that failed since the run began. */
        public long failed() {
            long failed = 0;
            for (int code = 1; code < callsByStatus.length; code++) {
                failed += callsByStatus[code];
            }
            return failed;
        }

        /** Response times in open loop and service times in closed loop, of this interval only. */
        public Histogram times() {
            return times;
        }

        /** Whether {@link #times} are response times. */
        public boolean openLoop() {
            return openLoop;
        }
    }

    /** Written by one thread at a time; counts are read opaquely by {@link #drain}. */
    private static final class Shard {
        private final boolean countErrors;
        private final SingleWriterRecorder response = new SingleWriterRecorder(MAX_TRACKABLE_NS, SIGNIFICANT_DIGITS);
        private final SingleWriterRecorder service = new SingleWriterRecorder(MAX_TRACKABLE_NS, SIGNIFICANT_DIGITS);
        private final AtomicLongArray byStatus = new AtomicLongArray(StatusCodes.COUNT);

        Shard(boolean countErrors) {
            this.countErrors = countErrors;
        }

        void record(int statusCode, long responseNs, long serviceNs) {
            if (statusCode == StatusCodes.OK || countErrors) {
                service.recordValue(clamp(serviceNs));
                if (responseNs >= 0) {
                    response.recordValue(clamp(responseNs));
                }
            }
            // One writer, so no read-modify-write is needed; pairs with the read in addCounts.
            byStatus.setOpaque(statusCode, byStatus.getPlain(statusCode) + 1);
        }

        void addCounts(long[] totals) {
            for (int code = 0; code < totals.length; code++) {
                totals[code] += byStatus.getOpaque(code);
            }
        }
    }

    private final class LocalShard extends FastThreadLocal<Shard> {
        @Override
        protected Shard initialValue() {
            return newShard();
        }
    }
}
