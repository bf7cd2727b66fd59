package io.peregrine.jmh.driver;

import io.peregrine.jmh.peer.EchoClient;
import io.peregrine.jmh.peer.Payload;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Recorder;

/** Calls made as fast as their answers come, until they are stopped. */
public interface Load {
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

    /**
     * One caller that waits ({@code blocking}), so many of them ({@code blocking-16}), or so many asynchronous calls
     * outstanding ({@code 100}).
     *
     * @throws IllegalArgumentException if {@code mode} is none of these
     */
    static <M> Load of(String mode, EchoClient<M> client, Payload<M> payload) {
        if (mode.equals("blocking")) {
            return new BlockingCallers(1, () -> callOnce(client, payload));
        }
        if (mode.matches("blocking-[1-9][0-9]{0,3}")) {
            int threads = Integer.parseInt(mode.substring("blocking-".length()));
            return new BlockingCallers(threads, () -> callOnce(client, payload));
        }
        if (mode.matches("[1-9][0-9]{0,5}")) {
            return ClosedLoop.of(client, payload, Integer.parseInt(mode));
        }
        throw new IllegalArgumentException("mode: " + mode + " (expected: blocking, blocking-16 or 100, for example)");
    }

    /** Calls, waits, and gives the response back. */
    static <M> void callOnce(EchoClient<M> client, Payload<M> payload) {
        M response = client.call(payload.message());
        // A floor has nothing to return but the request, which is sent again.
        if (response != payload.message()) {
            payload.release().accept(response);
        }
    }
}
