package io.peregrine.client.compression;

import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Keeps native states for reuse, at most as many as it has places; a further one is made for its use and ended after
 * it. Safe for use by several threads, none of which waits.
 *
 * <p>A pool needs no close: what it keeps is freed by the JDK's cleaner once the pool is unreachable.
 *
 * @param <S> a state, confined to whoever took it
 */
final class StatePool<S> {
    private final AtomicReferenceArray<S> places;
    private final Supplier<S> factory;
    private final Consumer<S> reset;
    private final Consumer<S> end;

    StatePool(int capacity, Supplier<S> factory, Consumer<S> reset, Consumer<S> end) {
        this.places = new AtomicReferenceArray<>(capacity);
        this.factory = factory;
        this.reset = reset;
        this.end = end;
    }

    /** A state as new, which belongs to the caller until {@link #giveBack}. */
    S take() {
        int first = firstPlace();
        for (int i = 0; i < places.length(); i++) {
            int place = (first + i) % places.length();
            if (places.get(place) != null) {
                S kept = places.getAndSet(place, null);
                if (kept != null) {
                    return kept;
                }
            }
        }
        return factory.get();
    }

    /** Takes a state back, in whatever condition it is. */
    void giveBack(S state) {
        reset.accept(state);
        int first = firstPlace();
        for (int i = 0; i < places.length(); i++) {
            if (places.compareAndSet((first + i) % places.length(), null, state)) {
                return;
            }
        }
        end.accept(state);
    }

    /** Threads begin at different places, so that they seldom meet at one. */
    private int firstPlace() {
        return (int) Math.floorMod(Thread.currentThread().getId(), (long) places.length());
    }
}
