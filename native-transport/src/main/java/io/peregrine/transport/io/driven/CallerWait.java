package io.peregrine.transport.io.driven;

import io.netty.channel.EventLoop;
import io.netty.util.internal.PlatformDependent;
import io.netty.util.internal.ThreadExecutorMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * How the current thread waits for what event loops bring about: parked, or, where the loop is a
 * {@link CallerDrivenEventLoop}, by running that loop itself.
 *
 * <p>A thread that makes a call and is going to wait says so before it makes it:
 *
 * <pre>{@code
 * CallerWait wait = CallerWait.begin();
 * try {
 *     start(call);                            // its end calls wait.signal()
 *     wait.await(call, CallerWait.FOREVER);
 * } finally {
 *     wait.end();
 * }
 * }</pre>
 *
 * <p>What the thread hands to a caller-driven loop between {@link #begin} and {@link #await} wakes nobody if nobody runs
 * that loop: the thread owes it to the loop to run it, and pays in {@code await}, or at the latest in {@link #end}. The
 * loop to which it handed something last is the one that it drives.
 *
 * <p>No wake-up is lost: who ends a wait writes that it is over and then looks, in {@link #signal}, whether the waiting
 * thread drives; that thread takes the baton and then looks whether its wait is over.
 *
 * <p>One object for a thread, for any number of waits one after the other. A virtual thread never drives, since a wait
 * in the kernel would keep its carrier from others; it parks, and the loop's guard drives.
 */
public final class CallerWait {
    /** No time to give up at. The same as a stream's {@code NO_DEADLINE}. */
    public static final long FOREVER = Long.MAX_VALUE;

    /** What a thread waits for. */
    @FunctionalInterface
    public interface Condition {
        /** Whether the wait is over. Any thread may have made it so, with a volatile write, before it signalled. */
        boolean isOver();
    }

    /** Why {@link #await} returned. */
    public enum End {
        /** The condition holds. */
        OVER,
        /** The thread was interrupted, and its flag is cleared. */
        INTERRUPTED,
        /** The time has come to give up. */
        LATE
    }

    private static final ThreadLocal<@Nullable CallerWait> OF_THREAD = new ThreadLocal<>();

    private final Thread caller = Thread.currentThread();
    private final boolean mayDrive = !PlatformDependent.isVirtualThread(caller);

    // Of the thread alone.
    private int depth;
    private boolean armed;
    private boolean aimed;
    private @Nullable CallerDrivenEventLoop owing;

    /** The loop that the thread drives or drove last; written by the thread, read by {@link #signal}. */
    private volatile @Nullable CallerDrivenEventLoop loop;

    /** The thread's place in the line of {@link #loop}, once it had one; as that is. */
    private volatile @Nullable Place place;

    private CallerWait() {}

    /** Whether the current thread runs an event loop, any one: a loop that waits for another may be waited for by it. */
    public static boolean isForbidden() {
        return ThreadExecutorMap.currentExecutor() instanceof EventLoop;
    }

    /** The wait of the current thread. */
    public static CallerWait current() {
        CallerWait known = OF_THREAD.get();
        if (known == null) {
            known = new CallerWait();
            OF_THREAD.set(known);
        }
        return known;
    }

    /** Announces that the current thread is about to make a call and to wait. Each has its {@link #end}. */
    public static CallerWait begin() {
        CallerWait wait = current();
        wait.depth++;
        if (wait.depth == 1) {
            wait.aimed = false;
            wait.armed = wait.mayDrive;
        }
        return wait;
    }

    /** Ends what {@link #begin} began; pays what is still owed. */
    public void end() {
        assert Thread.currentThread() == caller;
        depth--;
        if (depth == 0) {
            armed = false;
            payNow();
        }
    }

    /** The thread that waits. */
    public Thread caller() {
        return caller;
    }

    /** The loop that the thread would drive; null if it has handed nothing to one since {@link #begin}. */
    public @Nullable CallerDrivenEventLoop target() {
        return aimed ? loop : null;
    }

    /** Lets the thread drive {@code known} unless it hands something to another loop; null for no change. */
    public void aim(@Nullable CallerDrivenEventLoop known) {
        if (known != null && armed) {
            aimAt(known);
        }
    }

    private void aimAt(CallerDrivenEventLoop target) {
        if (loop != target) {
            loop = target;
        }
        aimed = true;
    }

    // ---- Debts -----------------------------------------------------------------------------------------------

    /** The current thread has handed something to {@code target}; true if it will see to it that it is run. */
    static boolean tryOwe(CallerDrivenEventLoop target) {
        CallerWait wait = OF_THREAD.get();
        if (wait == null || !wait.armed) {
            return false;
        }
        CallerDrivenEventLoop earlier = wait.owing;
        if (earlier != null && earlier != target) {
            // It drives one loop; the others have their guards.
            earlier.wakeGuard();
        }
        wait.owing = target;
        wait.aimAt(target);
        return true;
    }

    private void payNow() {
        CallerDrivenEventLoop creditor = owing;
        if (creditor != null) {
            owing = null;
            // Somebody who has the baton took it after the offer, or looks once more before laying it down.
            if (creditor.tryTake(caller)) {
                creditor.runOnce();
            }
        }
    }

    // ---- Waiting ---------------------------------------------------------------------------------------------

    /**
     * Waits. Other calls' callbacks may run on this thread meanwhile.
     *
     * @param giveUpNs when to return without the condition, on the clock of {@link System#nanoTime()}, or
     *     {@link #FOREVER}
     */
    public End await(Condition condition, long giveUpNs) {
        assert Thread.currentThread() == caller;
        while (!condition.isOver()) {
            if (Thread.interrupted()) {
                return End.INTERRUPTED;
            }
            if (isLate(giveUpNs)) {
                return End.LATE;
            }
            waitOnce(condition, giveUpNs);
        }
        return End.OVER;
    }

    private void waitOnce(Condition condition, long giveUpNs) {
        CallerDrivenEventLoop target = target();
        if (target == null || target.isShuttingDown()) {
            payNow();
            // What ran there may have parked, and taken the permit of a signal.
            if (!condition.isOver()) {
                park(giveUpNs);
            }
        } else if (target.tryTake(caller)) {
            drive(target, condition, giveUpNs);
        } else {
            waitInLine(target, condition, giveUpNs);
        }
    }

    /** The thread has the baton. */
    private void drive(CallerDrivenEventLoop target, Condition condition, long giveUpNs) {
        owing = owing == target ? null : owing;
        boolean wasArmed = armed;
        // What callbacks hand to other loops is nobody's debt.
        armed = false;
        try {
            target.drive(condition, giveUpNs);
        } finally {
            armed = wasArmed;
        }
    }

    private void waitInLine(CallerDrivenEventLoop target, Condition condition, long giveUpNs) {
        owing = owing == target ? null : owing;
        Place mine = placeIn(target);
        mine.enter();
        target.line(mine);
        // A late signal of an earlier wait takes the place out of the line: then it enters anew.
        while (mine.isWaiting()
                && !condition.isOver()
                && !target.isFree()
                && !target.inEventLoop(caller)
                && !target.isShuttingDown()
                && !caller.isInterrupted()
                && !isLate(giveUpNs)) {
            park(giveUpNs);
        }
        if (!mine.leave()) {
            // The baton is on its way, and who passes it unparks this thread.
            while (!target.inEventLoop(caller)) {
                LockSupport.park(this);
            }
            drive(target, condition, giveUpNs);
        }
    }

    private Place placeIn(CallerDrivenEventLoop target) {
        Place known = place;
        if (known == null || known.loop() != target) {
            known = new Place(caller, target);
            place = known;
        }
        return known;
    }

    private void park(long giveUpNs) {
        if (giveUpNs == FOREVER) {
            LockSupport.park(this);
        } else {
            LockSupport.parkNanos(this, Math.max(0, giveUpNs - System.nanoTime()));
        }
    }

    private static boolean isLate(long giveUpNs) {
        return giveUpNs != FOREVER && giveUpNs - System.nanoTime() <= 0;
    }

    // ---- Any thread ------------------------------------------------------------------------------------------

    /**
     * Lets the thread look at its condition, which its caller has changed before. Costs next to nothing on the waiting
     * thread itself, which looks when the loop's turn is over.
     */
    public void signal() {
        Thread current = Thread.currentThread();
        if (current == caller) {
            return;
        }
        CallerDrivenEventLoop target = loop;
        if (target != null) {
            if (target.inEventLoop(current)) {
                target.onCallerDone(place);
            } else if (target.inEventLoop(caller)) {
                target.wakeup();
                return;
            }
        }
        LockSupport.unpark(caller);
    }
}
