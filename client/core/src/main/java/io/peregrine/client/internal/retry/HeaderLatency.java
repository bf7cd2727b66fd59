package io.peregrine.client.internal.retry;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * How long recent attempts of one method took until their response headers, as percentiles.
 *
 * <p>It is a histogram with 16 buckets for each power of two of nanoseconds, up to 18 minutes; longer ones count as
 * that. A percentile is the upper end of its bucket: never less than the true one of what was counted, and at most
 * 1/16 (6.25 %) more. Memory: 2.4 KB, whatever is recorded.
 *
 * <p>Recent means: once more than a window's worth has been counted, all buckets are halved, and so what is old
 * weighs half as much after each window, and single outliers are forgotten. The window is 2048 records, or twice what
 * the percentile needs if that is more. A percentile needs ten records beyond it: 200 for the 95th, 1000 for the
 * 99th.
 *
 * <p>A percentile is computed when it is asked for, and kept until 64 more are recorded; between, asking is a read of
 * two volatile fields. Who asks for two percentiles in turn has each computed anew.
 *
 * <p>Safe for use by several threads, without a lock: {@link #record} is two atomic additions. A percentile that is
 * computed while others record counts some of those and not others, which is within what it says anyway.
 */
public final class HeaderLatency {
    /** Not a latency: too few were recorded. */
    public static final long NOT_ENOUGH_YET = -1;

    /** 16 buckets for each power of two. */
    private static final int SUB_BUCKET_BITS = 4;

    private static final int SUB_BUCKETS = 1 << SUB_BUCKET_BITS;
    private static final long MAX_LATENCY_NS = (1L << 40) - 1;
    private static final int BUCKETS = bucketOf(MAX_LATENCY_NS) + 1;

    private static final int RECORDS_BEYOND = 10;
    private static final int MIN_WINDOW = 2048;

    /** Bounds the window of a percentile like 99.9999. */
    private static final int MAX_NEEDED = 1 << 20;

    private static final int KEPT_FOR_RECORDS = 64;

    private final AtomicIntegerArray counts = new AtomicIntegerArray(BUCKETS);

    /** All that were ever recorded; wraps around. Only differences are looked at. */
    private final AtomicInteger recorded = new AtomicInteger();

    /** Held by the thread that computes: only one may halve. */
    private final AtomicBoolean computing = new AtomicBoolean();

    /** Written by the thread that holds {@link #computing}, read by all. */
    private volatile Estimate last = new Estimate(Double.NaN, NOT_ENOUGH_YET, 0);

    private record Estimate(double percentile, long latencyNs, int atRecord) {}

    /** With nothing recorded. */
    public HeaderLatency() {}

    /** Counts one latency, in nanoseconds; a negative one, from a clock of several cores, as 0. Any thread. */
    public void record(long latencyNs) {
        counts.getAndIncrement(bucketOf(Math.max(0, Math.min(latencyNs, MAX_LATENCY_NS))));
        recorded.getAndIncrement();
    }

    /**
     * The latency that this share of recent attempts did not exceed, in nanoseconds, or {@link #NOT_ENOUGH_YET}; that
     * also if another thread is computing a different percentile. Any thread.
     *
     * @param percentile more than 0, less than 100
     */
    public long atPercentile(double percentile) {
        Estimate kept = last;
        boolean same = kept.percentile == percentile;
        if (same && recorded.get() - kept.atRecord < KEPT_FOR_RECORDS) {
            return kept.latencyNs;
        }
        if (!computing.compareAndSet(false, true)) {
            return same ? kept.latencyNs : NOT_ENOUGH_YET;
        }
        try {
            return renew(percentile);
        } finally {
            computing.set(false);
        }
    }

    private long renew(double percentile) {
        int atRecord = recorded.get();
        long total = totalCount();
        long latencyNs = compute(percentile, total);
        if (total > Math.max(MIN_WINDOW, 2 * needed(percentile))) {
            halve();
        }
        last = new Estimate(percentile, latencyNs, atRecord);
        return latencyNs;
    }

    private long totalCount() {
        long total = 0;
        for (int i = 0; i < BUCKETS; i++) {
            total += counts.get(i);
        }
        return total;
    }

    private long compute(double percentile, long total) {
        if (total < needed(percentile)) {
            return NOT_ENOUGH_YET;
        }
        long rank = (long) Math.ceil(total * percentile / 100);
        int bucket = 0;
        // The buckets hold total records or, by now, more: only the thread that computes takes some out.
        for (long seen = counts.get(0); seen < rank; seen += counts.get(bucket)) {
            bucket++;
        }
        return upperEndNs(bucket);
    }

    /** Rounds down, or a bucket with one record would keep it for ever. Records made meanwhile are not lost. */
    private void halve() {
        for (int i = 0; i < BUCKETS; i++) {
            int count = counts.get(i);
            if (count > 0) {
                counts.addAndGet(i, count / 2 - count);
            }
        }
    }

    private static long needed(double percentile) {
        double needed = RECORDS_BEYOND / (1 - percentile / 100);
        return (long) Math.min(Math.ceil(needed), MAX_NEEDED);
    }

    /** The first 16 values have a bucket each; from there on, the four bits after the highest choose one of 16. */
    private static int bucketOf(long latencyNs) {
        if (latencyNs < SUB_BUCKETS) {
            return (int) latencyNs;
        }
        int shift = 63 - Long.numberOfLeadingZeros(latencyNs) - SUB_BUCKET_BITS;
        return (shift + 1) * SUB_BUCKETS + (int) (latencyNs >>> shift) - SUB_BUCKETS;
    }

    private static long upperEndNs(int bucket) {
        if (bucket < SUB_BUCKETS) {
            return bucket;
        }
        int shift = bucket / SUB_BUCKETS - 1;
        return ((long) (bucket % SUB_BUCKETS + SUB_BUCKETS + 1) << shift) - 1;
    }
}
