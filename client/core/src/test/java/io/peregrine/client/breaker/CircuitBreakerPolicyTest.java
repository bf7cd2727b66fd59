package io.peregrine.client.breaker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.peregrine.client.StatusCode;
import io.peregrine.client.breaker.CircuitBreakerPolicy.Scope;
import java.time.Duration;
import java.util.Arrays;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** EX-3. */
class CircuitBreakerPolicyTest {
    private final CircuitBreakerPolicy.Builder builder = CircuitBreakerPolicy.builder(Scope.BACKEND);

    @Test
    void ex3TheDefaultsAreHalfOfTenCallsInTwentySeconds() {
        CircuitBreakerPolicy policy = builder.build();

        assertThat(policy.scope()).isEqualTo(Scope.BACKEND);
        assertThat(policy.failureRatePercent()).isEqualTo(50);
        assertThat(policy.windowNs()).isEqualTo(Duration.ofSeconds(20).toNanos());
        assertThat(policy.windowCalls()).isZero();
        assertThat(policy.minimumCalls()).isEqualTo(10);
        assertThat(policy.openNs()).isEqualTo(Duration.ofSeconds(10).toNanos());
        assertThat(policy.probes()).isEqualTo(3);
        assertThat(policy.listener()).isNull();
        assertThat(Arrays.stream(StatusCode.values()).filter(policy::isFailure))
                .containsExactlyInAnyOrder(
                        StatusCode.UNAVAILABLE,
                        StatusCode.DEADLINE_EXCEEDED,
                        StatusCode.INTERNAL,
                        StatusCode.UNKNOWN,
                        StatusCode.RESOURCE_EXHAUSTED);
    }

    @Test
    void ex3TheLastWindowThatWasNamedCounts() {
        assertThat(builder.windowOfCalls(7).build())
                .hasToString("CircuitBreakerPolicy[scope=BACKEND, failureRatePercent=50.0, windowCalls=7,"
                        + " minimumCalls=7, openNs=10000000000, probes=3, failures=[UNKNOWN, DEADLINE_EXCEEDED,"
                        + " RESOURCE_EXHAUSTED, INTERNAL, UNAVAILABLE]]");
        assertThat(builder.windowOfTime(Duration.ofNanos(1)).build().toString())
                .contains("windowNs=1, minimumCalls=10");
    }

    @Test
    void ex3APolicyIsNotChangedByItsBuilder() {
        CircuitBreakerPolicy policy = builder.failures(StatusCode.ABORTED).build();

        builder.failures(StatusCode.UNAVAILABLE, StatusCode.UNAVAILABLE).probes(9);

        assertThat(policy.isFailure(StatusCode.ABORTED)).isTrue();
        assertThat(policy.isFailure(StatusCode.UNAVAILABLE)).isFalse();
        assertThat(policy.probes()).isEqualTo(3);
    }

    @Test
    void ex3WhatIsOutOfRangeIsRefusedInOneSentence() {
        assertRefused(
                () -> builder.failureRatePercent(0), "failure rate: 0.0 percent (expected: more than 0, at most 100)");
        assertRefused(
                () -> builder.failureRatePercent(100.5),
                "failure rate: 100.5 percent (expected: more than 0, at most 100)");
        assertRefused(
                () -> builder.failureRatePercent(Double.NaN),
                "failure rate: NaN percent (expected: more than 0, at most 100)");
        assertRefused(() -> builder.windowOfCalls(0), "window: 0 calls (expected: 1..100000)");
        assertRefused(() -> builder.windowOfCalls(100_001), "window: 100001 calls (expected: 1..100000)");
        assertRefused(
                () -> builder.windowOfTime(Duration.ZERO),
                "window: PT0S (expected: a positive duration, at most 365 days)");
        assertRefused(
                () -> builder.openFor(Duration.ofDays(366)),
                "open duration: PT8784H (expected: a positive duration, at most 365 days)");
        assertRefused(() -> builder.minimumCalls(0), "minimum calls: 0 (expected: 1 or more)");
        assertRefused(() -> builder.probes(10_001), "probes: 10001 (expected: 1..10000)");
        assertRefused(builder::failures, "failures: [] (expected: one or more codes, not OK)");
        assertRefused(
                () -> builder.failures(StatusCode.OK, StatusCode.INTERNAL),
                "failures: [OK, INTERNAL] (expected: one or more codes, not OK)");
    }

    @Test
    void ex3AMinimumThatItsWindowNeverReachesIsRefused() {
        assertRefused(
                () -> builder.minimumCalls(6).windowOfCalls(5).build(),
                "minimum calls: 6 (expected: at most the window of 5 calls)");
        assertThat(builder.windowOfTime(Duration.ofSeconds(1)).build().minimumCalls())
                .isEqualTo(6);
    }

    private static void assertRefused(ThrowingCallable change, String message) {
        assertThatIllegalArgumentException().isThrownBy(change).withMessage(message);
    }
}
