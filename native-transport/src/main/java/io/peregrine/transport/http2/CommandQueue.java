package io.peregrine.transport.http2;

import io.netty.channel.EventLoop;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jctools.queues.atomic.MpscChunkedAtomicArrayQueue;

/**
 * The way from any thread to a connection's event loop: a bounded multi-producer queue that the loop empties once
 * for each wake-up. However many producers offer meanwhile, the loop is scheduled once.
 *
 * <p>No wake-up is lost: a producer offers and then sets {@code scheduled}; the consumer clears {@code scheduled}
 * and then polls. Both are sequentially consistent, so either the producer sees it cleared and schedules the drain,
 * or the consumer's poll sees the element.
 */
final class CommandQueue {
    private static final int INITIAL_CHUNK = 64;

    /** Who takes the commands off, on the event loop. */
    interface Consumer {
        /** Takes one command: a {@link TransportStream} to start, or a {@link Runnable} to run. */
        void onCommand(Object command);

        /** The queue was emptied. */
        void onDrained();
    }

    // The atomic flavour: JCTools' default uses sun.misc.Unsafe, of which newer JVMs warn.
    private final MpscChunkedAtomicArrayQueue<Object> queue;
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private final EventLoop eventLoop;
    private final Consumer consumer;
    private final Runnable drain = this::drain;

    CommandQueue(EventLoop eventLoop, int capacity, Consumer consumer) {
        this.eventLoop = eventLoop;
        this.consumer = consumer;
        this.queue = new MpscChunkedAtomicArrayQueue<>(INITIAL_CHUNK, capacity);
    }

    /** Offers a command and wakes the loop if nobody has; false if the queue is full. */
    boolean offer(Object command) {
        if (!queue.offer(command)) {
            return false;
        }
        schedule();
        return true;
    }

    /** Lets the loop call {@link Consumer#onDrained} once this turn's work is done. */
    void schedule() {
        if (!scheduled.get() && scheduled.compareAndSet(false, true)) {
            try {
                eventLoop.execute(drain);
            } catch (RejectedExecutionException loopIsGone) {
                drainWithoutLoop();
            }
        }
    }

    private void drain() {
        scheduled.set(false);
        for (Object command = queue.poll(); command != null; command = queue.poll()) {
            consumer.onCommand(command);
        }
        consumer.onDrained();
    }

    /**
     * The loop was shut down under the connection: this thread takes the loop's part, so that no call hangs
     * (HOSTILE.md P12). {@code scheduled} stays set until the queue is empty, which keeps others out.
     */
    private void drainWithoutLoop() {
        do {
            for (Object command = queue.poll(); command != null; command = queue.poll()) {
                consumer.onCommand(command);
            }
            scheduled.set(false);
        } while (!queue.isEmpty() && scheduled.compareAndSet(false, true));
    }
}
