package io.peregrine.jmh.driver;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Recorder;
import org.jspecify.annotations.Nullable;

/** Threads that call and wait, each again and again. */
final class BlockingCallers implements Load {
    private final BlockingCall call;
    private final List<Caller> callers = new ArrayList<>();
    private final Recorder latencyNs = Load.newRecorder();
    private volatile boolean stopped;
    private volatile @Nullable Throwable failure;

    BlockingCallers(int threads, BlockingCall call) {
        this.call = call;
        for (int i = 0; i < threads; i++) {
            callers.add(new Caller("caller-" + i));
        }
    }

    @Override
    public void start() {
        callers.forEach(Thread::start);
    }

    @Override
    public long calls() {
        long sum = 0;
        for (Caller caller : callers) {
            sum += caller.completed.getAcquire();
        }
        return sum;
    }

    @Override
    public Recorder latencyNs() {
        return latencyNs;
    }

    @Override
    public void stop() throws InterruptedException {
        stopped = true;
        for (Caller caller : callers) {
            caller.join();
        }
        Throwable thrown = failure;
        if (thrown != null) {
            throw new IllegalStateException("a call failed: " + thrown.getMessage(), thrown);
        }
    }

    /** What a thread does again and again. */
    @FunctionalInterface
    interface BlockingCall {
        /** Once, from start to end. */
        void make() throws InterruptedException;
    }

    private final class Caller extends Thread {
        /** Written by this thread, pairs with the acquire in {@link #calls}. */
        private final AtomicLong completed = new AtomicLong();

        Caller(String name) {
            super(name);
        }

        @Override
        public void run() {
            try {
                while (!stopped) {
                    long startedNs = System.nanoTime();
                    call.make();
                    latencyNs.recordValue(System.nanoTime() - startedNs);
                    completed.setRelease(completed.getPlain() + 1);
                }
            } catch (RuntimeException | InterruptedException thrown) {
                failure = thrown;
            }
        }
    }
}
