package io.peregrine.transport.io;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.EventExecutor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Puts each new connection on the loop that has the fewest, and in turn where several have as few. A connection counts
 * from the moment it is placed, so that many opened at once spread, until its channel is closed.
 *
 * <p>Any thread. Two that place at the same moment may choose the same loop: a place is a matter of speed, and the next
 * one makes up for it.
 */
final class ConnectionPlacement {
    private final List<Place> places = new ArrayList<>();
    private final AtomicInteger turn = new AtomicInteger();

    ConnectionPlacement(Iterable<EventExecutor> loops) {
        for (EventExecutor loop : loops) {
            places.add(new Place((EventLoop) loop, new AtomicInteger()));
        }
    }

    /** Returns the loop for {@code channel}, which is about to be registered. */
    EventLoop place(Channel channel) {
        Place chosen = leastLoaded();
        chosen.connections.incrementAndGet();
        channel.closeFuture().addListener(closed -> chosen.connections.decrementAndGet());
        return chosen.loop;
    }

    private Place leastLoaded() {
        int first = Math.floorMod(turn.getAndIncrement(), places.size());
        Place least = places.get(first);
        for (int i = 1; i < places.size(); i++) {
            Place place = places.get((first + i) % places.size());
            if (place.connections.get() < least.connections.get()) {
                least = place;
            }
        }
        return least;
    }

    private record Place(EventLoop loop, AtomicInteger connections) {}
}
