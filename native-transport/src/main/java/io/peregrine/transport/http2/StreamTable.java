package io.peregrine.transport.http2;

import io.peregrine.allocation.ownership.EventLoopConfined;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.IntPredicate;
import org.agrona.collections.Int2ObjectHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The open streams of a connection by id, and those that wait for a slot under the peer's
 * SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 §5.1.2), in order of arrival.
 *
 * <p>Ids follow each other, so the lowest bits of its id give each stream a place that is free, unless a stream is
 * there that has outlived as many as there are places; that one moves to a map. There are at least twice as many places
 * as open streams, up to {@value #MAX_PLACES}.
 */
@EventLoopConfined
final class StreamTable {
    private static final int FIRST_ID = 1;

    private static final VarHandle NEXT_ID;

    static {
        try {
            NEXT_ID = MethodHandles.lookup().findVarHandle(StreamTable.class, "nextId", int.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    /** Three quarters of the ids; the rest is left for what is under way when the connection retires (SPEC H2-5). */
    private static final int RETIREMENT_ID = 0x6000_0001;

    private static final int MIN_PLACES = 16;
    private static final int MAX_PLACES = 4096;
    private static final TransportStream[] NO_STREAMS = {};

    private @Nullable TransportStream[] places = new TransportStream[MIN_PLACES];

    /** Open streams whose place another has; null until there is one. */
    private @Nullable Int2ObjectHashMap<TransportStream> displaced;

    private int openCount;

    /** Streams that are closed, and whose callers have not read all that came before; null until there is one. */
    private @Nullable Int2ObjectHashMap<TransportStream> unread;

    private final ArrayDeque<TransportStream> waiting = new ArrayDeque<>(0);
    private final int maxWaiting;
    private final StreamGauge gauge;
    private int nextId = FIRST_ID;

    StreamTable(int maxWaiting, StreamGauge gauge) {
        this.maxWaiting = maxWaiting;
        this.gauge = gauge;
    }

    /** Gives the stream its id and enters it. */
    void open(TransportStream stream) {
        stream.id = nextId;
        stream.state = stream.state.sendHeaders();
        nextId += 2;
        openCount++;
        if (2 * openCount > places.length && places.length < MAX_PLACES) {
            grow();
        }
        int place = place(stream.id);
        TransportStream older = places[place];
        if (older != null) {
            displace(older);
        }
        places[place] = stream;
        gauge.onOpen(openCount);
    }

    private void displace(TransportStream older) {
        Int2ObjectHashMap<TransportStream> streams = displaced;
        if (streams == null) {
            streams = new Int2ObjectHashMap<>();
            displaced = streams;
        }
        streams.put(older.id, older);
    }

    /** Ids with places of their own have them among twice as many as well. */
    private void grow() {
        @Nullable TransportStream[] former = places;
        places = new TransportStream[2 * former.length];
        for (TransportStream stream : former) {
            if (stream != null) {
                places[place(stream.id)] = stream;
            }
        }
    }

    private int place(int streamId) {
        return (streamId >>> 1) & (places.length - 1);
    }

    @Nullable
    TransportStream find(int streamId) {
        TransportStream stream = places[place(streamId)];
        if (stream != null && stream.id == streamId) {
            return stream;
        }
        return displaced == null ? null : displaced.get(streamId);
    }

    void remove(TransportStream stream) {
        if (!removeOpen(stream) && unread != null) {
            unread.remove(stream.id);
        }
    }

    private boolean removeOpen(TransportStream stream) {
        int place = place(stream.id);
        if (places[place] == stream) {
            places[place] = null;
        } else if (displaced == null || displaced.remove(stream.id) == null) {
            return false;
        }
        openCount--;
        gauge.onOpen(openCount);
        return true;
    }

    /** The stream is closed, and stays known until its caller has read all. */
    void moveToUnread(TransportStream stream) {
        removeOpen(stream);
        Int2ObjectHashMap<TransportStream> streams = unread;
        if (streams == null) {
            streams = new Int2ObjectHashMap<>();
            unread = streams;
        }
        streams.put(stream.id, stream);
    }

    boolean hasUnread() {
        return unread != null && !unread.isEmpty();
    }

    /** Removes the closed streams that are not read to their end, and returns them. */
    TransportStream[] takeUnread() {
        Int2ObjectHashMap<TransportStream> streams = unread;
        unread = null;
        return streams == null ? NO_STREAMS : streams.values().toArray(NO_STREAMS);
    }

    /** Whether this connection ever opened {@code streamId}. */
    boolean wasOpened(int streamId) {
        return (streamId & 1) == 1 && streamId < nextId;
    }

    /** The highest id opened so far, 0 if none. */
    int lastId() {
        return nextId == FIRST_ID ? 0 : nextId - 2;
    }

    boolean isRetirementDue() {
        return nextId >= RETIREMENT_ID;
    }

    int openCount() {
        return openCount;
    }

    boolean isEmpty() {
        return openCount == 0 && waiting.isEmpty();
    }

    /**
     * How many streams were opened so far, for other threads: opaque, and paired with the loop's plain writes, which so cost
     * nothing. Never torn, and late by no more than a turn of the loop, whose queue has orders of its own. Nothing else
     * becomes visible by it.
     */
    int observedStarted() {
        return ((int) NEXT_ID.getOpaque(this) - FIRST_ID) / 2;
    }

    /** Queues a stream for a slot; false if the queue is full. */
    boolean await(TransportStream stream) {
        if (waiting.size() >= maxWaiting) {
            return false;
        }
        waiting.add(stream);
        gauge.onWaiting(waiting.size());
        return true;
    }

    @Nullable
    TransportStream pollWaiting() {
        TransportStream first = waiting.poll();
        gauge.onWaiting(waiting.size());
        return first;
    }

    /** Takes up to so many streams out of the queue that may go elsewhere, in order of arrival. */
    List<TransportStream> takeLeaving(int most) {
        List<TransportStream> taken = new ArrayList<>();
        Iterator<TransportStream> queued = waiting.iterator();
        while (taken.size() < most && queued.hasNext()) {
            TransportStream stream = queued.next();
            if (stream.tryLeave()) {
                queued.remove();
                taken.add(stream);
            }
        }
        gauge.onWaiting(waiting.size());
        return taken;
    }

    /** Takes a stream out of the queue; false if it is not in it. Linear, and rare: a cancel or a deadline. */
    boolean removeWaiting(TransportStream stream) {
        boolean removed = waiting.remove(stream);
        gauge.onWaiting(waiting.size());
        return removed;
    }

    /** The streams that are open now. */
    List<TransportStream> openStreams() {
        List<TransportStream> streams = displaced == null ? new ArrayList<>() : new ArrayList<>(displaced.values());
        for (TransportStream stream : places) {
            if (stream != null) {
                streams.add(stream);
            }
        }
        return streams;
    }

    boolean hasWaiting() {
        return !waiting.isEmpty();
    }

    /** Removes the open streams whose id {@code chosen} accepts, and returns them in order of their ids. */
    TransportStream[] removeOpen(IntPredicate chosen) {
        TransportStream[] removed = openStreams().stream()
                .filter(stream -> chosen.test(stream.id))
                .sorted((one, other) -> Integer.compare(one.id, other.id))
                .toArray(TransportStream[]::new);
        for (TransportStream stream : removed) {
            removeOpen(stream);
        }
        return removed;
    }
}
