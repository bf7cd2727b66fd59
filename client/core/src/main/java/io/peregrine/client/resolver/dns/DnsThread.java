package io.peregrine.client.resolver.dns;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The one thread on which look-ups are prepared, started on first use and ended when idle. It loads the classes of the
 * DNS client, which takes tens of milliseconds, and reads {@code /etc/hosts}: neither is for an event loop.
 */
final class DnsThread {
    /** More look-ups than that at once are refused: none takes longer than a millisecond here. */
    private static final int MAX_QUEUED = 10_000;

    private static final long IDLE_S = 10;

    private static final ThreadPoolExecutor POOL = newPool();

    private DnsThread() {}

    private static ThreadPoolExecutor newPool() {
        ThreadPoolExecutor pool =
                new ThreadPoolExecutor(1, 1, IDLE_S, TimeUnit.SECONDS, new LinkedBlockingQueue<>(MAX_QUEUED), task -> {
                    Thread thread = new Thread(task, "peregrine-dns");
                    thread.setDaemon(true);
                    return thread;
                });
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    /**
     * Runs the task soon.
     *
     * @throws java.util.concurrent.RejectedExecutionException if too many wait
     */
    static void execute(Runnable task) {
        POOL.execute(task);
    }
}
