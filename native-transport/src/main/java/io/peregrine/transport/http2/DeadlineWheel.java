package io.peregrine.transport.http2;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.FastThreadLocal;
import io.peregrine.allocation.ownership.EventLoopConfined;
import io.peregrine.transport.io.driven.CallerDrivenEventLoop;
import java.util.ArrayDeque;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The deadlines of all streams of one event loop, on a timer wheel: setting and cancelling one is O(1) and allocates
 * nothing (SPEC DL-7), however many there are. A deadline fires at most a tick and the loop's own lag late, never early.
 *
 * <pre>
 *    fired         the next turn: a list for each tick          later
 *   ─────────┬──┬──┬──┬──┬──┬──┬──┬──┬──┬──┬──┬──┬──┬──┬──┬──────────────▶ ticks
 *   currentTick                              currentTick + TICKS  one list
 * </pre>
 *
 * <p>A bit for each tick says whether its list is empty, so that the loop is woken for the earliest deadline only, and
 * once in a turn to bring nearer what was later. A cancelled deadline may cause one wake-up for nothing.
 *
 * <p>The lists go through the streams themselves: {@link TransportStream#timer} is the list that a stream is in.
 */
@EventLoopConfined
final class DeadlineWheel implements Runnable {
    /** The list of a stream without a timer. */
    static final int NO_TIMER = -1;

    /** A tick is 2^20 ns, about 1 ms. */
    private static final int TICK_BITS = 20;

    /** A turn is about 1 s. */
    private static final int TICKS = 1024;

    /** So long before it is due, what was later is brought nearer, with all that is within a turn then. */
    private static final int NEAR_TICKS = TICKS / 2;

    /** The list behind those of the ticks. */
    private static final int LATER = TICKS;

    private static final long NEVER = Long.MAX_VALUE;
    private static final FastThreadLocal<DeadlineWheel> WHEELS = new FastThreadLocal<>();

    private final EventLoop eventLoop;
    private final @Nullable TransportStream[] lists = new @Nullable TransportStream[TICKS + 1];

    /** A bit for each tick's list that is not empty. */
    private final long[] occupied = new long[TICKS / Long.SIZE];

    private final ArrayDeque<TransportStream> due = new ArrayDeque<>();
    private final long originNs;
    private long wakeAtNs = NEVER;

    /** Nothing is due at this tick or before it. */
    private long currentTick;

    /** No stream in the last list is due before this tick. */
    private long laterFromTick = NEVER;

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
        if (wakeAtNs == NEVER) {
            // All lists are empty, maybe for long.
            currentTick = Math.max(currentTick, now() >> TICK_BITS);
        }
        wakeNoLaterThan(insert(stream, tickOf(stream)));
    }

    /** Cancels the stream's timer, if it has one. */
    void cancel(TransportStream stream) {
        assert eventLoop.inEventLoop();
        if (stream.timer != NO_TIMER) {
            unlink(stream);
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
        wakeAtNs = NEVER;
        long nowTick = now >> TICK_BITS;
        for (long tick = firstOccupied(); tick <= nowTick; tick = firstOccupied()) {
            takeAll((int) (tick & (TICKS - 1)));
        }
        currentTick = Math.max(currentTick, nowTick);
        if (laterFromTick <= currentTick + NEAR_TICKS) {
            bringNearer();
        }
        // Before the owners are told, who may set deadlines: no wake-up ahead means that all lists are empty.
        wakeNoLaterThan(nextTick());
        notifyOwners();
    }

    /** Apart from the lists, since an owner may end other streams and start new ones, which changes them. */
    private void notifyOwners() {
        for (TransportStream stream = due.poll(); stream != null; stream = due.poll()) {
            Owner owner = stream.owner;
            assert owner != null;
            owner.onDeadline(stream);
        }
    }

    // ---- Lists -----------------------------------------------------------------------------------------------

    /** The first tick that begins when the deadline has passed. Wheel time starts at the wheel's birth, never below 0. */
    private long tickOf(TransportStream stream) {
        long deadline = Math.max(0, stream.deadlineNs() - originNs);
        long wholeTicks = deadline >> TICK_BITS;
        return wholeTicks << TICK_BITS == deadline ? wholeTicks : wholeTicks + 1;
    }

    /** Returns the tick at which the loop has to look at the stream. */
    private long insert(TransportStream stream, long tick) {
        if (tick > currentTick + TICKS) {
            link(stream, LATER);
            laterFromTick = Math.min(laterFromTick, tick);
            return tick - NEAR_TICKS;
        }
        long inTurn = Math.max(tick, currentTick + 1);
        int list = (int) (inTurn & (TICKS - 1));
        link(stream, list);
        occupied[list / Long.SIZE] |= 1L << list;
        return inTurn;
    }

    private void link(TransportStream stream, int list) {
        TransportStream head = lists[list];
        stream.timer = list;
        stream.nextTimer = head;
        if (head != null) {
            head.previousTimer = stream;
        }
        lists[list] = stream;
    }

    private void unlink(TransportStream stream) {
        TransportStream next = stream.nextTimer;
        TransportStream previous = stream.previousTimer;
        if (next != null) {
            next.previousTimer = previous;
        }
        if (previous != null) {
            previous.nextTimer = next;
        } else {
            removeHead(stream.timer, next);
        }
        stream.timer = NO_TIMER;
        stream.nextTimer = null;
        stream.previousTimer = null;
    }

    private void removeHead(int list, @Nullable TransportStream next) {
        lists[list] = next;
        if (next == null) {
            if (list == LATER) {
                laterFromTick = NEVER;
            } else {
                occupied[list / Long.SIZE] &= ~(1L << list);
            }
        }
    }

    private void takeAll(int list) {
        for (TransportStream stream = lists[list]; stream != null; stream = lists[list]) {
            unlink(stream);
            due.add(stream);
        }
    }

    /** Gives what was later and is within a turn now its own tick. */
    private void bringNearer() {
        TransportStream stream = lists[LATER];
        long rest = NEVER;
        while (stream != null) {
            TransportStream next = stream.nextTimer;
            long tick = tickOf(stream);
            if (tick <= currentTick) {
                unlink(stream);
                due.add(stream);
            } else if (tick <= currentTick + TICKS) {
                unlink(stream);
                insert(stream, tick);
            } else {
                rest = Math.min(rest, tick);
            }
            stream = next;
        }
        laterFromTick = rest;
    }

    // ---- Ticks -----------------------------------------------------------------------------------------------

    /** The first tick of the turn that has a stream, or {@link #NEVER}. */
    private long firstOccupied() {
        int first = (int) ((currentTick + 1) & (TICKS - 1));
        int word = first / Long.SIZE;
        // One word more than there are: in the first one, the bits below are the end of the turn.
        long bits = occupied[word] & (-1L << first);
        for (int i = 0; i <= occupied.length; i++) {
            if (bits != 0) {
                int list = word * Long.SIZE + Long.numberOfTrailingZeros(bits);
                return currentTick + 1 + ((list - first) & (TICKS - 1));
            }
            word = (word + 1) % occupied.length;
            bits = occupied[word];
        }
        return NEVER;
    }

    /** When the loop has to look again, or {@link #NEVER}. */
    private long nextTick() {
        long later = laterFromTick == NEVER ? NEVER : laterFromTick - NEAR_TICKS;
        return Math.min(firstOccupied(), later);
    }

    private void wakeNoLaterThan(long tick) {
        if (tick == NEVER) {
            return;
        }
        long atNs = tick << TICK_BITS;
        if (atNs < wakeAtNs) {
            wakeAtNs = atNs;
            Future<?> unused = eventLoop.schedule(this, Math.max(0, atNs - now()), TimeUnit.NANOSECONDS);
        }
    }

    private long now() {
        return LoopClock.nanoTime(eventLoop) - originNs;
    }
}
