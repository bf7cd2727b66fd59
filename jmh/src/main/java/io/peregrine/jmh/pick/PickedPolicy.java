package io.peregrine.jmh.pick;

import io.peregrine.client.balancer.policy.ChildPath;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.Locality;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/** The policies whose picks are measured, as a service config names them, and the back ends that they are given. */
public enum PickedPolicy {
    /** One prepared result. */
    PICK_FIRST("[{'pick_first': {}}]"),
    /** A counter for each thread. */
    ROUND_ROBIN("[{'round_robin': {}}]"),
    /** Without a report of load, and with equal weights of the resolver's: they take turns. */
    WEIGHTED_ROUND_ROBIN("[{'weighted_round_robin': {}}]"),
    /** With weights that differ, which makes for turns that are passed over. */
    WEIGHTED_ROUND_ROBIN_UNEVEN("[{'weighted_round_robin': {}}]", 1, 4),
    /** A random number, and two counters of which one is written. */
    LEAST_REQUEST("[{'least_request': {}}]"),
    /** A random number, and the costs of two endpoints, of which one is written to. */
    PEAK_EWMA("[{'peak_ewma': {}}]"),
    /** The hash of an affinity key of 16 characters, and a search. */
    RING_HASH("[{'ring_hash': {}}]"),
    /** As its child, over a part of the back ends. */
    RANDOM_SUBSETTING("[{'random_subsetting': {'subsetSize': 20, 'childPolicy': [{'round_robin': {}}]}}]"),
    /** As its child, whose results it turns into its own. */
    OUTLIER_DETECTION("[{'outlier_detection': {'successRateEjection': {}, 'childPolicy': [{'round_robin': {}}]}}]"),
    /** As the child whose turn it is. */
    PRIORITY("[{'priority': {'priorities': ['0'], 'children': {'0': {'config': [{'round_robin': {}}]}}}}]"),
    /** A random number to choose a child by, and then as that. */
    WEIGHTED_TARGET(
            "[{'weighted_target': {'targets': {'0': {'weight': 3, 'childPolicy': [{'round_robin': {}}]},"
                    + " '1': {'weight': 1, 'childPolicy': [{'round_robin': {}}]}}}}]",
            2,
            1),
    /** As its child for the zone, whose results it turns into its own. */
    ZONE_PREFERENCE("[{'zone_preference': {'locality': {'zone': 'a'}, 'childPolicy': [{'round_robin': {}}]}}]");

    private static final int FIRST_PORT = 10_000;

    private final String config;
    private final int children;
    private final int weights;

    PickedPolicy(String config) {
        this(config, 1, 1);
    }

    /** The back ends are dealt out to so many children, and have the weights 1 up to {@code weights} in turns. */
    PickedPolicy(String config, int children, int weights) {
        this.config = config.replace('\'', '"');
        this.children = children;
        this.weights = weights;
    }

    /** Its {@code loadBalancingConfig}, in JSON. */
    String config() {
        return config;
    }

    /** So many back ends, as a resolver would describe them to this policy. */
    List<Endpoint> endpoints(int backEnds) {
        List<Endpoint> endpoints = new ArrayList<>(backEnds);
        for (int i = 0; i < backEnds; i++) {
            endpoints.add(Endpoint.of(InetSocketAddress.createUnresolved("back-end", FIRST_PORT + i))
                    .with(ChildPath.KEY, ChildPath.of(Integer.toString(i % children)))
                    .with(Endpoint.WEIGHT, 1 + i % weights)
                    .with(Endpoint.LOCALITY, Locality.ofZone("a")));
        }
        return endpoints;
    }
}
