package io.peregrine.client.internal.retry;

import java.util.concurrent.ConcurrentHashMap;

/**
 * The {@link HedgingState}s of a channel, by method. Bounded: past {@value #MAX_METHODS} methods it begins anew, and
 * those in use have a full budget and no latencies again. Safe for use by several threads; finding one allocates
 * nothing and takes no lock.
 */
public final class HedgingStates {
    /** As many as the channel keeps request headers for; a program with more makes its names at run time. */
    private static final int MAX_METHODS = 4096;

    private final ConcurrentHashMap<String, HedgingState> byMethod = new ConcurrentHashMap<>();

    /** Of a channel that made no call yet. */
    public HedgingStates() {}

    /**
     * The state of a method; always the same one until it is dropped for others.
     *
     * @param fullMethodName {@code service/method}
     */
    public HedgingState of(String fullMethodName) {
        HedgingState known = byMethod.get(fullMethodName);
        if (known != null) {
            return known;
        }
        if (byMethod.size() >= MAX_METHODS) {
            byMethod.clear();
        }
        return byMethod.computeIfAbsent(fullMethodName, name -> new HedgingState());
    }
}
