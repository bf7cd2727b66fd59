package io.peregrine.client.internal;

import io.peregrine.client.balancer.Picker;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The channel's current picker, and the calls that wait for its successor (SPEC PK-3, PK-10).
 *
 * <p>A pick reads one volatile field. Only a call that must wait takes the lock, and so does {@link #publish}: a call
 * gives the picker that made it wait, so one that was replaced meanwhile is seen, and no wake-up is lost.
 */
public final class PickerSnapshot {
    /** What waits. */
    public interface Waiter {
        /** A new picker is there; pick again. Called outside the lock, in the order of arrival. */
        void onNewPicker();
    }

    /** What became of a request to wait. */
    public enum Wait {
        /** It will be told of the next picker. */
        WAITING,
        /** There is another picker already. */
        REPLACED,
        /** Too many wait. */
        FULL
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Set<Waiter> waiters = new LinkedHashSet<>();
    private final int maxWaiters;

    /** Written under the lock; read without, by every call. */
    private volatile Picker current;

    /** Starts with a picker. */
    public PickerSnapshot(Picker first, int maxWaiters) {
        this.current = first;
        this.maxWaiters = maxWaiters;
    }

    /** The current picker. */
    public Picker current() {
        return current;
    }

    /** Replaces the picker and lets everybody who waits pick again. */
    public void publish(Picker next) {
        List<Waiter> woken;
        lock.lock();
        try {
            current = next;
            woken = new ArrayList<>(waiters);
            waiters.clear();
        } finally {
            lock.unlock();
        }
        woken.forEach(Waiter::onNewPicker);
    }

    /** Waits for the successor of {@code seen}. */
    Wait await(Waiter waiter, Picker seen) {
        lock.lock();
        try {
            if (current != seen) {
                return Wait.REPLACED;
            }
            if (waiters.size() >= maxWaiters) {
                return Wait.FULL;
            }
            waiters.add(waiter);
            return Wait.WAITING;
        } finally {
            lock.unlock();
        }
    }

    /** Stops waiting; true if it was, and then {@link Waiter#onNewPicker} is not called. */
    boolean remove(Waiter waiter) {
        lock.lock();
        try {
            return waiters.remove(waiter);
        } finally {
            lock.unlock();
        }
    }

    /** How many calls wait. */
    public int waiting() {
        lock.lock();
        try {
            return waiters.size();
        } finally {
            lock.unlock();
        }
    }
}
