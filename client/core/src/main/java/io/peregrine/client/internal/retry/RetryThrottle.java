package io.peregrine.client.internal.retry;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Stops retries and hedges of a channel while too many of its calls fail (gRFC A6; SPEC RT-12, RT-13).
 *
 * <p>It counts tokens, in thousandths: {@code 0 <= tokens <= max} always, at first max. A failure that could be
 * retried takes one whole token, a call that ends well gives back the ratio, and retries are allowed while more than
 * half of max is left. Attempts that the server never saw count for neither.
 *
 * <p>Safe for use by several threads, without a lock. While nothing fails, a success reads one volatile field.
 */
public final class RetryThrottle {
    private static final int WHOLE_TOKEN = 1000;

    /** SPEC SV-7: 1000 tokens. */
    private static final int HIGHEST_MAX_MILLI_TOKENS = 1000 * WHOLE_TOKEN;

    private static final RetryThrottle NONE = new RetryThrottle(0, 0);

    /** 0 in the throttle that allows everything, and only there. */
    private final int maxMilliTokens;

    private final int milliTokenRatio;
    private final AtomicInteger milliTokens;

    private RetryThrottle(int maxMilliTokens, int milliTokenRatio) {
        this.maxMilliTokens = maxMilliTokens;
        this.milliTokenRatio = milliTokenRatio;
        this.milliTokens = new AtomicInteger(maxMilliTokens);
    }

    /**
     * A full bucket.
     *
     * @param maxMilliTokens thousandths of a token, 1..1 000 000
     * @param milliTokenRatio what a success gives back, in thousandths of a token; 0 or more
     * @throws IllegalArgumentException if one is out of its range
     */
    public static RetryThrottle of(int maxMilliTokens, int milliTokenRatio) {
        if (maxMilliTokens < 1 || maxMilliTokens > HIGHEST_MAX_MILLI_TOKENS) {
            throw new IllegalArgumentException(
                    "max milli-tokens: " + maxMilliTokens + " (expected: 1.." + HIGHEST_MAX_MILLI_TOKENS + ')');
        }
        if (milliTokenRatio < 0) {
            throw new IllegalArgumentException("milli-token ratio: " + milliTokenRatio + " (expected: 0 or more)");
        }
        // More than max at once is the same as max, and leaves room to add without overflow.
        return new RetryThrottle(maxMilliTokens, Math.min(milliTokenRatio, maxMilliTokens));
    }

    /** Allows everything: the throttle of a channel whose service config has none. */
    public static RetryThrottle none() {
        return NONE;
    }

    /** Whether a retry or a hedge may be sent now. */
    public boolean isAllowed() {
        return allows(milliTokens.get());
    }

    /**
     * Counts a failure that could be retried, or a server's wish not to retry.
     *
     * @return whether retries are allowed still
     */
    public boolean onFailure() {
        if (maxMilliTokens == 0) {
            return true;
        }
        int before = milliTokens.get();
        while (true) {
            int after = Math.max(before - WHOLE_TOKEN, 0);
            int seen = milliTokens.compareAndExchange(before, after);
            if (seen == before) {
                return allows(after);
            }
            before = seen;
        }
    }

    /** Counts a call that ended with OK: once for each call, whatever the number of its attempts (D7). */
    public void onSuccess() {
        int before = milliTokens.get();
        while (before < maxMilliTokens) {
            int after = Math.min(before + milliTokenRatio, maxMilliTokens);
            int seen = milliTokens.compareAndExchange(before, after);
            if (seen == before) {
                return;
            }
            before = seen;
        }
    }

    /** The tokens left, in thousandths; 0 for {@link #none()}. */
    public int milliTokens() {
        return milliTokens.get();
    }

    /** Whether it was made of these two, so that a new config with the same section keeps it (SPEC SV-13). */
    public boolean wasMadeOf(int otherMaxMilliTokens, int otherMilliTokenRatio) {
        return maxMilliTokens == otherMaxMilliTokens
                && milliTokenRatio == Math.min(otherMilliTokenRatio, otherMaxMilliTokens);
    }

    /** Doubled rather than halved: half of an odd number is no int. */
    private boolean allows(int tokens) {
        return maxMilliTokens == 0 || 2 * tokens > maxMilliTokens;
    }

    @Override
    public String toString() {
        return maxMilliTokens == 0
                ? "RetryThrottle[none]"
                : "RetryThrottle[" + milliTokens() + '/' + maxMilliTokens + " milli-tokens]";
    }
}
