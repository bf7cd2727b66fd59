package io.peregrine.client.internal.retry;

import io.peregrine.client.Metadata;
import io.peregrine.client.StatusCode;
import io.peregrine.client.config.RetryPolicy;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.DoubleSupplier;

/**
 * The retries of one call under its policy: whether one more attempt follows the one that ended, and after how long
 * (gRFC A6; SPEC 2.14, lines 4 to 9 of the configured retry decision).
 *
 * <p>It decides on attempts that the server may have processed. The call itself looks first whether it has committed,
 * was cancelled or may be sent again transparently (lines 1 to 3). A call needs its sequence only once an attempt has
 * failed, and so may make it then.
 *
 * <p>Invariant: {@code previousAttempts() < maxAttempts}, so a call has at most that many attempts. Not safe for use
 * by several threads: guarded by the call.
 */
public final class RetrySequence {
    /** Not a delay: deliver the status of the attempt that ended. */
    public static final long DELIVER = -1;

    private static final System.Logger LOG = System.getLogger(RetrySequence.class.getName());

    private final RetryPolicy policy;
    private final int maxAttempts;
    private final RetryThrottle throttle;
    private final DoubleSupplier random;

    private int previousAttempts;

    /** Delays taken from the backoff since the call began or the server's last pushback. */
    private int backoffRetries;

    /** The last of those delays; 0 if there was none. */
    private long previousDelayNs;

    private RetryRefusal refusal = RetryRefusal.NONE;

    /** With the thread's own randomness; see the other constructor. */
    public RetrySequence(RetryPolicy policy, int channelMaxAttempts, RetryThrottle throttle) {
        this(
                policy,
                channelMaxAttempts,
                throttle,
                () -> ThreadLocalRandom.current().nextDouble());
    }

    /**
     * The sequence of a call whose first attempt is under way, or over.
     *
     * @param channelMaxAttempts how many attempts the channel allows, whatever the policy says; at least 1 (D22)
     * @param throttle the channel's
     * @param random uniform in [0, 1)
     */
    public RetrySequence(RetryPolicy policy, int channelMaxAttempts, RetryThrottle throttle, DoubleSupplier random) {
        if (channelMaxAttempts < 1) {
            throw new IllegalArgumentException(
                    "channel's max attempts: " + channelMaxAttempts + " (expected: 1 or more)");
        }
        this.policy = policy;
        this.maxAttempts = Math.min(policy.maxAttempts(), channelMaxAttempts);
        this.throttle = throttle;
        this.random = random;
    }

    /**
     * An attempt has ended. A failure that could be retried takes a token of the throttle.
     *
     * @param trailers of the attempt; empty if it had no stream or its stream broke off (RT-11)
     * @param responseBegun whether response headers came; false for a Trailers-Only response
     * @return nanoseconds to wait before the next attempt, 0 or more; or {@link #DELIVER}, and then {@link #refusal}
     *     says why
     */
    public long delayAfter(StatusCode code, Metadata trailers, boolean responseBegun) {
        if (code == StatusCode.OK) {
            refusal = RetryRefusal.NONE;
            return DELIVER;
        }
        if (responseBegun) {
            return refuse(RetryRefusal.RESPONSE_BEGUN);
        }
        long pushbackNs = Pushback.delayNs(trailers);
        if (pushbackNs == Pushback.STOP) {
            throttle.onFailure();
            return refuse(RetryRefusal.PUSHBACK);
        }
        if (!policy.isRetryable(code)) {
            return refuse(RetryRefusal.CODE);
        }
        return delay(pushbackNs);
    }

    /**
     * An attempt has ended because it had no response headers within {@link RetryPolicy#perAttemptRecvTimeoutNs}: a
     * failure that can be retried, whichever codes the policy names (RT-16).
     *
     * @return as {@link #delayAfter}
     */
    public long delayAfterRecvTimeout() {
        return delay(Pushback.ABSENT);
    }

    /**
     * As {@link #delayAfter} or {@link #delayAfterRecvTimeout}, for an attempt whose response had not begun.
     *
     * @param outcome how the attempt ended
     */
    public long delayAfter(Outcome outcome, StatusCode code, Metadata trailers) {
        return outcome == Outcome.TIMED_OUT ? delayAfterRecvTimeout() : delayAfter(code, trailers, false);
    }

    /** How many attempts came before the one under way, those that were sent again transparently not counted (RT-6). */
    public int previousAttempts() {
        return previousAttempts;
    }

    /** Whether the policy allows no attempt after the one under way (RT-3). */
    public boolean isLastAttempt() {
        return previousAttempts + 1 >= maxAttempts;
    }

    /** Why the last decision was {@link #DELIVER}. */
    public RetryRefusal refusal() {
        return refusal;
    }

    private long delay(long pushbackNs) {
        if (!throttle.onFailure()) {
            return refuse(RetryRefusal.THROTTLED);
        }
        if (isLastAttempt()) {
            return refuse(RetryRefusal.ATTEMPTS_USED_UP);
        }
        long delayNs = pushbackNs == Pushback.ABSENT ? backoffNs() : afterPushback(pushbackNs);
        if (delayNs == DELIVER) {
            return refuse(RetryRefusal.BACKOFF_FAILED);
        }
        refusal = RetryRefusal.NONE;
        previousAttempts++;
        return delayNs;
    }

    /** Exactly as long as the server says; the backoff begins anew after that. */
    private long afterPushback(long pushbackNs) {
        backoffRetries = 0;
        previousDelayNs = 0;
        return pushbackNs;
    }

    /** The backoff may be the application's. One that throws ends the call with its status, not its event loop. */
    private long backoffNs() {
        try {
            long delayNs = policy.backoff().delayNs(backoffRetries, previousDelayNs, random.getAsDouble());
            backoffRetries++;
            previousDelayNs = Math.max(delayNs, 0);
            return previousDelayNs;
        } catch (RuntimeException | Error thrown) {
            LOG.log(System.Logger.Level.WARNING, "backoff of " + policy + " threw", thrown);
            return DELIVER;
        }
    }

    private long refuse(RetryRefusal reason) {
        refusal = reason;
        return DELIVER;
    }
}
