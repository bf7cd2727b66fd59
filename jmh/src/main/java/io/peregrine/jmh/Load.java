package io.peregrine.jmh;

import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Recorder;

/** Calls made as fast as their answers come, until they are stopped. */
interface Load {
    /** Begins and returns at once. Called once. */
    void start();

    /** The calls completed so far; any thread. */
    long calls();

    /** Where the latencies of a sample of the calls go, in nanoseconds from their start. */
    Recorder latencyNs();

    /**
     * Ends the load when the calls under way have ended.
     *
     * @throws IllegalStateException if a call failed
     */
    void stop() throws InterruptedException;

    /** Three digits, up to a minute. */
    static Recorder newRecorder() {
        return new Recorder(TimeUnit.MINUTES.toNanos(1), 3);
    }

    /** One caller that waits ({@code blocking}), or that many asynchronous calls outstanding. */
    static <M> Load of(String mode, EchoClient<M> client, Payload<M> payload) {
        if (mode.equals("blocking")) {
            return new BlockingCaller<>(client, payload);
        }
        return ClosedLoop.of(client, payload, Integer.parseInt(mode));
    }
}
