package io.peregrine.client.internal.control;

import java.net.SocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The backoffs of a channel's addresses, kept beyond their subchannels: or a new subchannel would begin without the
 * backoff of the old one.
 *
 * <p>Memory is bounded: whenever their number has doubled, those that may be connected to at once are forgotten. Finding
 * one costs constant time, the forgetting included, since a look at all of them is paid for by as many that were added.
 *
 * <p>Confined to the channel's serialised context.
 */
final class AddressBackoffs {
    /** Up to here nothing is forgotten. */
    static final int MIN_LIMIT = 1024;

    private final Map<SocketAddress, AddressBackoff> known = new HashMap<>();
    private final Supplier<AddressBackoff> newBackoff;
    private int limit = MIN_LIMIT;

    AddressBackoffs() {
        this(AddressBackoff::new);
    }

    AddressBackoffs(Supplier<AddressBackoff> newBackoff) {
        this.newBackoff = newBackoff;
    }

    /** That of the address; a new one if it is not known. */
    AddressBackoff of(SocketAddress address) {
        AddressBackoff backoff = known.get(address);
        if (backoff != null) {
            return backoff;
        }
        if (known.size() >= limit) {
            known.values().removeIf(idle -> idle.remainingNs() <= 0);
            limit = Math.max(MIN_LIMIT, 2 * known.size());
        }
        AddressBackoff made = newBackoff.get();
        known.put(address, made);
        return made;
    }

    /** Every address may be connected to at once, and begins with the first delay (SPEC SC-6). */
    void reset() {
        known.values().forEach(AddressBackoff::forgive);
    }

    /** How many are known. */
    int size() {
        return known.size();
    }
}
