package io.peregrine.transport.http2;

import io.peregrine.allocation.ownership.EventLoopConfined;
import io.peregrine.allocation.ownership.Published;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * How many streams a connection has, for those who choose among several connections, and who is told when that matters
 * to them. Written by the event loop alone. What it publishes is read opaquely: a hint, by which nothing else becomes
 * visible. A connection that nobody watches pays two stores and two comparisons for a stream.
 */
@EventLoopConfined
final class StreamGauge implements StreamCapacity {
    /** What it needs of its connection. */
    interface Connection {
        /** Whether a stream may be started. Any thread. */
        boolean isAccepting();

        /** Runs a rare command on the loop. Any thread. */
        void submit(Runnable command);

        /** Ends up to so many of the streams that wait. On the loop. */
        void giveBack(int most, String reason);
    }

    private static final VarHandle OPEN;
    private static final VarHandle WAITING;
    private static final VarHandle LIMIT;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            OPEN = lookup.findVarHandle(StreamGauge.class, "open", int.class);
            WAITING = lookup.findVarHandle(StreamGauge.class, "waiting", int.class);
            LIMIT = lookup.findVarHandle(StreamGauge.class, "limit", int.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    private final Connection connection;
    private final TransportListener listener;

    @Published("opaque: written on the loop, read by open() on any thread")
    @SuppressWarnings("unused") // accessed through OPEN
    private volatile int open;

    @Published("opaque: written on the loop, read by waiting() on any thread")
    @SuppressWarnings("unused") // accessed through WAITING
    private volatile int waiting;

    @Published("opaque: written on the loop, read by limit() on any thread")
    @SuppressWarnings("unused") // accessed through LIMIT
    private volatile int limit = Integer.MAX_VALUE;

    /** What {@link #open} and {@link #limit} say, for the loop. */
    private int openNow;

    private int waitingNow;
    private int limitNow = Integer.MAX_VALUE;

    private boolean pressureWatched;

    /** So many open streams are pressure; of no meaning while nobody watches. */
    private int pressureAt = Integer.MAX_VALUE;

    private boolean roomWatched;

    StreamGauge(Connection connection, TransportListener listener) {
        this.connection = connection;
        this.listener = listener;
    }

    // ---- StreamCapacity: any thread --------------------------------------------------------------------------

    @Override
    public boolean isAccepting() {
        return connection.isAccepting();
    }

    @Override
    public int open() {
        return (int) OPEN.getOpaque(this);
    }

    @Override
    public int waiting() {
        return (int) WAITING.getOpaque(this);
    }

    @Override
    public int limit() {
        return (int) LIMIT.getOpaque(this);
    }

    @Override
    public int total() {
        return open() + waiting();
    }

    @Override
    public void awaitPressure(int openStreams) {
        connection.submit(() -> watchPressure(openStreams));
    }

    @Override
    public void awaitRoom() {
        connection.submit(this::watchRoom);
    }

    @Override
    public void giveBack(int most, String reason) {
        connection.submit(() -> connection.giveBack(most, reason));
    }

    // ---- The event loop --------------------------------------------------------------------------------------

    void onOpen(int streams) {
        openNow = streams;
        OPEN.setOpaque(this, streams);
        if (streams >= pressureAt) {
            tellPressure();
        }
    }

    void onWaiting(int streams) {
        waitingNow = streams;
        WAITING.setOpaque(this, streams);
        if (streams > 0 && pressureWatched) {
            tellPressure();
        }
    }

    /** The peer allows so many streams (SPEC CS-8). */
    void onLimit(int streams) {
        boolean changed = limitNow != streams;
        limitNow = streams;
        LIMIT.setOpaque(this, streams);
        if (changed && pressureWatched) {
            tellPressure();
        }
        onSettled();
    }

    /** Streams have ended, and those that waited have taken their places. */
    void onSettled() {
        if (roomWatched && waitingNow == 0 && openNow < limitNow) {
            roomWatched = false;
            listener.onRoom();
        }
    }

    private void watchPressure(int openStreams) {
        pressureWatched = true;
        pressureAt = openStreams;
        if (waitingNow > 0 || openNow >= openStreams) {
            tellPressure();
        }
    }

    private void watchRoom() {
        roomWatched = true;
        onSettled();
    }

    private void tellPressure() {
        pressureWatched = false;
        pressureAt = Integer.MAX_VALUE;
        listener.onPressure();
    }
}
