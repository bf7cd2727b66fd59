package io.peregrine.client.internal.control;

import io.peregrine.client.Cancellable;
import io.peregrine.client.ConnectivityState;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A channel's connectivity state and those who wait for it to change (SPEC CH-8). Intermediate states may be missed,
 * the last one never. Safe for use by several threads.
 */
public final class ConnectivityWatch {
    private static final System.Logger LOG = System.getLogger(ConnectivityWatch.class.getName());

    private final ReentrantLock lock = new ReentrantLock();
    private final List<CompletableFuture<ConnectivityState>> waiters = new ArrayList<>();
    private final List<Watcher> watchers = new CopyOnWriteArrayList<>();
    private final Executor executor;
    private volatile ConnectivityState state = ConnectivityState.IDLE;

    /**
     * Starts with IDLE.
     *
     * @param executor tells those who wait, whose code must not run inside the channel's serialised context
     */
    public ConnectivityWatch(Executor executor) {
        this.executor = executor;
    }

    /** The state now. */
    public ConnectivityState state() {
        return state;
    }

    /** Moves; SHUTDOWN is for good. */
    public void move(ConnectivityState to) {
        List<CompletableFuture<ConnectivityState>> told;
        lock.lock();
        try {
            if (state == to || state == ConnectivityState.SHUTDOWN) {
                return;
            }
            state = to;
            told = new ArrayList<>(waiters);
            waiters.clear();
        } finally {
            lock.unlock();
        }
        // After the state: a watcher that is added behind it reads it.
        watchers.forEach(Watcher::onMoved);
        if (!told.isEmpty()) {
            execute(() -> told.forEach(waiter -> waiter.complete(to)));
        }
    }

    /** Tells the listener the state now and each later one, but for those that are overtaken, until it is cancelled. */
    public Cancellable watch(Consumer<ConnectivityState> listener) {
        Watcher watcher = new Watcher(listener);
        watchers.add(watcher);
        watcher.onMoved();
        return () -> watchers.remove(watcher);
    }

    private void execute(Runnable telling) {
        try {
            executor.execute(telling);
        } catch (RejectedExecutionException eventLoopIsGone) {
            telling.run();
        }
    }

    /** Completes with the state as soon as it is not {@code from}. */
    public CompletableFuture<ConnectivityState> changedFrom(ConnectivityState from) {
        lock.lock();
        try {
            if (state != from) {
                return CompletableFuture.completedFuture(state);
            }
            // Who gave up has cancelled; without this a state that lasts would collect them.
            waiters.removeIf(CompletableFuture::isDone);
            CompletableFuture<ConnectivityState> waiter = new CompletableFuture<>();
            waiters.add(waiter);
            return waiter;
        } finally {
            lock.unlock();
        }
    }

    /** How many listeners there are. */
    int watchers() {
        return watchers.size();
    }

    /** How many wait, or did until they gave up. */
    int waiting() {
        lock.lock();
        try {
            return waiters.size();
        } finally {
            lock.unlock();
        }
    }

    /**
     * One listener. Whoever moves the state counts a move; the one that finds no other uncounted tells, until it has told for
     * all of them. So listeners are told one at a time, whatever thread the executor uses, and the last state is never missed.
     */
    private final class Watcher {
        private final Consumer<ConnectivityState> listener;
        private final AtomicInteger moves = new AtomicInteger();

        /** Of whoever tells, one behind the other by {@link #moves}. */
        private @Nullable ConnectivityState last;

        Watcher(Consumer<ConnectivityState> listener) {
            this.listener = listener;
        }

        void onMoved() {
            if (moves.getAndIncrement() == 0) {
                execute(this::tell);
            }
        }

        private void tell() {
            int seen = moves.get();
            do {
                ConnectivityState now = state;
                if (now != last && watchers.contains(this)) {
                    last = now;
                    tell(now);
                }
                seen = moves.addAndGet(-seen);
            } while (seen != 0);
        }

        private void tell(ConnectivityState now) {
            if (now == ConnectivityState.SHUTDOWN) {
                watchers.remove(this);
            }
            try {
                listener.accept(now);
            } catch (RuntimeException | Error thrown) {
                LOG.log(System.Logger.Level.ERROR, "a listener of the channel's state threw", thrown);
            }
        }
    }
}
