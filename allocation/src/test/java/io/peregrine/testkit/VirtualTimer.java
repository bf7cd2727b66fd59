package io.peregrine.testkit;

import java.time.Duration;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A timer whose time passes only when a test says so: tasks run on the thread that {@linkplain #advance advances} it,
 * and one that throws fails the test there. What is under test may schedule and cancel on any thread, and read
 * {@link #nanoTime()}. What has no delay at all, as {@link #execute} knows it, runs at once on the calling thread.
 */
public final class VirtualTimer extends AbstractExecutorService implements ScheduledExecutorService {
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(20);

    /** Those that wait; a cancelled one leaves. */
    private final PriorityQueue<Task<?>> tasks = new PriorityQueue<>();

    private Runnable onSchedule = () -> {};
    private long nowNs;
    private long scheduled;
    private boolean shutdown;

    /** A timer at time 0. */
    public VirtualTimer() {}

    /** The time, in nanoseconds. */
    public synchronized long nanoTime() {
        return nowNs;
    }

    /** How many tasks are waiting. */
    public synchronized int pending() {
        return tasks.size();
    }

    /**
     * The time to the next task.
     *
     * @throws java.util.NoSuchElementException if none waits
     */
    public synchronized Duration nextDelay() {
        return tasks.element().delay();
    }

    /** From now on, is run whenever a task is scheduled, by the thread that did so, after the task is in the queue. */
    public synchronized void onSchedule(Runnable action) {
        onSchedule = action;
    }

    /** Lets time pass, and runs what becomes due, in order. */
    public void advance(Duration time) {
        long untilNs = nanoTime() + time.toNanos();
        for (Task<?> due = poll(untilNs); due != null; due = poll(untilNs)) {
            due.run();
        }
        synchronized (this) {
            nowNs = untilNs;
        }
    }

    /** Runs all that waits now, however far away, without time passing; returns how many tasks ran. */
    public int runPending() {
        int ran = 0;
        for (Task<?> task : inOrder()) {
            if (remove(task)) {
                task.run();
                ran++;
            }
        }
        return ran;
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
            List<Duration> delays = inOrder().stream().map(Task::delay).toList();
            for (Duration delay : delays) {
                if (delay.compareTo(lowest) >= 0 && delay.compareTo(highest) <= 0) {
                    return delay;
                }
            }
            long leftMs = TimeUnit.NANOSECONDS.toMillis(giveUpNs - System.nanoTime());
            if (leftMs <= 0) {
                throw new AssertionError("delays: " + delays + " (expected: one of " + lowest + ".." + highest + ')');
            }
            wait(leftMs);
        }
    }

    private synchronized List<Task<?>> inOrder() {
        return tasks.stream().<Task<?>>map(task -> task).sorted().toList();
    }

    private synchronized @Nullable Task<?> poll(long untilNs) {
        Task<?> next = tasks.peek();
        if (next == null || next.dueNs > untilNs) {
            return null;
        }
        tasks.remove(next);
        nowNs = Math.max(nowNs, next.dueNs);
        return next;
    }

    private synchronized boolean remove(Task<?> task) {
        return tasks.remove(task);
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
        return schedule(Executors.callable(command), delay, unit);
    }

    @Override
    public <V> ScheduledFuture<V> schedule(Callable<V> command, long delay, TimeUnit unit) {
        Task<V> task;
        Runnable action;
        synchronized (this) {
            if (shutdown) {
                throw new RejectedExecutionException("the timer is shut down");
            }
            task = new Task<>(command, nowNs + Math.max(0, unit.toNanos(delay)), scheduled++);
            tasks.add(task);
            notifyAll();
            action = onSchedule;
        }
        action.run();
        return task;
    }

    @Override
    public void execute(Runnable command) {
        command.run();
    }

    @Override
    public ScheduledFuture<?> scheduleAtFixedRate(Runnable command, long initialDelay, long period, TimeUnit unit) {
        throw new UnsupportedOperationException("periods");
    }

    @Override
    public ScheduledFuture<?> scheduleWithFixedDelay(Runnable command, long initialDelay, long delay, TimeUnit unit) {
        throw new UnsupportedOperationException("periods");
    }

    /** From now on, refuses tasks. */
    @Override
    public synchronized void shutdown() {
        shutdown = true;
    }

    @Override
    public List<Runnable> shutdownNow() {
        shutdown();
        return List.of();
    }

    @Override
    public synchronized boolean isShutdown() {
        return shutdown;
    }

    @Override
    public boolean isTerminated() {
        return isShutdown();
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return isShutdown();
    }

    private final class Task<V> extends FutureTask<V> implements ScheduledFuture<V> {
        final long dueNs;
        final long order;

        Task(Callable<V> command, long dueNs, long order) {
            super(command);
            this.dueNs = dueNs;
            this.order = order;
        }

        Duration delay() {
            return Duration.ofNanos(dueNs - nanoTime());
        }

        @Override
        public boolean cancel(boolean mayInterruptIfRunning) {
            remove(this);
            return super.cancel(mayInterruptIfRunning);
        }

        @Override
        protected void setException(Throwable thrown) {
            throw new AssertionError("a scheduled task threw", thrown);
        }

        @Override
        public long getDelay(TimeUnit unit) {
            return unit.convert(dueNs - nanoTime(), TimeUnit.NANOSECONDS);
        }

        @Override
        public int compareTo(Delayed other) {
            Task<?> that = (Task<?>) other;
            return dueNs == that.dueNs ? Long.compare(order, that.order) : Long.compare(dueNs, that.dueNs);
        }
    }
}
