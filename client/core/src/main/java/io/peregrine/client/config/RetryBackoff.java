package io.peregrine.client.config;

/**
 * How long to wait before a retry. Immutable, and without a memory of its own: the call keeps the count and the last
 * delay. Service config knows the exponential one only (SPEC RT-17).
 */
@FunctionalInterface
public interface RetryBackoff {
    /**
     * The delay before one more attempt.
     *
     * @param retries how many delays were taken from this backoff since the call began, or since the server's last
     *     pushback; 0 or more
     * @param previousDelayNs the delay before, in nanoseconds; 0 if there was none
     * @param random uniform in [0, 1)
     * @return nanoseconds, 0 or more
     */
    long delayNs(int retries, long previousDelayNs, double random);
}
