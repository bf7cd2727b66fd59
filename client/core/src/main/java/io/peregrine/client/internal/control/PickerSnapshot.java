package io.peregrine.client.internal.control;

import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.PickInfo;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The channel's current picker, and the calls that wait for its successor (SPEC PK-3, PK-10).
 *
 * <p>A pick reads one volatile field. Only a call that must wait takes the lock, and so does {@link #publish}: a call
 * gives the picker that made it wait, so one that was replaced meanwhile is seen, and no wake-up is lost.
 *
 * <p>Pickers are compared by identity. One whose pick has an effect, such as to wake an idle channel, must not be
 * published twice: a call that picked it the first time would wait for an effect that is long over.
 */
public final class PickerSnapshot {
    /** What waits. */
    public interface Waiter {
        /** A new picker is there, or the pause is over; pick again. Called on the executor, in the order of arrival. */
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

    private static final System.Logger LOG = System.getLogger(PickerSnapshot.class.getName());

    private final ReentrantLock lock = new ReentrantLock();
    private final Set<Waiter> waiters = new LinkedHashSet<>();

    /** Those that will pick again when their time has come. Guarded by the lock. */
    private final Set<Waiter> pausing = new LinkedHashSet<>();

    private final int maxWaiters;
    private final Executor executor;

    /** Those that were taken off {@link #waiters} and have not picked again yet. Guarded by the lock. */
    private int waking;

    /** Written under the lock; read without, by every call. */
    private volatile Picker current;

    /**
     * Starts with a picker.
     *
     * @param executor wakes those who wait: what a call runs when it ends is the application's, and must not run
     *     inside the channel's serialised context, which publishes
     */
    public PickerSnapshot(Picker first, int maxWaiters, Executor executor) {
        this.current = first;
        this.maxWaiters = maxWaiters;
        this.executor = executor;
    }

    /** What the picker says to a call. A policy's fault fails this call and no other (HOSTILE.md P12). */
    public static PickResult ask(Picker picker, PickInfo call) {
        try {
            return Objects.requireNonNull(picker.pick(call), "null in place of a result");
        } catch (RuntimeException | Error thrown) {
            return PickResult.drop(new Status(StatusCode.INTERNAL, "the picker threw: " + thrown, thrown));
        }
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
            woken = takeAll(waiters);
        } finally {
            lock.unlock();
        }
        wakeOnExecutor(woken);
    }

    /**
     * Lets everybody who waits pick again, though from the same picker: what it places calls on has changed. Whoever
     * begins to wait looks at that once more afterwards.
     */
    public void wakeAll() {
        List<Waiter> woken;
        lock.lock();
        try {
            woken = takeAll(waiters);
        } finally {
            lock.unlock();
        }
        wakeOnExecutor(woken);
    }

    /** Empties one of the sets; those taken off it are waking. Under the lock. */
    private List<Waiter> takeAll(Set<Waiter> set) {
        List<Waiter> taken = List.copyOf(set);
        set.clear();
        waking += taken.size();
        return taken;
    }

    private void wakeOnExecutor(List<Waiter> woken) {
        if (woken.isEmpty()) {
            return;
        }
        try {
            executor.execute(() -> wake(woken));
        } catch (RejectedExecutionException eventLoopIsGone) {
            wake(woken);
        }
    }

    /** Waits for the successor of {@code seen}. */
    public Wait await(Waiter waiter, Picker seen) {
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
    public boolean remove(Waiter waiter) {
        lock.lock();
        try {
            return waiters.remove(waiter);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Will pick again later, whatever picker there is then: so the channel is still wanted. Only {@link #endPauses}
     * tells it anything.
     */
    public void pause(Waiter waiter) {
        lock.lock();
        try {
            pausing.add(waiter);
        } finally {
            lock.unlock();
        }
    }

    /** Ends a {@link #pause}, if there is one. */
    public void resume(Waiter waiter) {
        lock.lock();
        try {
            pausing.remove(waiter);
        } finally {
            lock.unlock();
        }
    }

    /** Tells those that pause, on the executor, that there is nothing to wait for any more. */
    public void endPauses() {
        List<Waiter> ended;
        lock.lock();
        try {
            ended = takeAll(pausing);
        } finally {
            lock.unlock();
        }
        wakeOnExecutor(ended);
    }

    /** How many calls wait, pause, or are about to pick again. */
    public int waiting() {
        lock.lock();
        try {
            return waiters.size() + pausing.size() + waking;
        } finally {
            lock.unlock();
        }
    }

    private void wake(List<Waiter> woken) {
        for (Waiter waiter : woken) {
            try {
                waiter.onNewPicker();
            } catch (RuntimeException | Error thrown) {
                LOG.log(System.Logger.Level.ERROR, "a call that waited for a picker failed to pick again", thrown);
            } finally {
                onAwake();
            }
        }
    }

    private void onAwake() {
        lock.lock();
        try {
            waking--;
        } finally {
            lock.unlock();
        }
    }
}
