package io.peregrine.allocation;

/**
 * The first buffer of a JVM, taken ahead. What comes with it, the allocator's classes and the event types that Netty
 * registers with Flight Recorder, takes tens of milliseconds; on a thread of its own they pass beside what the caller
 * does meanwhile, which is to build a channel.
 *
 * <p>It is no promise. Whoever needs a buffer sooner waits for the same classes to be initialised, and where there can be
 * no buffer it gets the failure that it would have got.
 */
public final class FirstBuffer implements Runnable {
    private static final int BYTES = 256;

    private FirstBuffer() {}

    /**
     * Takes a buffer and gives it back, on a daemon thread that ends then; returns at once. Any thread; once in a process
     * is enough. Not to be called from where the {@link Buffers} are in use already: it would do nothing for them.
     */
    public static void takeAside() {
        Thread aside = new Thread(new FirstBuffer(), "peregrine-first-buffer");
        aside.setDaemon(true);
        aside.start();
    }

    @Override
    public void run() {
        try {
            Buffers.allocator().directBuffer(BYTES).release();
        } catch (IllegalArgumentException | OutOfMemoryError refused) {
            System.getLogger(FirstBuffer.class.getName())
                    .log(System.Logger.Level.DEBUG, "no first buffer, as the first call will say: {0}", refused);
        }
    }
}
