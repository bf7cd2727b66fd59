package io.peregrine.jmh.driver;

import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Recorder;
import org.jspecify.annotations.Nullable;

/**
 * Messages from the server as fast as they come, so many in a call that the call itself does not show. What it counts
 * are messages, by the call; it times none.
 */
final class Receiver implements Load {
    /** A call brings so much: some milliseconds, little beside a window. */
    private static final int BYTES_PER_CALL = 8 << 20;

    private final ReceivingCall call;
    private final int messages;
    private final AtomicLong received = new AtomicLong();
    private final Recorder latencyNs = Load.newRecorder();
    private final Thread thread = new Thread(this::receiveUntilStopped, "receiver");
    private volatile boolean stopped;
    private volatile @Nullable Throwable failure;

    Receiver(int messageBytes, ReceivingCall call) {
        this.messages = BYTES_PER_CALL / messageBytes;
        this.call = call;
    }

    @Override
    public void start() {
        thread.start();
    }

    @Override
    public long calls() {
        return received.getAcquire();
    }

    @Override
    public Recorder latencyNs() {
        return latencyNs;
    }

    @Override
    public void stop() throws InterruptedException {
        stopped = true;
        thread.join();
        Throwable thrown = failure;
        if (thrown != null) {
            throw new IllegalStateException("a call failed: " + thrown.getMessage(), thrown);
        }
    }

    private void receiveUntilStopped() {
        try {
            while (!stopped) {
                call.receive(messages);
                // Written by this thread only, pairs with the acquire in calls.
                received.setRelease(received.getPlain() + messages);
            }
        } catch (RuntimeException | InterruptedException thrown) {
            failure = thrown;
        }
    }

    /** One call, from start to end. */
    @FunctionalInterface
    interface ReceivingCall {
        /** Receives so many messages. */
        void receive(int messages) throws InterruptedException;
    }
}
