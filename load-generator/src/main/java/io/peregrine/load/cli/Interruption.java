package io.peregrine.load.cli;

import io.peregrine.load.run.StopSignal;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Turns Ctrl-C into a stop request, and holds the exit back until the report is printed, for two seconds at most. */
final class Interruption {
    private static final long REPORT_TIMEOUT_MS = 1_900;

    private final StopSignal stop;
    private final CountDownLatch done = new CountDownLatch(1);

    private Interruption(StopSignal stop) {
        this.stop = stop;
    }

    static Interruption watch(StopSignal stop) {
        Interruption interruption = new Interruption(stop);
        Runtime.getRuntime().addShutdownHook(new Thread(interruption::onShutdown, "interruption"));
        return interruption;
    }

    /** The report is printed, or will not be: the process may end. */
    void reported() {
        done.countDown();
    }

    private void onShutdown() {
        stop.request();
        try {
            boolean unused = done.await(REPORT_TIMEOUT_MS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
