package io.peregrine.transport.http2;

import io.peregrine.allocation.ownership.EventLoopConfined;
import java.util.ArrayDeque;
import java.util.function.IntPredicate;
import org.agrona.collections.Int2ObjectHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The open streams of a connection by id, and those that wait for a slot under the peer's
 * SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 §5.1.2), in order of arrival.
 */
@EventLoopConfined
final class StreamTable {
    private static final int FIRST_ID = 1;

    /** Three quarters of the ids; the rest is left for what is under way when the connection retires (SPEC H2-5). */
    private static final int RETIREMENT_ID = 0x6000_0001;

    private final Int2ObjectHashMap<TransportStream> open = new Int2ObjectHashMap<>();

    /** Streams that are closed, and whose callers have not read all that came before. */
    private final Int2ObjectHashMap<TransportStream> unread = new Int2ObjectHashMap<>();

    private final ArrayDeque<TransportStream> waiting = new ArrayDeque<>();
    private final int maxWaiting;
    private int nextId = FIRST_ID;

    StreamTable(int maxWaiting) {
        this.maxWaiting = maxWaiting;
    }

    /** Gives the stream its id and enters it. */
    void open(TransportStream stream) {
        stream.id = nextId;
        stream.state = stream.state.sendHeaders();
        nextId += 2;
        open.put(stream.id, stream);
    }

    @Nullable
    TransportStream find(int streamId) {
        return open.get(streamId);
    }

    void remove(TransportStream stream) {
        if (open.remove(stream.id) == null && !unread.isEmpty()) {
            unread.remove(stream.id);
        }
    }

    /** The stream is closed, and stays known until its caller has read all. */
    void moveToUnread(TransportStream stream) {
        open.remove(stream.id);
        unread.put(stream.id, stream);
    }

    boolean hasUnread() {
        return !unread.isEmpty();
    }

    /** Removes the closed streams that are not read to their end, and returns them. */
    TransportStream[] takeUnread() {
        TransportStream[] taken = unread.values().toArray(TransportStream[]::new);
        unread.clear();
        return taken;
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
        return open.size();
    }

    boolean isEmpty() {
        return open.isEmpty() && waiting.isEmpty();
    }

    /** Queues a stream for a slot; false if the queue is full. */
    boolean await(TransportStream stream) {
        if (waiting.size() >= maxWaiting) {
            return false;
        }
        waiting.add(stream);
        return true;
    }

    @Nullable
    TransportStream pollWaiting() {
        return waiting.poll();
    }

    /** Takes a stream out of the queue; false if it is not in it. Linear, and rare: a cancel or a deadline. */
    boolean removeWaiting(TransportStream stream) {
        return waiting.remove(stream);
    }

    Iterable<TransportStream> openStreams() {
        return open.values();
    }

    boolean hasWaiting() {
        return !waiting.isEmpty();
    }

    /** Removes the open streams whose id {@code chosen} accepts, and returns them in order of their ids. */
    TransportStream[] removeOpen(IntPredicate chosen) {
        TransportStream[] removed = open.values().stream()
                .filter(stream -> chosen.test(stream.id))
                .sorted((one, other) -> Integer.compare(one.id, other.id))
                .toArray(TransportStream[]::new);
        for (TransportStream stream : removed) {
            open.remove(stream.id);
        }
        return removed;
    }
}
