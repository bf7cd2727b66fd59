package io.peregrine.client.internal.retry;

/**
 * What retries and hedges of a channel may cost (SPEC D22, D23, RT-2). Transparent retries are always on.
 *
 * @param enabled whether policies count at all
 * @param maxAttempts how many attempts a call has at most, whatever its policy says; at least 1
 * @param perCallBytes how many bytes of requests one call may keep to send them again; at least 0
 * @param perChannelBytes the same for all calls together; at least 0
 */
public record RetryLimits(boolean enabled, int maxAttempts, long perCallBytes, long perChannelBytes) {
    /** On, 5 attempts, 1 MiB for a call, 16 MiB for the channel. */
    public static final RetryLimits DEFAULT =
            new RetryLimits(true, 5, ReplayBuffer.DEFAULT_MAX_BYTES, ReplayBudget.DEFAULT_MAX_BYTES);
}
