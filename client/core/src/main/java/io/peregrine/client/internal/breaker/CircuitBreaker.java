package io.peregrine.client.internal.breaker;

import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.breaker.CircuitBreakerListener;
import io.peregrine.client.breaker.CircuitBreakerPolicy;
import io.peregrine.client.breaker.CircuitBreakerState;
import io.peregrine.client.breaker.CircuitBreakerTransition;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The circuit breaker of one method or back end. {@link CircuitBreakerState} has the diagram.
 *
 * <p>A call asks {@link #tryAcquire} before it is sent and says afterwards, once, how it ended: {@link #onResult} if it
 * was sent, {@link #onNotSent} if not. It keeps its permit meanwhile. A permit is the number of the phase that gave it,
 * so what began in one phase never counts in another: a call of the closed phase that ends while the breaker is half
 * open is no probe, and gives back no probe's permit.
 *
 * <p>A half-open breaker has a fixed number of permits. A probe that ends without a result, because it was cancelled
 * or not sent, gives its permit back. One that does not end in time holds up nothing: once the open duration has
 * passed since the phase began, the next call that finds no permit begins the phase anew, with all of them.
 *
 * <p>Safe for use by several threads, without a lock: the phase is one reference, replaced in one step, and what a
 * phase counts is atomic. While the breaker is closed, to ask is to read one volatile field. Time is a parameter, in
 * the nanoseconds of {@link System#nanoTime()}.
 */
public final class CircuitBreaker {
    /** No permit: the call must not be sent, and ends with {@link #refusal}. */
    public static final long REFUSED = -1;

    private static final System.Logger LOG = System.getLogger(CircuitBreaker.class.getName());

    private static final VarHandle PHASE = phaseHandle();

    private final String name;
    private final CircuitBreakerPolicy policy;

    /** How many failed probes open it: the least number that is at or above the rate. */
    private final int failuresToOpen;

    /** Replaced in {@link #move} only, through {@link #PHASE}; read by every call. */
    private volatile Phase phase;

    CircuitBreaker(String name, CircuitBreakerPolicy policy, long nowNs) {
        this.name = name;
        this.policy = policy;
        this.failuresToOpen = (int) Math.max(1, Math.ceil(policy.probes() * policy.failureRatePercent() / 100));
        this.phase = new Closed(0, newWindow(nowNs));
    }

    /** Asks for permission to send a call. Returns a permit, 0 or more, or {@link #REFUSED}. */
    public long tryAcquire(long nowNs) {
        Phase current = phase;
        return current instanceof Closed ? current.number : tryAcquireProbe(nowNs);
    }

    /** A call that was sent has ended, in whatever way. */
    public void onResult(long permit, StatusCode code, long nowNs) {
        Phase current = phase;
        if (current.number != permit) {
            return;
        }
        boolean failed = policy.isFailure(code);
        if (current instanceof Closed closed) {
            if (failed || code != StatusCode.CANCELLED) {
                countCall(closed, failed, nowNs);
            }
        } else if (current instanceof HalfOpen probing) {
            if (failed || code != StatusCode.CANCELLED) {
                countProbe(probing, failed, nowNs);
            } else {
                probing.giveBack();
            }
        }
    }

    /** A call that had a permit was not sent after all. */
    public void onNotSent(long permit) {
        Phase current = phase;
        if (current.number == permit && current instanceof HalfOpen probing) {
            probing.giveBack();
        }
    }

    /** The state now. It stays open after the open duration until a call comes. */
    public CircuitBreakerState state() {
        return phase.state;
    }

    /** Whose breaker it is: {@code method a/B} or {@code back end /10.0.0.1:443}. */
    public String name() {
        return name;
    }

    /** How a call ends that was refused: UNAVAILABLE, and why. */
    public Status refusal(long nowNs) {
        Phase current = phase;
        String breaker = "the circuit breaker of " + name;
        if (current instanceof Open open) {
            long leftMs = TimeUnit.NANOSECONDS.toMillis(Math.max(0, open.untilNs - nowNs));
            return unavailable(breaker + " is open for " + leftMs + " ms more: " + open.reason);
        }
        if (current instanceof HalfOpen) {
            return unavailable(breaker + " is half open: " + policy.probes() + " calls are sent as probes, this is not"
                    + " one of them");
        }
        return unavailable(breaker + " was open");
    }

    private static Status unavailable(String message) {
        return Status.of(StatusCode.UNAVAILABLE, message);
    }

    private long tryAcquireProbe(long nowNs) {
        while (true) {
            Phase current = phase;
            if (current instanceof Closed) {
                return current.number;
            }
            if (current instanceof HalfOpen probing && probing.tryTake()) {
                return probing.number;
            }
            if (nowNs - current.untilNs < 0) {
                return REFUSED;
            }
            HalfOpen next = new HalfOpen(current.number + 1, nowNs + policy.openNs(), policy.probes());
            move(current, next, current instanceof Open ? "the open duration is over" : "its probes did not end");
        }
    }

    private void countCall(Closed closed, boolean failed, long nowNs) {
        long counts = closed.window.record(failed, nowNs);
        int calls = OutcomeWindow.calls(counts);
        int failures = OutcomeWindow.failures(counts);
        if (calls >= policy.minimumCalls() && 100.0 * failures >= policy.failureRatePercent() * calls) {
            open(closed, failures + " of " + calls + " calls failed", nowNs);
        }
    }

    private void countProbe(HalfOpen probing, boolean failed, long nowNs) {
        long counts = probing.count(failed);
        int failures = OutcomeWindow.failures(counts);
        int successes = OutcomeWindow.calls(counts) - failures;
        if (failures >= failuresToOpen) {
            open(probing, failures + " of " + policy.probes() + " probes failed", nowNs);
        } else if (successes > policy.probes() - failuresToOpen) {
            Closed next = new Closed(probing.number + 1, newWindow(nowNs));
            move(probing, next, successes + " of " + policy.probes() + " probes succeeded");
        }
    }

    private void open(Phase current, String reason, long nowNs) {
        move(current, new Open(current.number + 1, nowNs + policy.openNs(), reason), reason);
    }

    /** The one place where the state changes. Whoever comes second finds the phase of the first, and does nothing. */
    private void move(Phase from, Phase to, String reason) {
        if (!PHASE.compareAndSet(this, from, to)) {
            return;
        }
        LOG.log(
                System.Logger.Level.INFO,
                "circuit breaker of {0}: {1} -> {2}: {3}",
                name,
                from.state,
                to.state,
                reason);
        CircuitBreakerListener listener = policy.listener();
        if (listener == null) {
            return;
        }
        try {
            listener.onTransition(new CircuitBreakerTransition(name, to.number, from.state, to.state, reason));
        } catch (RuntimeException | Error thrown) {
            LOG.log(System.Logger.Level.WARNING, "listener of the circuit breaker of " + name + " threw", thrown);
        }
    }

    private OutcomeWindow newWindow(long nowNs) {
        return policy.windowCalls() > 0
                ? new CallWindow(policy.windowCalls())
                : new TimeWindow(policy.windowNs(), nowNs);
    }

    private static VarHandle phaseHandle() {
        try {
            return MethodHandles.lookup().findVarHandle(CircuitBreaker.class, "phase", Phase.class);
        } catch (ReflectiveOperationException absent) {
            throw new ExceptionInInitializerError(absent);
        }
    }

    @Override
    public String toString() {
        return "CircuitBreaker[" + name + ": " + state() + ']';
    }

    /** What the breaker is in; numbered from 0. */
    private abstract static class Phase {
        final CircuitBreakerState state;
        final long number;

        /** When a call may ask for a new phase. */
        final long untilNs;

        Phase(CircuitBreakerState state, long number, long untilNs) {
            this.state = state;
            this.number = number;
            this.untilNs = untilNs;
        }
    }

    private static final class Closed extends Phase {
        final OutcomeWindow window;

        Closed(long number, OutcomeWindow window) {
            super(CircuitBreakerState.CLOSED, number, 0);
            this.window = window;
        }
    }

    private static final class Open extends Phase {
        final String reason;

        Open(long number, long untilNs, String reason) {
            super(CircuitBreakerState.OPEN, number, untilNs);
            this.reason = reason;
        }
    }

    /** Invariant: results + probes under way + permits left = probes. */
    private static final class HalfOpen extends Phase {
        private final AtomicInteger permitsLeft;

        /** Packed as in a window. */
        private final AtomicLong results = new AtomicLong();

        HalfOpen(long number, long untilNs, int probes) {
            super(CircuitBreakerState.HALF_OPEN, number, untilNs);
            permitsLeft = new AtomicInteger(probes);
        }

        boolean tryTake() {
            int left = permitsLeft.get();
            while (left > 0) {
                int seen = permitsLeft.compareAndExchange(left, left - 1);
                if (seen == left) {
                    return true;
                }
                left = seen;
            }
            return false;
        }

        void giveBack() {
            permitsLeft.incrementAndGet();
        }

        long count(boolean failed) {
            return results.addAndGet(OutcomeWindow.packed(failed));
        }
    }
}
