package io.peregrine.testkit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A timer whose time passes only when a test says so: tasks run on the thread that {@linkplain #advance advances} it.
 * What is under test may schedule and cancel on any thread, and read {@link #nanoTime()}.
 */
public final class VirtualTimer extends AbstractExecutorService implements ScheduledExecutorService {
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(20);

    private final PriorityQueue<Task> tasks = new PriorityQueue<>();
    private long nowNs;
    private long scheduled;

    /** A timer at time 0. */
    public VirtualTimer() {}

    /** The time, in nanoseconds. */
    public synchronized long nanoTime() {
        return nowNs;
    }

    /** The delays of what is waiting, the next first. */
    public synchronized List<Duration> pending() {
        return tasks.stream()
                .sorted()
                .map(task -> Duration.ofNanos(task.dueNs - nowNs))
                .toList();
    }

    /** Lets time pass, and runs what becomes due, in order. */
    public void advance(Duration time) {
        long untilNs = nanoTime() + time.toNanos();
        for (Task due = poll(untilNs); due != null; due = poll(untilNs)) {
            due.run();
        }
        synchronized (this) {
            nowNs = untilNs;
        }
    }

    /**
     * Waits, in real time, until another thread has scheduled a task whose delay is in the range, and advances to it.
     *
     * @return the delay
     * @throws AssertionError if there is none after 20 s
     */
    public Duration advanceToTask(Duration lowest, Duration highest) throws InterruptedException {
        Duration delay = awaitTask(lowest, highest);
        advance(delay);
        return delay;
    }

    private synchronized Duration awaitTask(Duration lowest, Duration highest) throws InterruptedException {
        long giveUpNs = System.nanoTime() + PATIENCE_NS;
        while (true) {
            for (Duration delay : pending()) {
                if (delay.compareTo(lowest) >= 0 && delay.compareTo(highest) <= 0) {
                    return delay;
                }
            }
            long leftMs = TimeUnit.NANOSECONDS.toMillis(giveUpNs - System.nanoTime());
            if (leftMs <= 0) {
                throw new AssertionError(
                        "delays: " + pending() + " (expected: one of " + lowest + ".." + highest + ')');
            }
            wait(leftMs);
        }
    }

    private synchronized @Nullable Task poll(long untilNs) {
        Task next = tasks.peek();
        if (next == null || next.dueNs > untilNs) {
            return null;
        }
        tasks.remove(next);
        nowNs = Math.max(nowNs, next.dueNs);
        return next;
    }

    @Override
    public synchronized ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
        Task task = new Task(command, nowNs + Math.max(0, unit.toNanos(delay)), scheduled++);
        tasks.add(task);
        notifyAll();
        return task;
    }

    private synchronized void remove(Task task) {
        tasks.remove(task);
    }

    @Override
    public <V> ScheduledFuture<V> schedule(Callable<V> callable, long delay, TimeUnit unit) {
        throw new UnsupportedOperationException("callables");
    }

    @Override
    public ScheduledFuture<?> scheduleAtFixedRate(Runnable command, long initialDelay, long period, TimeUnit unit) {
        throw new UnsupportedOperationException("periods");
    }

    @Override
    public ScheduledFuture<?> scheduleWithFixedDelay(Runnable command, long initialDelay, long delay, TimeUnit unit) {
        throw new UnsupportedOperationException("periods");
    }

    @Override
    public void execute(Runnable command) {
        ScheduledFuture<?> unused = schedule(command, 0, TimeUnit.NANOSECONDS);
    }

    @Override
    public void shutdown() {}

    @Override
    public List<Runnable> shutdownNow() {
        return new ArrayList<>();
    }

    @Override
    public boolean isShutdown() {
        return false;
    }

    @Override
    public boolean isTerminated() {
        return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return false;
    }

    private final class Task extends FutureTask<@Nullable Object> implements ScheduledFuture<@Nullable Object> {
        final long dueNs;
        final long order;

        Task(Runnable command, long dueNs, long order) {
            super(command, null);
            this.dueNs = dueNs;
            this.order = order;
        }

        @Override
        public boolean cancel(boolean mayInterruptIfRunning) {
            remove(this);
            return super.cancel(mayInterruptIfRunning);
        }

        @Override
        public long getDelay(TimeUnit unit) {
            return unit.convert(dueNs - nanoTime(), TimeUnit.NANOSECONDS);
        }

        @Override
        public int compareTo(Delayed other) {
            Task that = (Task) other;
            return dueNs == that.dueNs ? Long.compare(order, that.order) : Long.compare(dueNs, that.dueNs);
        }
    }
}
