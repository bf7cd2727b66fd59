package io.peregrine.transport.io.driven;

import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The thread that runs a caller-driven loop while nobody calls, so that PINGs are answered, deadlines pass and
 * asynchronous calls get on.
 *
 * <pre>
 *              nobody took the baton for a grace, or asked to
 *   WATCHING ─────────────────────────────────────────────────▶ DRIVING: waits in the kernel
 *    ▲   ▲ │                    a caller waits for the baton       │
 *    │   └─┼───────────────────────────────────────────────────────┘
 *    │     │ one caller has driven for a grace
 *    │     ▼
 *   ASLEEP until that caller lays the baton down
 * </pre>
 *
 * <p>Callers do not pay for it: a call that is shorter than the grace neither wakes it nor is woken by it, and while
 * such calls are made it looks once in each grace. While nobody calls it sleeps in the kernel, and costs nothing.
 */
final class Guard implements Runnable {
    /**
     * How long nobody has to have driven. Long against the time between two calls of a busy thread, so that the next
     * one finds the baton free; short against any keepalive or deadline.
     */
    static final long GRACE_NS = TimeUnit.MILLISECONDS.toNanos(1);

    private final CallerDrivenEventLoop loop;
    private final Executor executor;
    private final long graceNs;
    private final AtomicBoolean started = new AtomicBoolean();

    /** Null until it runs. */
    private volatile @Nullable Thread thread;

    /** Somebody has work for the loop and will not drive it. Written before the guard is unparked. */
    private volatile boolean asked;

    /**
     * It wants to be told when the baton is laid down. The guard writes it and then looks at the baton; who lays the
     * baton down does it first and then looks here.
     */
    private volatile boolean asleep;

    Guard(CallerDrivenEventLoop loop, Executor executor, long graceNs) {
        this.loop = loop;
        this.executor = executor;
        this.graceNs = graceNs;
    }

    /** Starts the thread, unless somebody has. Any thread. */
    void startOnce() {
        if (!started.get() && started.compareAndSet(false, true)) {
            executor.execute(this);
        }
    }

    /** Lets it take the baton as soon as it is free. Any thread. */
    void wake() {
        asked = true;
        LockSupport.unpark(thread);
    }

    boolean isAsked() {
        return asked;
    }

    /** The baton has been laid down. */
    void onBatonFree() {
        if (asleep) {
            asleep = false;
            LockSupport.unpark(thread);
        }
    }

    @Override
    public void run() {
        thread = Thread.currentThread();
        while (!loop.isTerminated()) {
            long seen = loop.drives();
            if (!asked && !loop.isShuttingDown()) {
                LockSupport.parkNanos(this, graceNs);
            }
            boolean wanted = asked || loop.isShuttingDown();
            asked = false;
            if (wanted || loop.drives() == seen) {
                takeOver(seen);
            }
            // Nobody has reason to interrupt it, and an interrupt would keep it from parking.
            Thread.interrupted();
        }
    }

    private void takeOver(long seen) {
        if (!loop.tryDriveAsGuard() && loop.isHeldByCaller()) {
            sleepWhileOneCallerDrives(seen);
        }
    }

    private void sleepWhileOneCallerDrives(long seen) {
        asleep = true;
        while (asleep && loop.isHeldByCaller() && loop.drives() == seen && !asked) {
            LockSupport.park(this);
        }
        asleep = false;
    }
}
