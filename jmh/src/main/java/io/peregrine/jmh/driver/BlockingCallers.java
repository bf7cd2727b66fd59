package io.peregrine.jmh.driver;

import java.util.ArrayList;
import java.util.List;

/** Threads that call and wait, each again and again. */
final class BlockingCallers extends StoppableLoad {
    private final BlockingCall call;
    private final List<Caller> callers = new ArrayList<>();

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
    void awaitEnd() throws InterruptedException {
        for (Caller caller : callers) {
            caller.join();
        }
    }

    /** What a thread does again and again. */
    @FunctionalInterface
    interface BlockingCall {
        /** Once, from start to end. */
        void make() throws InterruptedException;
    }

    private final class Caller extends Thread {
        private final Count count = newCount();

        Caller(String name) {
            super(name);
        }

        @Override
        public void run() {
            try {
                while (!isStopped()) {
                    long startedNs = System.nanoTime();
                    call.make();
                    latencyNs().recordValue(System.nanoTime() - startedNs);
                    count.add(1);
                }
            } catch (RuntimeException | InterruptedException thrown) {
                onFailure(thrown);
            }
        }
    }
}
