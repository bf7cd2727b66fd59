package io.peregrine.client.internal.control;

import io.peregrine.client.balancer.LoadBalancer;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs tasks one at a time, in the order in which they came (SPEC CH-9): the channel's control plane, which needs no
 * locks because of it. A task runs on the thread that submits it, unless another thread is running one: then that
 * thread runs it next. A task that submits another sees it run after itself.
 */
public final class SyncContext {
    private static final System.Logger LOG = System.getLogger(SyncContext.class.getName());

    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final AtomicReference<@Nullable Thread> runner = new AtomicReference<>();
    private final ScheduledExecutorService timer;
    private final Consumer<Throwable> onUncaught;

    /**
     * A context.
     *
     * @param timer for delayed tasks
     * @param onUncaught is told, in this context, what a task threw (CH-12)
     */
    public SyncContext(ScheduledExecutorService timer, Consumer<Throwable> onUncaught) {
        this.timer = timer;
        this.onUncaught = onUncaught;
    }

    /** Runs the task, now or soon. Never blocks on other tasks. */
    public void execute(Runnable task) {
        tasks.add(task);
        // Set and cleared around polling; after clearing, the queue is looked at again, so no task is left behind.
        while (!tasks.isEmpty() && runner.compareAndSet(null, Thread.currentThread())) {
            try {
                runAll();
            } finally {
                runner.set(null);
            }
        }
    }

    /** Runs the task in this context after a delay. */
    public ScheduledTask schedule(long delayNs, Runnable task) {
        ScheduledTask scheduled = new ScheduledTask(task);
        try {
            scheduled.future =
                    timer.schedule(() -> execute(scheduled::run), Math.max(0, delayNs), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException timerIsGone) {
            scheduled.cancelled = true;
        }
        return scheduled;
    }

    /** Throws unless the calling thread is running a task of this context. */
    public void requireInContext() {
        if (runner.get() != Thread.currentThread()) {
            throw new IllegalStateException("called outside the channel's serialised context");
        }
    }

    private void runAll() {
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            try {
                task.run();
            } catch (RuntimeException | Error uncaught) {
                report(uncaught);
            }
        }
    }

    /** Whatever happens, the tasks behind this one run. */
    private void report(Throwable uncaught) {
        try {
            onUncaught.accept(uncaught);
        } catch (RuntimeException | Error handlerFailed) {
            LOG.log(System.Logger.Level.ERROR, "the handler of uncaught exceptions threw", handlerFailed);
        }
    }

    /** A delayed task; confined to its context. */
    public static final class ScheduledTask implements LoadBalancer.Timer {
        private final Runnable task;
        private boolean cancelled;
        private volatile @Nullable ScheduledFuture<?> future;

        private ScheduledTask(Runnable task) {
            this.task = task;
        }

        @Override
        public void cancel() {
            cancelled = true;
            ScheduledFuture<?> pending = future;
            if (pending != null) {
                pending.cancel(false);
            }
        }

        private void run() {
            if (!cancelled) {
                cancelled = true;
                task.run();
            }
        }
    }
}
