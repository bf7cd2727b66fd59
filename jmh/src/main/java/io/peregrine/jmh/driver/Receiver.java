package io.peregrine.jmh.driver;

/**
 * Messages from the server as fast as they come, so many in a call that the call itself does not show. What it counts
 * are messages, by the call; it times none.
 */
final class Receiver extends StoppableLoad {
    /** A call brings so much: some milliseconds, little beside a window. */
    private static final int BYTES_PER_CALL = 8 << 20;

    private final ReceivingCall call;
    private final int messages;
    private final Count received = newCount();
    private final Thread thread = new Thread(this::receiveUntilStopped, "receiver");

    Receiver(int messageBytes, ReceivingCall call) {
        this.messages = BYTES_PER_CALL / messageBytes;
        this.call = call;
    }

    @Override
    public void start() {
        thread.start();
    }

    @Override
    void awaitEnd() throws InterruptedException {
        thread.join();
    }

    private void receiveUntilStopped() {
        try {
            while (!isStopped()) {
                call.receive(messages);
                received.add(messages);
            }
        } catch (RuntimeException | InterruptedException thrown) {
            onFailure(thrown);
        }
    }

    /** One call, from start to end. */
    @FunctionalInterface
    interface ReceivingCall {
        /** Receives so many messages. */
        void receive(int messages) throws InterruptedException;
    }
}
