package io.peregrine.client.internal.control;

import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Finds out that a channel has had no calls for as long as its idle timeout (SPEC ID-2), at no cost to calls: they do not
 * tell it anything. It looks {@value #LOOKS} times in each timeout at what the connections count anyway: the streams that
 * are open, and those that were ever started. As many looks in a row that find nothing open and no count changed are a
 * timeout without calls. So a channel goes idle after the timeout, and at most an eighth of it later.
 *
 * <p>Confined to the channel's serialised context.
 */
final class IdleTimer {
    private static final int LOOKS = 8;

    /** Shorter ones are raised, or calls in a slow rhythm would find no connection each time (as grpc-java, ID-1). */
    static final Duration SHORTEST = Duration.ofSeconds(1);

    /** From here on the channel is never idle (ID-1). */
    static final Duration NEVER = Duration.ofDays(30);

    private final SyncContext context;
    private final long lookNs;
    private final LongSupplier inUse;
    private final LongSupplier started;
    private final Runnable onIdle;
    private SyncContext.@Nullable ScheduledTask next;
    private long lastInUse;
    private long lastStarted;
    private int quiet;

    /**
     * A timer that does not run.
     *
     * @param timeout zero for never
     * @param inUse how many calls there are, those that wait included
     * @param started how many there ever were
     */
    IdleTimer(SyncContext context, Duration timeout, LongSupplier inUse, LongSupplier started, Runnable onIdle) {
        this.context = context;
        this.lookNs = lookNs(timeout);
        this.inUse = inUse;
        this.started = started;
        this.onIdle = onIdle;
    }

    private static long lookNs(Duration timeout) {
        if (timeout.isZero() || timeout.compareTo(NEVER) >= 0) {
            return 0;
        }
        return (timeout.compareTo(SHORTEST) < 0 ? SHORTEST : timeout).toNanos() / LOOKS;
    }

    /** The channel is in use from now on. */
    void start() {
        stop();
        quiet = 0;
        lastStarted = started.getAsLong();
        lastInUse = inUse.getAsLong();
        lookLater();
    }

    /** The channel is idle, or closed. */
    void stop() {
        if (next != null) {
            next.cancel();
            next = null;
        }
    }

    private void lookLater() {
        if (lookNs > 0) {
            next = context.schedule(lookNs, this::look);
        }
    }

    /** A call that began and ended since the last look has changed one count, one that only ended the other. */
    private void look() {
        long startedNow = started.getAsLong();
        long inUseNow = inUse.getAsLong();
        boolean used = inUseNow > 0 || inUseNow != lastInUse || startedNow != lastStarted;
        lastStarted = startedNow;
        lastInUse = inUseNow;
        quiet = used ? 0 : quiet + 1;
        if (quiet < LOOKS) {
            lookLater();
        } else {
            next = null;
            onIdle.run();
        }
    }
}
