package io.peregrine.client.internal.breaker;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The calls of a time that has just passed: ten buckets of a tenth each, the current one and the nine before. So it
 * covers between nine tenths and the whole of its time.
 *
 * <p>A bucket is made when its time comes and replaced when that is over: one small object for each tenth, whatever
 * the number of calls. A thread that comes late with its clock adds to the bucket that it finds.
 */
final class TimeWindow extends OutcomeWindow {
    private static final int BUCKETS = 10;

    private final long startNs;
    private final long bucketNs;
    private final AtomicReferenceArray<@Nullable Bucket> ring = new AtomicReferenceArray<>(BUCKETS);

    /** The calls of one tenth; the number says which since the start. */
    private static final class Bucket extends AtomicLong {
        private static final long serialVersionUID = 1;

        final long number;

        Bucket(long number) {
            this.number = number;
        }
    }

    TimeWindow(long windowNs, long nowNs) {
        startNs = nowNs;
        bucketNs = Math.max(1, windowNs / BUCKETS);
    }

    @Override
    long record(boolean failed, long nowNs) {
        long number = Math.max(0, nowNs - startNs) / bucketNs;
        bucket(number).addAndGet(packed(failed));
        long sum = 0;
        for (int i = 0; i < BUCKETS; i++) {
            Bucket bucket = ring.get(i);
            if (bucket != null && bucket.number > number - BUCKETS) {
                sum += bucket.get();
            }
        }
        return sum;
    }

    private Bucket bucket(long number) {
        int slot = (int) (number % BUCKETS);
        Bucket found = ring.get(slot);
        while (found == null || found.number < number) {
            Bucket made = new Bucket(number);
            Bucket seen = ring.compareAndExchange(slot, found, made);
            if (seen == found) {
                return made;
            }
            found = seen;
        }
        return found;
    }
}
