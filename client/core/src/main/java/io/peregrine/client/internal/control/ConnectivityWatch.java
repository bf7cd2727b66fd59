package io.peregrine.client.internal.control;

import io.peregrine.client.ConnectivityState;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A channel's connectivity state and those who wait for it to change (SPEC CH-8). Intermediate states may be missed,
 * the last one never. Safe for use by several threads.
 */
public final class ConnectivityWatch {
    private final ReentrantLock lock = new ReentrantLock();
    private final List<CompletableFuture<ConnectivityState>> waiters = new ArrayList<>();
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
            if (waiters.isEmpty()) {
                return;
            }
            told = new ArrayList<>(waiters);
            waiters.clear();
        } finally {
            lock.unlock();
        }
        Runnable telling = () -> told.forEach(waiter -> waiter.complete(to));
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

    /** How many wait, or did until they gave up. */
    int waiting() {
        lock.lock();
        try {
            return waiters.size();
        } finally {
            lock.unlock();
        }
    }
}
