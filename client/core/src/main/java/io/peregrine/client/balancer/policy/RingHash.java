package io.peregrine.client.balancer.policy;

import io.peregrine.client.Metadata;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancerProvider;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.internal.balancer.ring.RingHashBalancer;

/**
 * The policy {@code ring_hash} (gRFC A42, A61, A76; SPEC 2.8.5): calls with the same key go to the same endpoint, and when one
 * of n endpoints comes or goes, no more than about 2/n of the keys move. Connects to an endpoint when a call needs it. Immutable.
 *
 * <p>A call's key is its {@linkplain io.peregrine.client.CallOptions#withAffinityKey affinity key}; if it has none, what it
 * sends under {@code requestHashHeader}; if it has nothing there either, it goes to any endpoint that is ready (SPEC EX-5).
 *
 * @param minRingSize how many entries the ring has at least, 1..{@value #MAX_SIZE}; more follow the weights of the endpoints
 *     ({@link io.peregrine.client.resolver.Endpoint#WEIGHT}) more closely; default {@value #DEFAULT_MIN_SIZE}
 * @param maxRingSize how many it has at most, {@code minRingSize}..{@value #MAX_SIZE}; default {@value #DEFAULT_MAX_SIZE}.
 *     Where there are more endpoints than entries, some get no calls
 * @param requestHashHeader the name of a header, not ending in {@code -bin}; several values count as one, joined by commas.
 *     Empty for none: then a call without an affinity key fails with INTERNAL
 */
public record RingHash(int minRingSize, int maxRingSize, String requestHashHeader) implements LoadBalancingPolicy {
    /** The most entries that a ring may have. */
    public static final int MAX_SIZE = 8_388_608;

    /** How many entries a ring has at least, unless told otherwise. */
    public static final int DEFAULT_MIN_SIZE = 1024;

    /** How many entries a ring has at most, unless told otherwise; also what a service config may ask for at most. */
    public static final int DEFAULT_MAX_SIZE = 4096;

    private static final String NAME = "ring_hash";

    /**
     * Checks the sizes and the name.
     *
     * @throws IllegalArgumentException if one is out of its range
     */
    public RingHash {
        requireSize("minRingSize", minRingSize, 1);
        requireSize("maxRingSize", maxRingSize, minRingSize);
        if (!requestHashHeader.isEmpty()) {
            requestHashHeader = Metadata.Key.of(requestHashHeader).name();
        }
    }

    /** The policy whose keys are the affinity keys of calls only. */
    public static RingHash policy() {
        return new RingHash(DEFAULT_MIN_SIZE, DEFAULT_MAX_SIZE, "");
    }

    /**
     * The policy whose keys are what calls send in a header, unless they have an affinity key.
     *
     * @throws IllegalArgumentException if it is no name of a header, or one that ends in {@code -bin}
     */
    public static RingHash byHeader(String name) {
        return new RingHash(DEFAULT_MIN_SIZE, DEFAULT_MAX_SIZE, name);
    }

    /**
     * This policy with a ring of another size.
     *
     * @throws IllegalArgumentException unless 1 &lt;= min &lt;= max &lt;= {@value #MAX_SIZE}
     */
    public RingHash withRingSize(int min, int max) {
        return new RingHash(min, max, requestHashHeader);
    }

    /**
     * Reads {@code {"minRingSize": 1024, "maxRingSize": 4096, "requestHashHeader": "x-user"}} (RH-1). Sizes beyond
     * {@value #DEFAULT_MAX_SIZE} count as that.
     */
    public static LoadBalancerProvider provider() {
        return provider(DEFAULT_MAX_SIZE);
    }

    /**
     * As {@link #provider()}, with another cap: a service config comes from afar, and is not to decide how much memory a
     * client spends.
     *
     * @param maxSize the most entries that a ring gets, whatever the config says; 1..{@value #MAX_SIZE}
     * @throws IllegalArgumentException if it is out of its range
     */
    public static LoadBalancerProvider provider(int maxSize) {
        requireSize("cap of the ring size", maxSize, 1);
        return new LoadBalancerProvider() {
            @Override
            public String name() {
                return NAME;
            }

            @Override
            public LoadBalancingPolicy parse(ConfigObject config, LoadBalancerRegistry policies) {
                return read(config, maxSize);
            }
        };
    }

    private static RingHash read(ConfigObject config, int cap) {
        ConfigValue min = config.field("minRingSize");
        ConfigValue max = config.field("maxRingSize");
        int minSize = readSize(min, DEFAULT_MIN_SIZE);
        int maxSize = readSize(max, DEFAULT_MAX_SIZE);
        if (minSize > maxSize) {
            throw (min.isPresent() ? min : max)
                    .wrong("minRingSize at most maxRingSize; they are " + minSize + " and " + maxSize);
        }
        return new RingHash(
                Math.min(minSize, cap), Math.min(maxSize, cap), readHeader(config.field("requestHashHeader")));
    }

    private static int readSize(ConfigValue size, int otherwise) {
        if (!size.isPresent()) {
            return otherwise;
        }
        String expected = "an integer in 1.." + MAX_SIZE;
        int value = size.asInt(1, expected);
        if (value > MAX_SIZE) {
            throw size.wrong(expected);
        }
        return value;
    }

    private static String readHeader(ConfigValue header) {
        if (!header.isPresent() || header.asString().isEmpty()) {
            return "";
        }
        try {
            return Metadata.Key.of(header.asString()).name();
        } catch (IllegalArgumentException noName) {
            throw header.wrong("a header name of a-z 0-9 - _ . that does not end in -bin");
        }
    }

    private static void requireSize(String what, int size, int lowest) {
        if (size < lowest || size > MAX_SIZE) {
            throw new IllegalArgumentException(what + ": " + size + " (expected: " + lowest + ".." + MAX_SIZE + ')');
        }
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public LoadBalancer newBalancer(LoadBalancer.Context context) {
        return new RingHashBalancer(context, this);
    }
}
