package io.peregrine.jmh.driver;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Recorder;
import org.jspecify.annotations.Nullable;

/** What loads of any kind have: counts of completed calls, the last failure, and the wish that they end. */
abstract class StoppableLoad implements Load {
    private final Recorder latencyNs = Load.newRecorder();

    /** Complete before the load starts. */
    private final List<Count> counts = new ArrayList<>();

    /** Written by the thread that stops, read between two calls by those who make them. */
    private volatile boolean stopped;

    /** Written by who made the call, before its last sign of life; read when all have ended. */
    private volatile @Nullable Throwable failure;

    /** The count of one more that makes calls one after the other. */
    final Count newCount() {
        Count count = new Count();
        counts.add(count);
        return count;
    }

    final boolean isStopped() {
        return stopped;
    }

    /** Who made the call makes no more. */
    final void onFailure(Throwable thrown) {
        failure = thrown;
    }

    /**
     * What came of the calls.
     *
     * @throws IllegalStateException if one failed
     */
    final void throwIfFailed() {
        Throwable thrown = failure;
        if (thrown != null) {
            throw new IllegalStateException("a call failed: " + thrown.getMessage(), thrown);
        }
    }

    @Override
    public final long calls() {
        long sum = 0;
        for (Count count : counts) {
            sum += count.completed.getAcquire();
        }
        return sum;
    }

    @Override
    public final Recorder latencyNs() {
        return latencyNs;
    }

    @Override
    public final void stop() throws InterruptedException {
        stopped = true;
        awaitEnd();
        throwIfFailed();
    }

    /** Waits until nobody makes calls any more. */
    abstract void awaitEnd() throws InterruptedException;

    /** How many calls one thread at a time has completed. */
    static final class Count {
        /** Released by the thread of the moment, pairs with the acquire in {@link StoppableLoad#calls}. */
        private final AtomicLong completed = new AtomicLong();

        private Count() {}

        void add(long calls) {
            completed.setRelease(completed.getPlain() + calls);
        }
    }
}
