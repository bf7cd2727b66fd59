package io.peregrine.client.internal.breaker;

import static io.peregrine.client.StatusCode.CANCELLED;
import static io.peregrine.client.StatusCode.NOT_FOUND;
import static io.peregrine.client.StatusCode.OK;
import static io.peregrine.client.StatusCode.UNAVAILABLE;
import static io.peregrine.client.internal.breaker.CircuitBreaker.REFUSED;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.breaker.CircuitBreakerPolicy;
import io.peregrine.client.breaker.CircuitBreakerPolicy.Scope;
import io.peregrine.client.breaker.CircuitBreakerState;
import io.peregrine.client.breaker.CircuitBreakerTransition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** EX-3: every state by every event, and what a breaker says. */
class CircuitBreakerTest {
    private static final long START_NS = Long.MAX_VALUE - 50;
    private static final long OPEN_NS = Duration.ofSeconds(1).toNanos();

    private final List<CircuitBreakerTransition> transitions = new ArrayList<>();

    /** Two calls, half of which open it; two probes, one of which opens it. */
    private final CircuitBreaker breaker = breaker(2, 2);

    private long nowNs = START_NS;
    private long permit;

    /** Where a breaker can be, as far as its next move depends on it. */
    enum Situation {
        CALM,
        ONE_SUCCEEDED,
        OPEN,
        OPEN_DUE,
        PROBING,
        PROBING_FULL,
        PROBING_ONE_SUCCEEDED,
        PROBING_OVERDUE
    }

    /** Each cell: the state after the event; when half open, how many permits are left; when asked, the answer. */
    @ParameterizedTest
    @CsvSource(useHeadersInDisplayName = true, textBlock = """
            situation,             ask,             OK,          failure, cancelled,   not sent,    of another phase
            CALM,                  CLOSED granted,  CLOSED,      CLOSED,  CLOSED,      CLOSED,      CLOSED
            ONE_SUCCEEDED,         CLOSED granted,  CLOSED,      OPEN,    CLOSED,      CLOSED,      CLOSED
            OPEN,                  OPEN refused,    OPEN,        OPEN,    OPEN,        OPEN,        OPEN
            OPEN_DUE,              HALF_OPEN 1 granted, OPEN,    OPEN,    OPEN,        OPEN,        OPEN
            PROBING,               HALF_OPEN 0 granted, HALF_OPEN 1, OPEN, HALF_OPEN 2, HALF_OPEN 2, HALF_OPEN 1
            PROBING_FULL,          HALF_OPEN 0 refused, HALF_OPEN 0, OPEN, HALF_OPEN 1, HALF_OPEN 1, HALF_OPEN 0
            PROBING_ONE_SUCCEEDED, HALF_OPEN 0 refused, CLOSED,  OPEN,    HALF_OPEN 1, HALF_OPEN 1, HALF_OPEN 0
            PROBING_OVERDUE,       HALF_OPEN 1 granted, HALF_OPEN 0, OPEN, HALF_OPEN 1, HALF_OPEN 1, HALF_OPEN 0
            """)
    void ex3EveryStateAnswersEveryEvent(
            Situation situation,
            String ask,
            String ok,
            String failure,
            String cancelled,
            String notSent,
            String ofAnotherPhase) {
        assertAfter(
                situation, ask, () -> breaker(2, 2), one -> one.tryAcquire(nowNs) == REFUSED ? " refused" : " granted");
        assertAfter(situation, ok, () -> breaker(2, 2), one -> ended(one, permit, OK));
        assertAfter(situation, failure, () -> breaker(2, 2), one -> ended(one, permit, UNAVAILABLE));
        assertAfter(situation, cancelled, () -> breaker(2, 2), one -> ended(one, permit, CANCELLED));
        assertAfter(situation, notSent, () -> breaker(2, 2), one -> notSent(one, permit));
        for (long other : new long[] {permit - 1, permit + 1, REFUSED}) {
            assertAfter(situation, ofAnotherPhase, () -> breaker(2, 2), one -> ended(one, other, OK));
            assertAfter(situation, ofAnotherPhase, () -> breaker(2, 2), one -> ended(one, other, UNAVAILABLE));
            assertAfter(situation, ofAnotherPhase, () -> breaker(2, 2), one -> ended(one, other, CANCELLED));
            assertAfter(situation, ofAnotherPhase, () -> breaker(2, 2), one -> notSent(one, other));
        }
    }

    @Test
    void ex3TooFewCallsSayNothing() {
        CircuitBreaker patient = breaker(10, 1);
        for (int i = 0; i < 9; i++) {
            call(patient, UNAVAILABLE);
        }
        assertThat(patient.state()).isEqualTo(CircuitBreakerState.CLOSED);

        call(patient, UNAVAILABLE);

        assertThat(patient.state()).isEqualTo(CircuitBreakerState.OPEN);
    }

