package io.peregrine.client.balancer.policy;

import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancerProvider;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.internal.balancer.leaf.PickFirstBalancer;
import java.time.Duration;

/**
 * The policy {@code pick_first} (SPEC 2.8.2): tries the addresses in order, one a little after the other (Happy Eyeballs),
 * and sends every call to the first that connects. Immutable.
 *
 * @param shuffleAddressList whether the endpoints of each answer of the resolver are shuffled, so that clients spread out
 *     (gRFC A62); default false
 * @param attemptDelay how long an address may take before the next one is tried beside it (PF-5); 100 ms to 2 s, and what
 *     is beyond counts as the bound; default 250 ms. Lower it where a dead address must cost little, raise it where
 *     connecting takes long
 */
public record PickFirst(boolean shuffleAddressList, Duration attemptDelay) implements LoadBalancingPolicy {
    private static final String NAME = "pick_first";

    /** The default {@link #attemptDelay}: what RFC 8305 recommends, whose bounds hold, too. */
    public static final Duration DEFAULT_DELAY = Duration.ofMillis(250);

    private static final Duration LOWEST_DELAY = Duration.ofMillis(100);
    private static final Duration HIGHEST_DELAY = Duration.ofSeconds(2);

    /** Moves the delay into its bounds. */
    public PickFirst {
        if (attemptDelay.compareTo(LOWEST_DELAY) < 0) {
            attemptDelay = LOWEST_DELAY;
        } else if (attemptDelay.compareTo(HIGHEST_DELAY) > 0) {
            attemptDelay = HIGHEST_DELAY;
        }
    }

    /** The policy, which tries the endpoints in the resolver's order. */
    public static LoadBalancingPolicy policy() {
        return withAttemptDelay(DEFAULT_DELAY);
    }

    /** The policy that shuffles the endpoints of each answer of the resolver. */
    public static LoadBalancingPolicy shuffled() {
        return new PickFirst(true, DEFAULT_DELAY);
    }

    /** The policy that tries the endpoints in the resolver's order, one {@code attemptDelay} after the other. */
    public static PickFirst withAttemptDelay(Duration attemptDelay) {
        return new PickFirst(false, attemptDelay);
    }

    /**
     * Reads {@code {"shuffleAddressList": false, "attemptDelay": "0.25s"}} (PF-1). The second field is this client's own,
     * and others ignore it.
     */
    public static LoadBalancerProvider provider() {
        return new LoadBalancerProvider() {
            @Override
            public String name() {
                return NAME;
            }

            @Override
            public LoadBalancingPolicy parse(ConfigObject config, LoadBalancerRegistry policies) {
                ConfigValue shuffle = config.field("shuffleAddressList");
                ConfigValue delay = config.field("attemptDelay");
                return new PickFirst(
                        shuffle.isPresent() && shuffle.asBoolean(),
                        delay.isPresent() ? delay.asDuration() : DEFAULT_DELAY);
            }
        };
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public LoadBalancer newBalancer(LoadBalancer.Context context) {
        return PickFirstBalancer.alone(context, this);
    }
}
