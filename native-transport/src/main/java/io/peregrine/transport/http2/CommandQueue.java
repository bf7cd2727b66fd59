package io.peregrine.transport.http2;

import io.netty.channel.EventLoop;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jctools.queues.atomic.MpscChunkedAtomicArrayQueue;

/**
 * The way from any thread to a connection's event loop: a bounded multi-producer queue that the loop empties once
 * for each wake-up. However many producers offer meanwhile, the loop is scheduled once.
 *
 * <pre>
 *   IDLE ──schedule──▶ SCHEDULED ──the loop runs──▶ DRAINING ──queue is empty──▶ IDLE
 *                          ▲                           │ schedule
 *                          └────────── done ────────AGAIN
 * </pre>
 *
 * <p>Whoever moves the state out of IDLE owns the consumer's side until it is IDLE again, so that there is one
 * consumer at any time, also while a loop shuts down and another thread takes its part.
 *
 * <p>No wake-up is lost: a producer offers, which moves the queue's index by a CAS, and then reads the state. If it
 * reads SCHEDULED, DRAINING is still to be written, and the poll that follows sees the element; if it reads DRAINING,
 * it leaves AGAIN behind, which the consumer finds when it is done.
 */
final class CommandQueue {
    /** Below the smallest capacity, as the queue demands. */
    private static final int INITIAL_CHUNK = 32;

    /** So many commands, then the loop's sockets and its other connections have a turn. */
    private static final int MAX_BATCH = 1024;

    private static final int IDLE = 0;
    private static final int SCHEDULED = 1;
    private static final int DRAINING = 2;
    private static final int AGAIN = 3;

    /** Who takes the commands off, on the event loop. Its methods throw nothing. */
    interface Consumer {
        /** Takes one command: a {@link TransportStream} to start, or a {@link Runnable} to run. */
        void onCommand(Object command);

        /** The queue was emptied, or as much of it as one turn takes. */
        void onDrained();
    }

    // The atomic flavour: JCTools' default uses sun.misc.Unsafe, of which newer JVMs warn.
    private final MpscChunkedAtomicArrayQueue<Object> queue;
    private final AtomicInteger state = new AtomicInteger(IDLE);
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

    /**
     * Runs a rare command on the loop, in the queue's turn; one that finds the queue full takes the loop's own, which has
     * no bound.
     *
     * @throws java.util.concurrent.RejectedExecutionException if the queue is full and the loop is shut down
     */
    void submit(Runnable command) {
        if (!offer(command)) {
            eventLoop.execute(() -> {
                consumer.onCommand(command);
                consumer.onDrained();
            });
        }
    }

    /** Lets the loop call {@link Consumer#onDrained} once this turn's work is done. */
    void schedule() {
        while (true) {
            int seen = state.get();
            if (seen == SCHEDULED || seen == AGAIN) {
                return;
            }
            if (seen == DRAINING) {
                if (state.compareAndSet(DRAINING, AGAIN)) {
                    return;
                }
            } else if (state.compareAndSet(IDLE, SCHEDULED)) {
                handToLoop();
                return;
            }
        }
    }

    private void handToLoop() {
        try {
            eventLoop.execute(drain);
        } catch (RejectedExecutionException loopIsGone) {
            drainWithoutLoop();
            return;
        }
        // A loop that ends may take a task and drop it. It is shut down by then, and whoever turns SCHEDULED into
        // DRAINING does the work: the loop in its last pass, or this thread.
        if (eventLoop.isShutdown()) {
            drainWithoutLoop();
        }
    }

    private void drain() {
        if (!state.compareAndSet(SCHEDULED, DRAINING)) {
            return;
        }
        try {
            poll(MAX_BATCH);
            consumer.onDrained();
        } finally {
            if (!queue.isEmpty() || !state.compareAndSet(DRAINING, IDLE)) {
                state.set(SCHEDULED);
                handToLoop();
            }
        }
    }

    /**
     * The loop was shut down under the connection: this thread takes the loop's part, so that no call hangs
     * (HOSTILE.md P12).
     */
    private void drainWithoutLoop() {
        if (!state.compareAndSet(SCHEDULED, DRAINING)) {
            return;
        }
        poll(Integer.MAX_VALUE);
        while (!state.compareAndSet(DRAINING, IDLE)) {
            state.set(DRAINING);
            poll(Integer.MAX_VALUE);
        }
    }

    private void poll(int limit) {
        for (int taken = 0; taken < limit; taken++) {
            Object command = queue.poll();
            if (command == null) {
                return;
            }
            consumer.onCommand(command);
        }
    }
}
