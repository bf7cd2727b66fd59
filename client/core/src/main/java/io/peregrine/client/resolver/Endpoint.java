package io.peregrine.client.resolver;

import java.net.SocketAddress;
import java.util.List;

/**
 * One server, reachable at one or more addresses in order of preference (SPEC RS-6). Immutable.
 *
 * @param addresses at least one
 */
public record Endpoint(List<SocketAddress> addresses) {
    /** Copies the list. */
    public Endpoint {
        addresses = List.copyOf(addresses);
        if (addresses.isEmpty()) {
            throw new IllegalArgumentException("addresses: [] (expected: at least one)");
        }
    }

    /** An endpoint with one address. */
    public static Endpoint of(SocketAddress address) {
        return new Endpoint(List.of(address));
    }
}
