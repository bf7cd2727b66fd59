package io.peregrine.client.resolver;

import java.net.SocketAddress;
import java.util.List;

/**
 * One server, reachable at one or more addresses in order of preference (SPEC RS-6). Immutable.
 *
 * @param addresses at least one
 * @param attributes what else the resolver knows of it, under the keys of this class and others
 */
public record Endpoint(List<SocketAddress> addresses, Attributes attributes) {
    /** How much of the load it should get beside others; at least 1, 1 if it is not set. */
    public static final Attributes.Key<Integer> WEIGHT = Attributes.Key.of("weight", Integer.class);

    /** What ring_hash places it by; its first address if it is not set (SPEC RH-2). */
    public static final Attributes.Key<String> HASH_KEY = Attributes.Key.of("hash_key", String.class);

    /** Where it is. */
    public static final Attributes.Key<Locality> LOCALITY = Attributes.Key.of("locality", Locality.class);

    /** The name that TLS verifies, unless the channel has an authority of its own (SPEC SC-9). */
    public static final Attributes.Key<String> SERVER_NAME = Attributes.Key.ofConnection("server_name", String.class);

    /** Copies the list. */
    public Endpoint {
        addresses = List.copyOf(addresses);
        if (addresses.isEmpty()) {
            throw new IllegalArgumentException("addresses: [] (expected: at least one)");
        }
    }

    /** An endpoint of which nothing but the addresses is known. */
    public Endpoint(List<SocketAddress> addresses) {
        this(addresses, Attributes.EMPTY);
    }

    /** An endpoint with one address. */
    public static Endpoint of(SocketAddress address) {
        return new Endpoint(List.of(address), Attributes.EMPTY);
    }

    /** This endpoint with one more attribute, or another value. */
    public <T> Endpoint with(Attributes.Key<T> key, T value) {
        return new Endpoint(addresses, attributes.with(key, value));
    }

    /** Its weight, at least 1. */
    public int weight() {
        return Math.max(1, attributes.get(WEIGHT, 1));
    }
}