    @Test
    void ex3ARateBelowTheThresholdKeepsItClosed() {
        CircuitBreaker one = breaker(10, 1);
        for (int i = 0; i < 1_000; i++) {
            call(one, i % 5 < 2 ? UNAVAILABLE : OK);
        }

        assertThat(one.state()).isEqualTo(CircuitBreakerState.CLOSED);
    }

    @Test
    void ex3AnAnswerThatTheCallerDoesNotLikeIsASuccessAndACancelIsNothing() {
        call(breaker, UNAVAILABLE);
        call(breaker, CANCELLED);
        assertThat(breaker.state()).as("one call").isEqualTo(CircuitBreakerState.CLOSED);
        CircuitBreaker other = breaker(2, 2);
        call(other, NOT_FOUND);
        call(other, NOT_FOUND);
        assertThat(other.state()).isEqualTo(CircuitBreakerState.CLOSED);
    }

    @Test
    void ex3ACancelIsAFailureWhereThePolicyNamesIt() {
        CircuitBreaker strict = new CircuitBreaker(
                "method a/B",
                CircuitBreakerPolicy.builder(Scope.METHOD)
                        .windowOfCalls(1)
                        .failures(CANCELLED)
                        .build(),
                nowNs);

        call(strict, CANCELLED);

        assertThat(strict.state()).isEqualTo(CircuitBreakerState.OPEN);
    }

    @Test
    void ex3AWindowOfTimeForgets() {
        CircuitBreaker one = new CircuitBreaker(
                "method a/B",
                CircuitBreakerPolicy.builder(Scope.METHOD)
                        .windowOfTime(Duration.ofSeconds(10))
                        .minimumCalls(2)
                        .build(),
                nowNs);
        call(one, UNAVAILABLE);
        nowNs += Duration.ofSeconds(11).toNanos();
        call(one, UNAVAILABLE);
        assertThat(one.state()).isEqualTo(CircuitBreakerState.CLOSED);

        call(one, UNAVAILABLE);

        assertThat(one.state()).isEqualTo(CircuitBreakerState.OPEN);
    }

    @Test
    void ex3ProbesDecideAsSoonAsTheRestCannotChangeIt() {
        CircuitBreaker four = halfOpen(4);
        List<Long> permits = List.of(four.tryAcquire(nowNs), four.tryAcquire(nowNs), four.tryAcquire(nowNs));

        four.onResult(permits.get(0), UNAVAILABLE, nowNs);
        four.onResult(permits.get(1), OK, nowNs);
        assertThat(four.state()).isEqualTo(CircuitBreakerState.HALF_OPEN);
        four.onResult(permits.get(2), UNAVAILABLE, nowNs);

        assertThat(four.state()).as("two of four are half").isEqualTo(CircuitBreakerState.OPEN);
        CircuitBreaker good = halfOpen(4);
        for (int i = 0; i < 3; i++) {
            assertThat(good.state()).isEqualTo(CircuitBreakerState.HALF_OPEN);
            good.onResult(good.tryAcquire(nowNs), OK, nowNs);
        }
        assertThat(good.state()).as("one failure of four is less").isEqualTo(CircuitBreakerState.CLOSED);
    }

    @Test
    void ex3ACallOfTheClosedPhaseIsNoProbe() {
        long early = breaker.tryAcquire(nowNs);
        call(breaker, UNAVAILABLE);
        call(breaker, UNAVAILABLE);
        nowNs += OPEN_NS;
        long probe = breaker.tryAcquire(nowNs);

        breaker.onResult(early, UNAVAILABLE, nowNs);
        breaker.onNotSent(early);

        assertThat(breaker.state()).isEqualTo(CircuitBreakerState.HALF_OPEN);
        assertThat(permitsLeft(breaker)).isEqualTo(1);
        assertThat(probe).isNotEqualTo(early);
    }

    @Test
    void ex3ARefusalNamesTheBreakerAndHowLongItStaysOpen() {
        call(breaker, UNAVAILABLE);
        call(breaker, UNAVAILABLE);
        nowNs += OPEN_NS / 4;
        assertThat(breaker.refusal(nowNs))
                .isEqualTo(Status.of(
                        UNAVAILABLE, "the circuit breaker of method a/B is open for 750 ms more: 2 of 2 calls failed"));

        nowNs += OPEN_NS;
        breaker.tryAcquire(nowNs);
        breaker.tryAcquire(nowNs);
        assertThat(breaker.tryAcquire(nowNs)).isEqualTo(REFUSED);
        assertThat(breaker.refusal(nowNs).message())
                .isEqualTo("the circuit breaker of method a/B is half open: 2 calls are sent as probes, this is not one"
                        + " of them");
        assertThat(breaker(2, 2).refusal(nowNs).message()).isEqualTo("the circuit breaker of method a/B was open");
    }

