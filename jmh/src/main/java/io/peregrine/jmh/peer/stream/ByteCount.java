package io.peregrine.jmh.peer.stream;

import org.jspecify.annotations.Nullable;

/** Counts the bytes of a call's messages, for a thread that waits for its end. */
final class ByteCount implements StreamEvents<byte[]> {
    private final StreamEnd end = new StreamEnd();

    /** Of the callbacks; read when the end has been awaited. */
    private long bytes;

    @Override
    public void onMessage(byte[] message) {
        bytes += message.length;
    }

    @Override
    public void onEnd(@Nullable Throwable failure) {
        if (failure == null) {
            end.reach();
        } else {
            end.fail(failure);
        }
    }

    /**
     * Waits for the end of the call and returns the bytes.
     *
     * @throws IllegalStateException if the call failed
     */
    long await() throws InterruptedException {
        end.await();
        return bytes;
    }
}
