package io.peregrine.transport.io.driven;

import io.peregrine.allocation.ownership.EventLoopConfined;
import org.jspecify.annotations.Nullable;

/** The threads that wait for a loop's baton, in the order of their coming. Holds nothing that it allocates. */
@EventLoopConfined
final class WaitingLine {
    private @Nullable Place first;
    private @Nullable Place last;

    /** Adds a place at the end, unless it is in the line. */
    void add(Place place) {
        if (place.linked) {
            return;
        }
        place.linked = true;
        place.previous = last;
        if (last == null) {
            first = place;
        } else {
            last.next = place;
        }
        last = place;
    }

    /** Takes a place out, if it is in the line. */
    void remove(Place place) {
        if (!place.linked) {
            return;
        }
        place.linked = false;
        if (place.previous == null) {
            first = place.next;
        } else {
            place.previous.next = place.next;
        }
        if (place.next == null) {
            last = place.previous;
        } else {
            place.next.previous = place.previous;
        }
        place.previous = null;
        place.next = null;
    }

    /** Takes out the first place; null if the line is empty. */
    @Nullable
    Place poll() {
        Place place = first;
        if (place != null) {
            remove(place);
        }
        return place;
    }

    boolean isEmpty() {
        return first == null;
    }
}
