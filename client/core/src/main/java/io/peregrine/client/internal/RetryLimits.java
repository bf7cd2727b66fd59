package io.peregrine.client.internal;

/**
 * What retries and hedges of a channel may cost (SPEC D22, D23, RT-2). Transparent retries are always on.
 *
 * @param enabled whether policies count at all
 * @param maxAttempts how many attempts a call has at most, whatever its policy says; at least 1
 * @param perCallBytes how many bytes of requests one call may keep to send them again
 */
public record RetryLimits(boolean enabled, int maxAttempts, long perCallBytes) {
    /** As gRFC A6 and grpc-java have it: 5 attempts, 1 MiB. */
    public static final RetryLimits DEFAULT = new RetryLimits(true, 5, 1 << 20);
}
