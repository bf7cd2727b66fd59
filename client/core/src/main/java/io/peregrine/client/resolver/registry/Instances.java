package io.peregrine.client.resolver.registry;

import io.peregrine.client.resolver.Endpoint;
import java.util.ArrayList;
import java.util.List;

/**
 * What a registry says of a service at one time: the endpoints, and how many of its entries cannot be used. One entry
 * that is wrong must not cost the others. Not safe for use by several threads.
 */
public final class Instances {
    private final List<Endpoint> endpoints = new ArrayList<>();
    private int unusable;
    private String firstReason = "";

    /** No entries. */
    public Instances() {}

    /** One more that can be used. */
    public void add(Endpoint endpoint) {
        endpoints.add(endpoint);
    }

    /**
     * One more that cannot be used.
     *
     * @param reason one phrase that names the entry and what is wrong with it; the first one is reported
     */
    public void addUnusable(String reason) {
        if (unusable == 0) {
            firstReason = reason;
        }
        unusable++;
    }

    /** Those that can be used, in the order in which they came. */
    public List<Endpoint> endpoints() {
        return List.copyOf(endpoints);
    }

    /** How many entries cannot be used. */
    public int unusable() {
        return unusable;
    }

    /** Whether there are entries, and none can be used. */
    public boolean areAllUnusable() {
        return endpoints.isEmpty() && unusable > 0;
    }

    /** How many cannot be used and why; empty if all can. */
    public String complaint() {
        return unusable == 0
                ? ""
                : unusable + " of " + (unusable + endpoints.size()) + " entries cannot be used, such as " + firstReason;
    }
}
