package io.peregrine.client.internal;

import java.time.Duration;
import java.util.Comparator;
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

/** Delayed tasks on a clock that only the test moves. They run on the thread that moves it. */
public final class VirtualTimer extends AbstractExecutorService implements ScheduledExecutorService {
    private final PriorityQueue<Task<?>> tasks = new PriorityQueue<>(
            Comparator.<Task<?>>comparingLong(task -> task.dueNs).thenComparingLong(task -> task.sequence));
    private long nowNs;
    private long sequence;
    private boolean shutdown;

    /** Run whenever a task is scheduled, after it is in the queue. */
    public Runnable onSchedule = () -> {};

    public void advance(Duration duration) {
        long untilNs = nowNs + duration.toNanos();
        for (Task<?> next = tasks.peek(); next != null && next.dueNs <= untilNs; next = tasks.peek()) {
            tasks.poll();
            nowNs = next.dueNs;
            next.run();
        }
        nowNs = untilNs;
    }

    /** Runs all that is scheduled now, however far away; returns how many tasks ran. */
    public int runPending() {
        int ran = 0;
        for (Task<?> task : List.copyOf(tasks)) {
            tasks.remove(task);
            if (!task.isCancelled()) {
                task.run();
                ran++;
            }
        }
        return ran;
    }

    /** The clock. */
    public long nowNs() {
        return nowNs;
    }

    /** How many tasks are waiting that were not cancelled. */
    public long pending() {
        return tasks.stream().filter(task -> !task.isCancelled()).count();
    }

    /** The time to the next task that was not cancelled. */
    public Duration nextDelay() {
        return Duration.ofNanos(tasks.stream()
                .filter(task -> !task.isCancelled())
                .mapToLong(task -> task.dueNs - nowNs)
                .min()
                .orElseThrow());
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
        return schedule(Executors.callable(command), delay, unit);
    }

    @Override
    public <V> ScheduledFuture<V> schedule(Callable<V> command, long delay, TimeUnit unit) {
        if (shutdown) {
            throw new RejectedExecutionException("the timer is shut down");
        }
        Task<V> task = new Task<>(command, nowNs + unit.toNanos(delay), sequence++);
        tasks.add(task);
        onSchedule.run();
        return task;
    }

    @Override
    public void execute(Runnable command) {
        command.run();
    }

    @Override
    public ScheduledFuture<?> scheduleAtFixedRate(Runnable command, long initialDelay, long period, TimeUnit unit) {
        throw new UnsupportedOperationException();
    }

    @Override
    public ScheduledFuture<?> scheduleWithFixedDelay(Runnable command, long initialDelay, long delay, TimeUnit unit) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void shutdown() {
        shutdown = true;
    }

    @Override
    public List<Runnable> shutdownNow() {
        shutdown = true;
        return List.of();
    }

    @Override
    public boolean isShutdown() {
        return shutdown;
    }

    @Override
    public boolean isTerminated() {
        return shutdown;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return shutdown;
    }

    private final class Task<V> extends FutureTask<V> implements ScheduledFuture<V> {
        final long dueNs;
        final long sequence;

        Task(Callable<V> callable, long dueNs, long sequence) {
            super(callable);
            this.dueNs = dueNs;
            this.sequence = sequence;
        }

        @Override
        protected void setException(Throwable thrown) {
            throw new AssertionError("a scheduled task threw", thrown);
        }

        @Override
        public long getDelay(TimeUnit unit) {
            return unit.convert(dueNs - nowNs, TimeUnit.NANOSECONDS);
        }

        @Override
        public int compareTo(Delayed other) {
            return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
        }
    }
}
