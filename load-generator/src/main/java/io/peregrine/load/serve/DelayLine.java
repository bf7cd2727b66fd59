package io.peregrine.load.serve;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Holds finished requests back for the same time each, so they fall due in the order they came.
 *
 * <p>One timer is armed for the head of the queue, however many streams wait: a delayed answer costs a
 * queue entry and no timer of its own. Confined to the connection's event loop.
 */
final class DelayLine {
    private final EventExecutor eventLoop;
    private final long delayNs;
    private final Consumer<ServerStream> onDue;
    private final Runnable afterBatch;
    private final Runnable expire = this::expire;
    private final ArrayDeque<ServerStream> waiting = new ArrayDeque<>();
    private @Nullable Future<?> timer;

    DelayLine(EventExecutor eventLoop, long delayNs, Consumer<ServerStream> onDue, Runnable afterBatch) {
        this.eventLoop = eventLoop;
        this.delayNs = delayNs;
        this.onDue = onDue;
        this.afterBatch = afterBatch;
    }

    void add(ServerStream stream) {
        stream.dueNs = System.nanoTime() + delayNs;
        stream.queued = true;
        waiting.add(stream);
        if (timer == null) {
            timer = eventLoop.schedule(expire, delayNs, TimeUnit.NANOSECONDS);
        }
    }

    void close() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
        waiting.clear();
    }

    private void expire() {
        timer = null;
        long nowNs = System.nanoTime();
        ServerStream head = waiting.peek();
        while (head != null && head.dueNs - nowNs <= 0) {
            waiting.remove();
            head.queued = false;
            onDue.accept(head);
            head = waiting.peek();
        }
        if (head != null) {
            timer = eventLoop.schedule(expire, head.dueNs - nowNs, TimeUnit.NANOSECONDS);
        }
        afterBatch.run();
    }
}
