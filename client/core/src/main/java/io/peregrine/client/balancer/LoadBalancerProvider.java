package io.peregrine.client.balancer;

import io.peregrine.client.config.json.ConfigObject;

/**
 * Makes a policy out of its part of a service config. Safe for use by several threads.
 *
 * <p>Those that a {@link java.util.ServiceLoader} finds are known to every channel; a channel's own come first.
 */
public interface LoadBalancerProvider {
    /** The policy's name, for example {@code pick_first}; case matters (LB-1). */
    String name();

    /**
     * Reads the policy's config. What it does not know it ignores, by not asking for it.
     *
     * @param config empty if the service config only names the policy
     * @param policies for the configs of children, see {@link LoadBalancerRegistry#parse}
     * @throws io.peregrine.client.config.json.ServiceConfigException if it is wrong; then the whole service config is
     *     invalid (SPEC SV-8, LB-2)
     */
    LoadBalancingPolicy parse(ConfigObject config, LoadBalancerRegistry policies);
}
