package io.peregrine.client.balancer.policy;

import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancerProvider;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.internal.balancer.leaf.LeastRequestBalancer;
import org.jspecify.annotations.Nullable;

/**
 * The policy {@code least_request} (SPEC 2.8.6, gRFC A48): connects to every endpoint, and sends each call to the one of a
 * few random ones that has the fewest calls of this client under way. Better than {@code round_robin} where calls differ
 * much in how long they take. Immutable.
 *
 * @param choiceCount how many endpoints are drawn for each call; 2 to 10, and what is above counts as 10; default 2. More
 *     find the least loaded one oftener, and make many clients run after the same one
 * @param slowStart how the share of a new endpoint grows (SPEC EX-2): it is compared by its calls and one more, divided by
 *     that share. Null if it has all of it at once, which is the default
 */
public record LeastRequest(int choiceCount, @Nullable SlowStart slowStart) implements LoadBalancingPolicy {
    private static final String NAME = "least_request";
    private static final int DEFAULT_CHOICES = 2;
    private static final int MAX_CHOICES = 10;

    /**
     * Checks the count (LQ-1).
     *
     * @throws IllegalArgumentException if it is less than 2
     */
    public LeastRequest {
        if (choiceCount < DEFAULT_CHOICES) {
            throw new IllegalArgumentException("choiceCount: " + choiceCount + " (expected: 2..10)");
        }
        choiceCount = Math.min(choiceCount, MAX_CHOICES);
    }

    /** Without slow start. */
    public LeastRequest(int choiceCount) {
        this(choiceCount, null);
    }

    /** The policy, with two choices for each call. */
    public static LeastRequest policy() {
        return new LeastRequest(DEFAULT_CHOICES);
    }

    /** Sets how the share of a new endpoint grows; default all of it at once. */
    public LeastRequest withSlowStart(SlowStart newSlowStart) {
        return new LeastRequest(choiceCount, newSlowStart);
    }

    /**
     * Reads {@code {"choiceCount": 2, "slowStartConfig": {...}}}; both fields may be absent, and {@code slowStartConfig} is as
     * in {@link SlowStart#parse}.
     */
    public static LoadBalancerProvider provider() {
        return new LoadBalancerProvider() {
            @Override
            public String name() {
                return NAME;
            }

            @Override
            public LoadBalancingPolicy parse(ConfigObject config, LoadBalancerRegistry policies) {
                ConfigValue count = config.field("choiceCount");
                return new LeastRequest(
                        count.isPresent() ? count.asInt(DEFAULT_CHOICES) : DEFAULT_CHOICES,
                        SlowStart.parse(config.field("slowStartConfig")));
            }
        };
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public LoadBalancer newBalancer(LoadBalancer.Context context) {
        return new LeastRequestBalancer(context, this);
    }
}
