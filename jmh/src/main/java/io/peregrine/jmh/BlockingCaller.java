package io.peregrine.jmh;

import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Recorder;
import org.jspecify.annotations.Nullable;

/** One thread that calls and waits, again and again. */
final class BlockingCaller<M> implements Load {
    private final EchoClient<M> client;
    private final Payload<M> payload;
    private final Recorder latencyNs = Load.newRecorder();
    private final AtomicLong completed = new AtomicLong();
    private final Thread thread = new Thread(this::callUntilStopped, "caller");
    private volatile boolean stopped;
    private volatile @Nullable RuntimeException failure;

    BlockingCaller(EchoClient<M> client, Payload<M> payload) {
        this.client = client;
        this.payload = payload;
    }

    @Override
    public void start() {
        thread.start();
    }

    @Override
    public long calls() {
        return completed.getAcquire();
    }

    @Override
    public Recorder latencyNs() {
        return latencyNs;
    }

    @Override
    public void stop() throws InterruptedException {
        stopped = true;
        thread.join();
        RuntimeException thrown = failure;
        if (thrown != null) {
            throw new IllegalStateException("a call failed: " + thrown.getMessage(), thrown);
        }
    }

    private void callUntilStopped() {
        try {
            while (!stopped) {
                long startedNs = System.nanoTime();
                payload.release().accept(client.call(payload.message()));
                latencyNs.recordValue(System.nanoTime() - startedNs);
                completed.setRelease(completed.getPlain() + 1);
            }
        } catch (RuntimeException thrown) {
            failure = thrown;
        }
    }
}
