package io.peregrine.client.internal;

import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.internal.breaker.CircuitBreaker;
import io.peregrine.client.internal.breaker.CircuitBreakers;
import io.peregrine.client.internal.retry.Outcome;
import io.peregrine.client.report.Wait;
import io.peregrine.transport.http2.StreamFailure;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What an attempt that has to wait keeps beyond one that does not: for what and how long, and its deadline meanwhile.
 * Belongs to the owner of its attempt, the deadline's flag aside.
 */
final class AttemptWaits {
    private static final System.Logger LOG = System.getLogger(AttemptWaits.class.getName());

    private final LongSupplier clock;
    private final long startNs;
    private List<Wait> finished = List.of();
    private Wait.@Nullable Reason reason;
    private long sinceNs;
    private @Nullable ScheduledFuture<?> deadline;
    private @Nullable ScheduledFuture<?> recvTimeout;
    private @Nullable CircuitBreaker breaker;
    private long permit;
    private boolean refusedByMethod;

    /** The last picker's failure, of a call that waits for ready. */
    @Nullable
    String lastPickFailure;

    /** What it waited for when it was cancelled, as {@link #whileWaiting} says it; empty if it was not, or did not wait. */
    String cancelledWhile = "";

    /** The timer fired, perhaps while the attempt was between two waits; pairs with the picker's queue. */
    private volatile boolean deadlinePassed;

    /**
     * Of an attempt that has not waited.
     *
     * @param startNs when it began, on that clock
     */
    AttemptWaits(LongSupplier clock, long startNs) {
        this.clock = clock;
        this.startNs = startNs;
    }

    /** When the attempt began. */
    long startNs() {
        return startNs;
    }

    /** The attempt waits for something; for something else than before, if it did. */
    void begin(Wait.Reason newReason) {
        if (reason != newReason) {
            finish();
            reason = newReason;
            sinceNs = clock.getAsLong();
        }
    }

    /** The status of a cancel, with what the attempt waited for when it came (PK-8). */
    Status behind(Status cancelled) {
        return cancelledWhile.isEmpty()
                ? cancelled
                : new Status(cancelled.code(), cancelled.message() + cancelledWhile, cancelled.cause());
    }

    /** The wait is over. */
    void finish() {
        Wait.Reason was = reason;
        if (was != null) {
            if (finished.isEmpty()) {
                finished = new ArrayList<>(2);
            }
            finished.add(new Wait(was, Duration.ofNanos(clock.getAsLong() - sinceNs)));
            reason = null;
        }
    }

    boolean isTimed() {
        return deadline != null;
    }

    void deadline(ScheduledFuture<?> timer) {
        deadline = timer;
    }

    /** Calls back with the time when it is over, unless {@link #stopRecvTimeout} comes first. */
    void armRecvTimeout(ScheduledExecutorService timer, long timeoutNs, LongConsumer onTimeout) {
        try {
            recvTimeout = timer.schedule(() -> onTimeout.accept(timeoutNs), timeoutNs, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException timerIsGone) {
            // The event loops are shut down: the transport, which needs them too, ends the attempt.
            LOG.log(System.Logger.Level.DEBUG, "no timer for an attempt", timerIsGone);
        }
    }

    void stopRecvTimeout() {
        ScheduledFuture<?> timer = recvTimeout;
        if (timer != null) {
            timer.cancel(false);
        }
    }

    void onDeadline() {
        deadlinePassed = true;
    }

    /**
     * What it waits for, to be put behind what ends it (PK-8); empty if it does not wait.
     *
     * @param lastFailure why the channel could not connect the last time, empty if it never failed to
     */
    String whileWaiting(String lastFailure) {
        if (reason == null) {
            return "";
        }
        if (isFor(Wait.Reason.CREDENTIALS)) {
            return " while waiting for credentials";
        }
        String failure = lastPickFailure == null ? lastFailure : lastPickFailure;
        return " while waiting for a connection" + (failure.isEmpty() ? "" : "; last error: " + failure);
    }

    boolean isDeadlinePassed() {
        return deadlinePassed;
    }

    boolean isFor(Wait.Reason asked) {
        return reason == asked;
    }

    /** Goes through the breaker of the method or of the back end; the refusal if it is open, else null. */
    @Nullable
    Status passBreaker(CircuitBreakers breakers, String fullMethodName, SocketAddress backend) {
        long nowNs = clock.getAsLong();
        CircuitBreaker ofMethod = breakers.ofMethod(fullMethodName, nowNs);
        CircuitBreaker found = ofMethod == null ? breakers.ofBackend(backend, nowNs) : ofMethod;
        if (found == null) {
            return null;
        }
        long acquired = found.tryAcquire(nowNs);
        if (acquired == CircuitBreaker.REFUSED) {
            refusedByMethod = ofMethod != null;
            return found.refusal(nowNs);
        }
        breaker = found;
        permit = acquired;
        return null;
    }

    /** Whether the breaker that refused was that of the method, which has no other back end. */
    boolean isRefusedByMethod() {
        return refusedByMethod;
    }

    /** The attempt did not go through the breaker after all. */
    void releaseUnsent() {
        CircuitBreaker passed = breaker;
        if (passed != null) {
            breaker = null;
            passed.onNotSent(permit);
        }
    }

    private void tellBreaker(boolean unsent, StatusCode code) {
        CircuitBreaker passed = breaker;
        if (unsent) {
            releaseUnsent();
        } else if (passed != null) {
            breaker = null;
            passed.onResult(permit, code, clock.getAsLong());
        }
    }

    /** Whether the attempt ended on this side, before anything was sent: no word on a back end's health. */
    private boolean isUnsent(@Nullable StreamFailure failure) {
        return isFor(Wait.Reason.STREAM_SLOT)
                || (failure != null
                        && (failure.kind() == StreamFailure.Kind.OVERLOADED
                                || failure.kind() == StreamFailure.Kind.REQUEST_HEADERS_TOO_LARGE));
    }

    /** The attempt has ended. */
    void close(Outcome outcome, StatusCode code, @Nullable StreamFailure failure) {
        tellBreaker(outcome == Outcome.UNPROCESSED || isUnsent(failure), code);
        finish();
        stopRecvTimeout();
        ScheduledFuture<?> timer = deadline;
        if (timer != null) {
            timer.cancel(false);
        }
    }

    List<Wait> list() {
        return List.copyOf(finished);
    }

    /** The waits, and the time for which the attempt had its connection and no response. */
    static List<Wait> withFirstByte(List<Wait> waits, long tookNs) {
        long waitedNs =
                waits.stream().mapToLong(wait -> wait.duration().toNanos()).sum();
        List<Wait> all = new ArrayList<>(waits);
        all.add(new Wait(Wait.Reason.FIRST_BYTE, Duration.ofNanos(Math.max(0, tookNs - waitedNs))));
        return List.copyOf(all);
    }
}
