package io.peregrine.transport.http2;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.FastThreadLocal;
import io.peregrine.allocation.ownership.EventLoopConfined;
import io.peregrine.transport.io.driven.CallerDrivenEventLoop;
import java.util.ArrayDeque;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.agrona.DeadlineTimerWheel;
import org.agrona.collections.Long2ObjectHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The deadlines of all streams of one event loop, on a timer wheel: setting and cancelling one is O(1) and, once
 * warm, allocates nothing (SPEC DL-7). A deadline fires at most a tick and the loop's own lag late, never early.
 *
 * <p>The loop is woken for the earliest deadline only: found by a scan while there are few, and by ticking while there
 * are many, when the loop is awake anyway. A cancelled deadline may cause one wake-up for nothing.
 */
@EventLoopConfined
final class DeadlineWheel implements Runnable {
    /** The handle of a stream without a timer; the wheel's own handles are not negative. */
    static final long NO_TIMER = -1;

    /** About 1 ms; a power of two, as the wheel demands. */
    private static final long TICK_NS = 1 << 20;

    private static final int TICKS = 1024;
    private static final int FEW_TIMERS = 64;
    private static final int EXPIRY_BATCH = 256;
    private static final FastThreadLocal<DeadlineWheel> WHEELS = new FastThreadLocal<>();

    private final EventLoop eventLoop;
    private final DeadlineTimerWheel wheel = new DeadlineTimerWheel(TimeUnit.NANOSECONDS, 0, TICK_NS, TICKS);
    private final Long2ObjectHashMap<TransportStream> streams = new Long2ObjectHashMap<>();
    private final ArrayDeque<TransportStream> due = new ArrayDeque<>();
    private final DeadlineTimerWheel.TimerHandler expiry = this::onExpiry;
    private final long originNs;
    private long wakeAtNs = Long.MAX_VALUE;

    /** No live timer is due before this; 0 while there are too many to know. */
    private long noneBeforeNs;

    private long scanResultNs;
    private final DeadlineTimerWheel.TimerConsumer earliestScan =
            (deadlineNs, timer) -> scanResultNs = Math.min(scanResultNs, deadlineNs);

    private DeadlineWheel(EventLoop eventLoop) {
        this.eventLoop = eventLoop;
        this.originNs = LoopClock.nanoTime(eventLoop);
    }

    /** Who owns a stream with a deadline. */
    interface Owner {
        /** The stream's deadline passed; its timer is gone. */
        void onDeadline(TransportStream stream);
    }

    /** The wheel of the loop that runs the calling thread: of the thread, unless the loop goes from one to another. */
    static DeadlineWheel of(EventLoop eventLoop) {
        assert eventLoop.inEventLoop();
        if (eventLoop instanceof CallerDrivenEventLoop driven) {
            return driven.local(DeadlineWheel.class, DeadlineWheel::new);
        }
        @Nullable DeadlineWheel wheel = WHEELS.get();
        if (wheel == null || wheel.eventLoop != eventLoop) {
            wheel = new DeadlineWheel(eventLoop);
            WHEELS.set(wheel);
        }
        return wheel;
    }

    /** Sets the timer of a stream that has a deadline and an owner. */
    void schedule(TransportStream stream) {
        assert eventLoop.inEventLoop();
        assert stream.timer == NO_TIMER && stream.owner != null;
        // Wheel time starts at the wheel's birth, so that it is never negative.
        long deadline = Math.max(0, stream.deadlineNs() - originNs);
        if (wheel.timerCount() == 0) {
            wheel.currentTickTime(Math.min(deadline, now()));
            noneBeforeNs = deadline;
        }
        noneBeforeNs = Math.min(noneBeforeNs, deadline);
        stream.timer = wheel.scheduleTimer(deadline);
        streams.put(stream.timer, stream);
        wakeNoLaterThan(deadline);
    }

    /** Cancels the stream's timer, if it has one. */
    void cancel(TransportStream stream) {
        assert eventLoop.inEventLoop();
        if (stream.timer != NO_TIMER) {
            wheel.cancelTimer(stream.timer);
            streams.remove(stream.timer);
            stream.timer = NO_TIMER;
        }
    }

    /** The wake-up: fires what is due. */
    @Override
    public void run() {
        assert eventLoop.inEventLoop();
        long now = now();
        if (now < wakeAtNs) {
            // An earlier wake-up did this one's work; whoever set wakeAtNs scheduled another for it.
            return;
        }
        if (wheel.timerCount() > 0) {
            // The ticks up to the first timer need no visit. A tick passed over with a timer in it would come round
            // again only after a whole turn of the wheel.
            wheel.currentTickTime(Math.min(noneBeforeNs, now));
        }
        wakeAtNs = Long.MAX_VALUE;
        long tick;
        int expired;
        do {
            tick = wheel.currentTickTime();
            expired = wheel.poll(now, expiry, EXPIRY_BATCH);
        } while (wheel.timerCount() > 0 && (expired == EXPIRY_BATCH || wheel.currentTickTime() != tick));
        notifyOwners();
        if (wheel.timerCount() > 0) {
            wakeNoLaterThan(earliest(now));
        }
    }

    private boolean onExpiry(TimeUnit unit, long now, long timer) {
        TransportStream stream = streams.remove(timer);
        assert stream != null && stream.timer == timer : "timer: " + timer + " (expected: one that was scheduled)";
        stream.timer = NO_TIMER;
        due.add(stream);
        return true;
    }

    /** Apart from the poll, since an owner may end other streams and start new ones, which changes the wheel. */
    private void notifyOwners() {
        for (TransportStream stream = due.poll(); stream != null; stream = due.poll()) {
            Owner owner = stream.owner;
            assert owner != null;
            owner.onDeadline(stream);
        }
    }

    private long earliest(long now) {
        if (wheel.timerCount() > FEW_TIMERS) {
            noneBeforeNs = 0;
            return now + TICK_NS;
        }
        scanResultNs = Long.MAX_VALUE;
        wheel.forEach(earliestScan);
        noneBeforeNs = scanResultNs;
        return scanResultNs;
    }

    private void wakeNoLaterThan(long deadline) {
        if (deadline < wakeAtNs) {
            wakeAtNs = deadline;
            wakeAfter(deadline - now());
        }
    }

    private void wakeAfter(long delayNs) {
        Future<?> unused = eventLoop.schedule(this, Math.max(0, delayNs), TimeUnit.NANOSECONDS);
    }

    private long now() {
        return LoopClock.nanoTime(eventLoop) - originNs;
    }
}
