package io.peregrine.client.internal;

import io.peregrine.transport.http2.StreamCapacity;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/** How full a {@link FakeTransport} says it is, and what it was asked. */
public final class FakeCapacity implements StreamCapacity {
    public int open;
    public int waiting;
    public int limit = Integer.MAX_VALUE;

    /** So many open streams are watched for; 0 while nobody watches. */
    public int pressureWatched;

    public boolean roomWatched;

    /** How many streams each request to give back was for. */
    public final List<Integer> givenBack = new ArrayList<>();

    private final BooleanSupplier accepting;

    FakeCapacity(BooleanSupplier accepting) {
        this.accepting = accepting;
    }

    /** So many open streams, and so many that wait, under a limit. */
    public void set(int newOpen, int newWaiting, int newLimit) {
        open = newOpen;
        waiting = newWaiting;
        limit = newLimit;
    }

    @Override
    public boolean isAccepting() {
        return accepting.getAsBoolean();
    }

    @Override
    public int open() {
        return open;
    }

    @Override
    public int waiting() {
        return waiting;
    }

    @Override
    public int limit() {
        return limit;
    }

    @Override
    public int total() {
        return open + waiting;
    }

    @Override
    public void awaitPressure(int openStreams) {
        pressureWatched = openStreams;
    }

    @Override
    public void awaitRoom() {
        roomWatched = true;
    }

    @Override
    public void giveBack(int streams, String reason) {
        givenBack.add(streams);
        waiting -= Math.min(streams, waiting);
    }
}
