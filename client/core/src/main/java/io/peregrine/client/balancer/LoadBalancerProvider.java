package io.peregrine.client.balancer;

/** Makes the balancers of one policy. */
public interface LoadBalancerProvider {
    /** The policy's name, for example {@code pick_first}. */
    String name();

    /** Makes a balancer. */
    LoadBalancer newBalancer(LoadBalancer.Context context);
}
