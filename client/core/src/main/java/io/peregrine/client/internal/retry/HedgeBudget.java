package io.peregrine.client.internal.retry;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Limits the hedges of one method to a share of its calls: a token bucket, to which each call adds the share and from
 * which each hedge takes one.
 *
 * <p>It starts full, with {@value #BURST} tokens, and holds no more. So over any number n of calls in a row there are
 * at most {@code BURST + n * ratio} hedges, whatever came before. The ratio comes with each call: several policies may
 * share one bucket. One of more than {@value #BURST} counts as {@value #BURST}.
 *
 * <p>Safe for use by several threads, without a lock. While nobody hedges, a call reads one volatile field.
 */
public final class HedgeBudget {
    /** Enough for the first slow calls of a quiet method, too few to harm a server that is slow for all. */
    static final int BURST = 10;

    /** Millionths, so that a ratio of one in a thousand has three digits still. */
    private static final long WHOLE_TOKEN = 1_000_000;

    private static final long MAX_MICRO_TOKENS = BURST * WHOLE_TOKEN;

    private final AtomicLong microTokens = new AtomicLong(MAX_MICRO_TOKENS);

    /** A full bucket. */
    public HedgeBudget() {}

    /**
     * Counts a call of the method, the hedges of which are limited.
     *
     * @param ratio tokens to add, more than 0; less than a millionth counts as a millionth
     */
    public void onCall(double ratio) {
        long before = microTokens.get();
        if (before == MAX_MICRO_TOKENS) {
            return;
        }
        long added = (long) Math.max(1, Math.min(ratio, BURST) * WHOLE_TOKEN);
        while (before < MAX_MICRO_TOKENS) {
            long seen = microTokens.compareAndExchange(before, Math.min(before + added, MAX_MICRO_TOKENS));
            if (seen == before) {
                return;
            }
            before = seen;
        }
    }

    /** Takes a token for a hedge; false if there is none, and then the hedge must not be sent. */
    public boolean tryHedge() {
        long before = microTokens.get();
        while (before >= WHOLE_TOKEN) {
            long seen = microTokens.compareAndExchange(before, before - WHOLE_TOKEN);
            if (seen == before) {
                return true;
            }
            before = seen;
        }
        return false;
    }

    /** The tokens left, rounded down. */
    public int tokens() {
        return (int) (microTokens.get() / WHOLE_TOKEN);
    }
}
