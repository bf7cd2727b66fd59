package io.peregrine.jmh.pick;

/** The policies whose picks are measured, as a service config names them. */
public enum PickedPolicy {
    /** One prepared result. */
    PICK_FIRST("[{\"pick_first\": {}}]"),
    /** A counter for each thread. */
    ROUND_ROBIN("[{\"round_robin\": {}}]"),
    /** Two random numbers, and two counters of which one is written. */
    LEAST_REQUEST("[{\"least_request\": {}}]"),
    /** As its child, over a part of the back ends. */
    RANDOM_SUBSETTING("[{\"random_subsetting\": {\"subsetSize\": 20, \"childPolicy\": [{\"round_robin\": {}}]}}]");

    private final String config;

    PickedPolicy(String config) {
        this.config = config;
    }

    /** Its {@code loadBalancingConfig}, in JSON. */
    String config() {
        return config;
    }
}
