package io.peregrine.jmh.peer.stream;

import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** Where a thread waits for what callbacks do. */
final class StreamEnd {
    private final CountDownLatch reached = new CountDownLatch(1);
    private volatile @Nullable Throwable failure;

    /** It is done. */
    void reach() {
        reached.countDown();
    }

    /** It will never be done. */
    void fail(Throwable thrown) {
        failure = thrown;
        reached.countDown();
    }

    /**
     * Waits.
     *
     * @throws IllegalStateException if it failed
     */
    void await() throws InterruptedException {
        reached.await();
        Throwable thrown = failure;
        if (thrown != null) {
            throw new IllegalStateException("a call failed: " + thrown.getMessage(), thrown);
        }
    }
}
