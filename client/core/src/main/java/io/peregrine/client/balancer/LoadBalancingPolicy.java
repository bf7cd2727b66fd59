package io.peregrine.client.balancer;

/**
 * A policy together with its config: what a service config chooses. Immutable. Two that are equal make balancers that
 * behave alike, so that a config that changes nothing leaves the balancer alone.
 */
public interface LoadBalancingPolicy {
    /** The policy's name, for example {@code pick_first}. */
    String name();

    /** Makes a balancer. */
    LoadBalancer newBalancer(LoadBalancer.Context context);
}
