package io.peregrine.client.internal.balancer.tree;

import io.peregrine.client.resolver.Endpoint;
import java.net.SocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** How many endpoints of a zone are ready, and how many have failed. In the channel's serialised context only. */
final class ZoneTally {
    private final Runnable onChange;
    private Map<Set<SocketAddress>, OfEndpoint> byAddresses = new HashMap<>();
    private Map<SocketAddress, OfEndpoint> byAddress = new HashMap<>();
    private int ready;
    private int failed;

    /** Of a zone that is told when a number has changed. */
    ZoneTally(Runnable onChange) {
        this.onChange = onChange;
    }

    /** What is known of a connection or an endpoint. */
    enum Standing {
        /** It has not said. */
        UNKNOWN,
        READY,
        FAILED
    }

    int ready() {
        return ready;
    }

    int failed() {
        return failed;
    }

    /** The zone's endpoints are now these. Those that are gone count until the child has closed their connections. */
    void describe(List<Endpoint> endpoints) {
        Map<Set<SocketAddress>, OfEndpoint> next = new HashMap<>(endpoints.size() * 2);
        Map<SocketAddress, OfEndpoint> nextByAddress = new HashMap<>(endpoints.size() * 2);
        for (Endpoint endpoint : endpoints) {
            Set<SocketAddress> addresses = Set.copyOf(endpoint.addresses());
            OfEndpoint known = byAddresses.get(addresses);
            OfEndpoint tally = known == null ? new OfEndpoint() : known;
            next.putIfAbsent(addresses, tally);
            addresses.forEach(address -> nextByAddress.putIfAbsent(address, tally));
        }
        byAddresses = next;
        byAddress = nextByAddress;
    }

    /** Where connections to that address count; one that nobody described is an endpoint of its own. */
    OfEndpoint of(SocketAddress address) {
        OfEndpoint known = byAddress.get(address);
        return known == null ? new OfEndpoint() : known;
    }

    /** The connections of one endpoint: it is ready if one is, and has failed if one has and none is ready. */
    final class OfEndpoint {
        private int readyConnections;
        private int failedConnections;

        /** A connection has gone from one standing to another. */
        void move(Standing from, Standing to) {
            Standing before = standing();
            count(from, -1);
            count(to, 1);
            Standing after = standing();
            if (before != after) {
                ready += change(Standing.READY, before, after);
                failed += change(Standing.FAILED, before, after);
                onChange.run();
            }
        }

        private void count(Standing standing, int change) {
            switch (standing) {
                case READY -> readyConnections += change;
                case FAILED -> failedConnections += change;
                case UNKNOWN -> {
                    // Nobody asks for their number.
                }
                default -> throw new AssertionError(standing);
            }
        }

        private Standing standing() {
            if (readyConnections > 0) {
                return Standing.READY;
            }
            return failedConnections > 0 ? Standing.FAILED : Standing.UNKNOWN;
        }

        private static int change(Standing counted, Standing before, Standing after) {
            return (after == counted ? 1 : 0) - (before == counted ? 1 : 0);
        }
    }
}
