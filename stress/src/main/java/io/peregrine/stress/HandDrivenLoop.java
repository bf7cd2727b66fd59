package io.peregrine.stress;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.AbstractScheduledEventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ImmediateEventExecutor;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * An event loop without a thread: it runs when a test's actor lets it, so that thousands fit into a second. Tasks may
 * come from any thread; one thread at a time runs them. Delayed tasks never run.
 *
 * <p>Its end is that of Netty's loops: it is shut down, runs once more what it had taken by then, and drops what it
 * took too late.
 */
public final class HandDrivenLoop extends AbstractScheduledEventExecutor implements EventLoop {
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private volatile @Nullable Thread runner;
    private volatile boolean shutDown;

    /** Raised by the loop before its last look at the tasks; a producer reads it behind its offer. */
    private final AtomicBoolean asleep = new AtomicBoolean();

    private final AtomicInteger wakeUps = new AtomicInteger();

    /** One pass: runs what is queued, and what that adds. */
    public void runPending() {
        runner = Thread.currentThread();
        try {
            for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                task.run();
            }
        } finally {
            runner = null;
        }
    }

    /**
     * Goes to sleep as Netty's handlers do: raises the flag, looks at the tasks once more, and stays awake if there are
     * any. Returns whether it sleeps; from then on only a wake-up lets it run.
     */
    public boolean trySleep() {
        asleep.set(true);
        if (tasks.isEmpty()) {
            return true;
        }
        asleep.set(false);
        return false;
    }

    /** How many times a producer found the loop asleep and paid for a wake-up. */
    public int wakeUps() {
        return wakeUps.get();
    }

    /** Runs the work as a task of the loop, behind what is queued. */
    public void run(Runnable work) {
        tasks.add(work);
        runPending();
    }

    /** Runs what is queued and ends. */
    public void end() {
        runPending();
        endWithOnePass();
    }

    /** Ends, and runs what is queued by then. */
    public void endWithOnePass() {
        shutDown = true;
        runPending();
    }

    @Override
    public void execute(Runnable task) {
        if (shutDown) {
            throw new RejectedExecutionException("the loop is shut down");
        }
        tasks.add(task);
        if (asleep.getAndSet(false)) {
            wakeUps.incrementAndGet();
        }
    }

    @Override
    public boolean inEventLoop(Thread thread) {
        return runner == thread;
    }

    @Override
    public boolean isShuttingDown() {
        return shutDown;
    }

    @Override
    public boolean isShutdown() {
        return shutDown;
    }

    @Override
    public boolean isTerminated() {
        return shutDown;
    }

    @Override
    public EventLoop next() {
        return this;
    }

    @Override
    public @Nullable EventLoop parent() {
        return null;
    }

    @Override
    public ChannelFuture register(Channel channel) {
        throw new UnsupportedOperationException("no channel lives on this loop");
    }

    @Override
    public ChannelFuture register(ChannelPromise promise) {
        throw new UnsupportedOperationException("no channel lives on this loop");
    }

    @Override
    @Deprecated
    public ChannelFuture register(Channel channel, ChannelPromise promise) {
        throw new UnsupportedOperationException("no channel lives on this loop");
    }

    @Override
    @Deprecated
    public void shutdown() {
        end();
    }

    @Override
    public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
        end();
        return terminationFuture();
    }

    @Override
    public Future<?> terminationFuture() {
        return ImmediateEventExecutor.INSTANCE.newSucceededFuture(null);
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return shutDown;
    }
}
