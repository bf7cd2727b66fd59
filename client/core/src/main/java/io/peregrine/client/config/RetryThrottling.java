package io.peregrine.client.config;

import java.math.BigDecimal;
import java.math.RoundingMode;

/**
 * How many failures it takes until a channel stops to retry and to hedge (gRFC A6; SPEC RT-12, SV-7). Immutable.
 *
 * <p>Kept in thousandths of a token, since no more than three decimals count. A ratio beyond the greatest number of
 * tokens is that number: one success fills the bucket, and cannot do more.
 *
 * @param maxMilliTokens the bucket's size and its content at the start, 1..1 000 000; retries stop at half of it
 * @param milliTokensPerSuccess what a call that succeeds gives back, 1..1 000 000; a failure takes 1000
 */
public record RetryThrottling(int maxMilliTokens, int milliTokensPerSuccess) {
    private static final int MAX_TOKENS = 1000;
    private static final int MAX_MILLI_TOKENS = 1_000_000;

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if one is out of its range
     */
    public RetryThrottling {
        requireMilliTokens("max milli-tokens", maxMilliTokens);
        requireMilliTokens("milli-tokens per success", milliTokensPerSuccess);
    }

    /**
     * In tokens; decimals beyond the third are cut off.
     *
     * @param maxTokens 0.001..1000
     * @param tokenRatio 0.001 or more
     * @throws IllegalArgumentException if one is out of its range
     */
    public static RetryThrottling of(double maxTokens, double tokenRatio) {
        if (!(maxTokens <= MAX_TOKENS) || !isThousandthOrMore(maxTokens)) {
            throw new IllegalArgumentException("max tokens: " + maxTokens + " (expected: 0.001..1000)");
        }
        if (!isThousandthOrMore(tokenRatio)) {
            throw new IllegalArgumentException("token ratio: " + tokenRatio + " (expected: 0.001 or more)");
        }
        return new RetryThrottling(milliTokens(maxTokens), milliTokens(Math.min(tokenRatio, MAX_TOKENS)));
    }

    private static boolean isThousandthOrMore(double tokens) {
        return tokens >= 0.001;
    }

    /** In decimals: 0.29 * 1000 is a little less than 290 in binary. */
    private static int milliTokens(double tokens) {
        return BigDecimal.valueOf(tokens)
                .movePointRight(3)
                .setScale(0, RoundingMode.DOWN)
                .intValueExact();
    }

    private static void requireMilliTokens(String what, int milliTokens) {
        if (milliTokens < 1 || milliTokens > MAX_MILLI_TOKENS) {
            throw new IllegalArgumentException(what + ": " + milliTokens + " (expected: 1..1000000)");
        }
    }
}
