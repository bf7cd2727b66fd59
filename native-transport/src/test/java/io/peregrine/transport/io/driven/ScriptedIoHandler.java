package io.peregrine.transport.io.driven;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoRegistration;
import io.netty.util.concurrent.ThreadAwareExecutor;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** I/O that a test brings about: waits as epoll does, until there is an event, a wake-up, or time to look up. */
final class ScriptedIoHandler implements IoHandler {
    private final ThreadAwareExecutor executor;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Queue<Runnable> events = new ArrayDeque<>();
    private boolean waiting;
    private boolean woken;
    private int wakeups;
    private int waits;
    private boolean destroyed;

    ScriptedIoHandler(ThreadAwareExecutor executor) {
        this.executor = executor;
    }

    /** Lets the loop run the event, on the thread that waits for I/O. */
    void event(Runnable event) {
        lock.lock();
        try {
            events.add(event);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Returns when somebody waits for I/O for the {@code count}th time, in all. */
    void awaitWaits(int count) throws InterruptedException {
        lock.lock();
        try {
            long leftNs = TimeUnit.SECONDS.toNanos(20);
            while (waits < count || !waiting) {
                if (leftNs <= 0) {
                    throw new AssertionError("waits: " + waits + " (expected: " + count + ", within 20 s)");
                }
                leftNs = changed.awaitNanos(leftNs);
            }
        } finally {
            lock.unlock();
        }
    }

    /** How often it was woken while it waited. */
    int wakeups() {
        lock.lock();
        try {
            return wakeups;
        } finally {
            lock.unlock();
        }
    }

    /** How often somebody waited for I/O. */
    int waits() {
        lock.lock();
        try {
            return waits;
        } finally {
            lock.unlock();
        }
    }

    boolean isDestroyed() {
        lock.lock();
        try {
            return destroyed;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int run(IoHandlerContext context) {
        Queue<Runnable> due;
        lock.lock();
        try {
            // As the real ones: takes wake-ups first, then asks whether it may wait.
            waiting = true;
            if (context.canBlock()) {
                waits++;
                changed.signalAll();
                awaitReason(context.delayNanos(System.nanoTime()));
            }
            waiting = false;
            woken = false;
            due = new ArrayDeque<>(events);
            events.clear();
        } finally {
            lock.unlock();
        }
        due.forEach(Runnable::run);
        return due.size();
    }

    private void awaitReason(long delayNs) {
        long endNs = System.nanoTime() + delayNs;
        boolean bounded = delayNs < TimeUnit.DAYS.toNanos(1);
        while (!woken && events.isEmpty()) {
            if (!bounded) {
                changed.awaitUninterruptibly();
                continue;
            }
            long leftNs = endNs - System.nanoTime();
            if (leftNs <= 0) {
                return;
            }
            try {
                changed.awaitNanos(leftNs);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    @Override
    public void wakeup() {
        if (executor.isExecutorThread(Thread.currentThread())) {
            return;
        }
        lock.lock();
        try {
            if (waiting && !woken) {
                woken = true;
                wakeups++;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void destroy() {
        lock.lock();
        try {
            destroyed = true;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public IoRegistration register(IoHandle handle) {
        throw new UnsupportedOperationException("no channel lives here");
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
        return false;
    }
}