    @Test
    void ex3EachTransitionIsToldWithItsReason() {
        call(breaker, UNAVAILABLE);
        call(breaker, UNAVAILABLE);
        nowNs += OPEN_NS;
        breaker.tryAcquire(nowNs);
        breaker.tryAcquire(nowNs);
        nowNs += OPEN_NS;
        breaker.onResult(breaker.tryAcquire(nowNs), UNAVAILABLE, nowNs);
        nowNs += OPEN_NS;
        call(breaker, OK);
        call(breaker, OK);

        assertThat(transitions)
                .extracting(each -> each.number() + ": " + each.from() + " -> " + each.to() + ": " + each.reason())
                .containsExactly(
                        "1: CLOSED -> OPEN: 2 of 2 calls failed",
                        "2: OPEN -> HALF_OPEN: the open duration is over",
                        "3: HALF_OPEN -> HALF_OPEN: its probes did not end",
                        "4: HALF_OPEN -> OPEN: 1 of 2 probes failed",
                        "5: OPEN -> HALF_OPEN: the open duration is over",
                        "6: HALF_OPEN -> CLOSED: 2 of 2 probes succeeded");
        assertThat(transitions).extracting(CircuitBreakerTransition::name).containsOnly("method a/B");
        assertThat(breaker).hasToString("CircuitBreaker[method a/B: CLOSED]");
    }

    @Test
    void ex3AListenerThatThrowsChangesNothing() {
        CircuitBreaker told = new CircuitBreaker(
                "method a/B",
                CircuitBreakerPolicy.builder(Scope.METHOD)
                        .windowOfCalls(1)
                        .listener(transition -> {
                            throw new IllegalStateException("no news today");
                        })
                        .build(),
                nowNs);

        call(told, UNAVAILABLE);

        assertThat(told.state()).isEqualTo(CircuitBreakerState.OPEN);
    }

    private interface Event {
        String on(CircuitBreaker one);
    }

    private interface Fresh {
        CircuitBreaker make();
    }

    private void assertAfter(Situation situation, String expected, Fresh fresh, Event event) {
        nowNs = START_NS;
        CircuitBreaker one = fresh.make();
        bring(one, situation);
        String answer = event.on(one);
        String state = one.state().toString();
        String permits = one.state() == CircuitBreakerState.HALF_OPEN ? " " + permitsLeft(one) : "";

        assertThat(state + permits + answer).as(situation.name()).isEqualTo(expected);
    }

    /** Leaves the permit of a call that is under way in {@link #permit}; of none when open. */
    private void bring(CircuitBreaker one, Situation situation) {
        switch (situation) {
            case CALM -> permit = one.tryAcquire(nowNs);
            case ONE_SUCCEEDED -> {
                call(one, OK);
                permit = one.tryAcquire(nowNs);
            }
            case OPEN, OPEN_DUE -> {
                call(one, UNAVAILABLE);
                call(one, UNAVAILABLE);
                permit = 1;
                nowNs += situation == Situation.OPEN ? OPEN_NS - 1 : OPEN_NS;
            }
            case PROBING, PROBING_FULL, PROBING_ONE_SUCCEEDED, PROBING_OVERDUE -> {
                bring(one, Situation.OPEN_DUE);
                permit = one.tryAcquire(nowNs);
                if (situation != Situation.PROBING) {
                    one.tryAcquire(nowNs);
                }
                if (situation == Situation.PROBING_ONE_SUCCEEDED) {
                    one.onResult(permit, OK, nowNs);
                }
                nowNs += situation == Situation.PROBING_OVERDUE ? OPEN_NS : OPEN_NS - 1;
            }
            default -> throw new AssertionError(situation);
        }
    }

    /** Takes them all, at a time when the phase cannot be overdue. */
    private static int permitsLeft(CircuitBreaker one) {
        int left = 0;
        while (one.tryAcquire(START_NS) != REFUSED) {
            left++;
        }
        return left;
    }

    private String ended(CircuitBreaker one, long ofPermit, StatusCode code) {
        one.onResult(ofPermit, code, nowNs);
        return "";
    }

    private static String notSent(CircuitBreaker one, long ofPermit) {
        one.onNotSent(ofPermit);
        return "";
    }

    private void call(CircuitBreaker one, StatusCode code) {
        one.onResult(one.tryAcquire(nowNs), code, nowNs);
    }

    private CircuitBreaker halfOpen(int probes) {
        CircuitBreaker one = breaker(2, probes);
        call(one, UNAVAILABLE);
        call(one, UNAVAILABLE);
        nowNs += OPEN_NS;
        one.onNotSent(one.tryAcquire(nowNs));
        return one;
    }

    private CircuitBreaker breaker(int calls, int probes) {
        CircuitBreakerPolicy policy = CircuitBreakerPolicy.builder(Scope.METHOD)
                .windowOfCalls(calls)
                .openFor(Duration.ofNanos(OPEN_NS))
                .probes(probes)
                .listener(transitions::add)
                .build();
        return new CircuitBreaker("method a/B", policy, START_NS);
    }
}
