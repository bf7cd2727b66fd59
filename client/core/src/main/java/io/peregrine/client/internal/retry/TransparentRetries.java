package io.peregrine.client.internal.retry;

/**
 * The attempts of one call that are made again because no server has seen them, whatever its policy says: without limit
 * if nothing left this side, once if the peer refused before its application had seen anything (SPEC RT-7, RT-8, D14).
 * Not safe for use by several threads: guarded by the call.
 */
public final class TransparentRetries {
    /** A stop for a fault that makes transports accept and refuse in turn (SPEC RT-7). */
    public static final int MAX_UNPROCESSED = 1000;

    private int unprocessed;
    private boolean refused;
    private boolean processed;

    /** Of a call whose first attempt is under way. */
    public TransparentRetries() {}

    /** Whether an attempt that ended so is made again. Asked once for each, in order. */
    public boolean mayRepeat(Outcome outcome) {
        if (outcome == Outcome.UNPROCESSED) {
            return ++unprocessed < MAX_UNPROCESSED;
        }
        if (outcome == Outcome.REFUSED && !refused && !processed) {
            refused = true;
            return true;
        }
        processed |= outcome != Outcome.NOT_PICKED;
        return false;
    }

    /** Whether the stop was reached: the call ends, and its policy is not asked. */
    public boolean isStopped() {
        return unprocessed >= MAX_UNPROCESSED;
    }
}
