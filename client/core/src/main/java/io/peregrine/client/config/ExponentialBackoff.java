package io.peregrine.client.config;

/**
 * {@code min(initial * multiplier^n, max)} times a random factor in [0.8, 1.2] (SPEC 2.14, line 9). A record, so that
 * two configs that say the same are equal.
 */
record ExponentialBackoff(long initialNs, double multiplier, long maxNs) implements RetryBackoff {
    private static final double JITTER = 0.2;

    @Override
    public long delayNs(int retries, long previousDelayNs, double random) {
        double planned = Math.min(initialNs * Math.pow(multiplier, retries), (double) maxNs);
        return (long) (planned * (1 - JITTER + 2 * JITTER * random));
    }
}
