package io.peregrine.load.run;

/**
 * How long a loop waits for outstanding calls: for ever while nobody asked it to stop (each call has its own
 * deadline), and {@link LoadLoop#DRAIN_AFTER_STOP_NS} from then on. Confined to the thread that runs the loop.
 */
final class DrainLimit {
    private final StopSignal stop;
    private boolean stopSeen;
    private long stopSeenNs;

    DrainLimit(StopSignal stop) {
        this.stop = stop;
    }

    boolean isPassed(long nowNs) {
        if (!stop.isRequested()) {
            return false;
        }
        if (!stopSeen) {
            stopSeen = true;
            stopSeenNs = nowNs;
        }
        return nowNs - stopSeenNs > LoadLoop.DRAIN_AFTER_STOP_NS;
    }
}
