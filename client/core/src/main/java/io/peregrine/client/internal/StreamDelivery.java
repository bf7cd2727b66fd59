package io.peregrine.client.internal;

import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The way from a call to its {@link StreamCallback}: one method at a time, in order, and nothing behind the end
 * (HOSTILE.md P1). Straight through where the events come from one thread after the other anyway; else in a queue that
 * one task at a time empties, on the executor, or on the thread that finds nobody at it. That thread delivers a message
 * of its own without the queue, so that a stream on one event loop costs no object for a message.
 */
final class StreamDelivery<R> implements Runnable {
    private static final System.Logger LOG = System.getLogger(StreamDelivery.class.getName());

    private final StreamCall<?, R> call;
    private final StreamCallback<R> callback;
    private final @Nullable Executor executor;

    /** Null if events are delivered straight. Bounded by the call: it gets no more messages than it asked for. */
    private final @Nullable Queue<Runnable> queue;

    /** Events in the queue and under way; who raises it from 0 starts the task. */
    private final AtomicInteger pending = new AtomicInteger();

    /** Whether the task was handed to the executor and has not begun: who clears it is the task. */
    private final AtomicBoolean handedOver = new AtomicBoolean();

    /** Whether an event that tells of room is in the queue. */
    private final AtomicBoolean writableQueued = new AtomicBoolean();

    // Of whoever delivers.
    private boolean over;

    /** What a method of the callback threw: nothing but the end follows. */
    private @Nullable Status thrown;

    /**
     * A way that nothing went yet.
     *
     * @param executor where the callback runs; null for the thread of the event
     * @param manyThreads whether events may come from several threads at once
     */
    StreamDelivery(
            StreamCall<?, R> call, StreamCallback<R> callback, @Nullable Executor executor, boolean manyThreads) {
        this.call = call;
        this.callback = callback;
        this.executor = executor;
        this.queue = executor != null || manyThreads ? new ConcurrentLinkedQueue<>() : null;
    }

    void onHeaders(Metadata headers) {
        if (headers.isEmpty() && !AllHeaders.isWantedBy(callback)) {
            return;
        }
        if (queue == null) {
            deliverHeaders(headers);
        } else {
            enqueue(queue, () -> deliverHeaders(headers));
        }
    }

    void onMessage(R message) {
        Queue<Runnable> events = queue;
        if (events == null) {
            deliverMessage(message);
        } else if (tryEnter()) {
            try {
                deliverMessage(message);
            } finally {
                leave(events);
            }
        } else {
            enqueue(events, () -> deliverMessage(message));
        }
    }

    void onWritable() {
        if (queue == null) {
            deliverWritable();
        } else if (writableQueued.compareAndSet(false, true)) {
            // One is as good as many, and many would have no bound.
            enqueue(queue, () -> {
                writableQueued.set(false);
                deliverWritable();
            });
        }
    }

    void onComplete(Metadata trailers) {
        if (queue == null) {
            deliverEnd(null, trailers);
        } else {
            enqueue(queue, () -> deliverEnd(null, trailers));
        }
    }

    void onFailure(StatusException failure) {
        if (queue == null) {
            deliverEnd(failure, Metadata.EMPTY);
        } else {
            enqueue(queue, () -> deliverEnd(failure, Metadata.EMPTY));
        }
    }

    // ---- The queue -------------------------------------------------------------------------------------------

    private void enqueue(Queue<Runnable> events, Runnable event) {
        events.add(event);
        if (pending.getAndIncrement() > 0) {
            return;
        }
        if (executor == null) {
            deliverAll(events);
            return;
        }
        handedOver.set(true);
        try {
            executor.execute(this);
        } catch (RuntimeException | Error rejected) {
            onRejected(events, rejected);
        }
    }

    @Override
    public void run() {
        if (handedOver.compareAndSet(true, false)) {
            Queue<Runnable> events = queue;
            assert events != null;
            deliverAll(events);
        }
    }

    /** Whether this thread finds nobody at it and nothing before its event, which it may deliver by itself then. */
    private boolean tryEnter() {
        return executor == null && pending.get() == 0 && pending.compareAndSet(0, 1);
    }

    /** Delivers what has come since {@link #tryEnter}. */
    private void leave(Queue<Runnable> events) {
        if (pending.decrementAndGet() > 0) {
            deliverAll(events);
        }
    }

    private void deliverAll(Queue<Runnable> events) {
        do {
            Runnable event = events.poll();
            // Nobody but this task polls, and each event was added before it was counted.
            assert event != null;
            event.run();
        } while (pending.decrementAndGet() > 0);
    }

    /** HOSTILE.md P14: the call still ends, on this thread, unless the executor, being broken, ran the task too. */
    private void onRejected(Queue<Runnable> events, Throwable rejection) {
        if (!handedOver.compareAndSet(true, false)) {
            LOG.log(System.Logger.Level.WARNING, "the executor of " + call.method() + " threw", rejection);
            return;
        }
        String message = "the call's executor rejected its callback";
        if (!over) {
            call.cancel(message, rejection);
            deliverEnd(new StatusException(new Status(StatusCode.CANCELLED, message, rejection)), Metadata.EMPTY);
        }
        deliverAll(events);
    }

    // ---- The callback ----------------------------------------------------------------------------------------

    private void deliverHeaders(Metadata headers) {
        if (isOver()) {
            return;
        }
        try {
            callback.onHeaders(headers);
        } catch (RuntimeException | Error fault) {
            onThrown("onHeaders", fault);
        }
    }

    private void deliverMessage(R message) {
        if (isOver()) {
            return;
        }
        try {
            callback.onMessage(message);
        } catch (RuntimeException | Error fault) {
            onThrown("onMessage", fault);
        }
    }

    private void deliverWritable() {
        if (isOver()) {
            return;
        }
        try {
            callback.onWritable();
        } catch (RuntimeException | Error fault) {
            onThrown("onWritable", fault);
        }
    }

    private void deliverEnd(@Nullable StatusException failure, Metadata trailers) {
        if (over) {
            return;
        }
        over = true;
        Status own = thrown;
        try {
            if (failure != null) {
                callback.onFailure(failure);
            } else if (own != null) {
                // The OK was on its way before the callback threw, which would have cancelled the call.
                callback.onFailure(call.failure(own, trailers, false));
            } else {
                callback.onComplete(trailers);
            }
        } catch (RuntimeException | Error fault) {
            LOG.log(System.Logger.Level.WARNING, "the end callback of " + call.method() + " threw", fault);
        }
    }

    private boolean isOver() {
        return over || thrown != null;
    }

    /** HOSTILE.md P12: its own call is all that it ends. */
    private void onThrown(String callbackMethod, Throwable fault) {
        String message = callbackMethod + " of " + call.method() + " threw: " + fault;
        thrown = new Status(StatusCode.CANCELLED, message, fault);
        call.cancel(message, fault);
    }
}
