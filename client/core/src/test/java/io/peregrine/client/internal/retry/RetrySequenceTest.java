package io.peregrine.client.internal.retry;

import static io.peregrine.client.StatusCode.DEADLINE_EXCEEDED;
import static io.peregrine.client.StatusCode.INTERNAL;
import static io.peregrine.client.StatusCode.OK;
import static io.peregrine.client.StatusCode.UNAVAILABLE;
import static io.peregrine.client.internal.retry.RetrySequence.DELIVER;
import static io.peregrine.client.internal.retry.Trailers.pushback;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.peregrine.client.Metadata;
import io.peregrine.client.StatusCode;
import io.peregrine.client.config.RetryPolicy;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The configured retry decision of SPEC 2.14, line by line. */
class RetrySequenceTest {
    private static final int CAP = 5;
    private static final double MIDDLE = 0.5;
    private static final RetryPolicy DOUBLING = RetryPolicy.exponential(
                    Duration.ofMillis(10), 2.0, Duration.ofMillis(50))
            .maxAttempts(5)
            .on(UNAVAILABLE);

    private final RetryThrottle throttle = RetryThrottle.of(100_000, 1_000);

    @Test
    void line4AResponseThatHadBegunIsDelivered() {
        RetrySequence retries = sequence(DOUBLING);

        assertThat(retries.delayAfter(UNAVAILABLE, pushback("0"), true)).isEqualTo(DELIVER);

        assertThat(retries.refusal()).isEqualTo(RetryRefusal.RESPONSE_BEGUN);
        assertThat(throttle.milliTokens()).isEqualTo(100_000);
    }

    @Test
    void line5APushbackThatSaysStopIsDeliveredAndTakesAToken() {
        for (String stop : new String[] {"-1", "soon", "99999999999"}) {
            RetrySequence retries = sequence(DOUBLING);
            int before = throttle.milliTokens();

            assertThat(retries.delayAfter(UNAVAILABLE, pushback(stop), false)).isEqualTo(DELIVER);

            assertThat(retries.refusal()).isEqualTo(RetryRefusal.PUSHBACK);
            assertThat(throttle.milliTokens()).isEqualTo(before - 1_000);
        }
    }

    @Test
    void line5APushbackThatSaysStopTakesATokenWhateverTheCode() {
        assertThat(sequence(DOUBLING).delayAfter(INTERNAL, pushback("1", "2"), false))
                .isEqualTo(DELIVER);

        assertThat(throttle.milliTokens()).isEqualTo(99_000);
    }

    @Test
    void line5ASuccessIsDeliveredWhateverItsTrailersSay() {
        RetrySequence retries = sequence(DOUBLING);

        assertThat(retries.delayAfter(OK, pushback("-1"), false)).isEqualTo(DELIVER);

        assertThat(retries.refusal()).isEqualTo(RetryRefusal.NONE);
        assertThat(throttle.milliTokens()).isEqualTo(100_000);
    }

    @Test
    void line6ACodeThatThePolicyDoesNotNameIsDeliveredWithoutATokenTaken() {
        for (StatusCode code : StatusCode.values()) {
            RetrySequence retries = sequence(DOUBLING);
            if (code != UNAVAILABLE && code != OK) {
                assertThat(retries.delayAfter(code, Metadata.EMPTY, false)).isEqualTo(DELIVER);
                assertThat(retries.refusal()).isEqualTo(RetryRefusal.CODE);
            }
        }
        assertThat(throttle.milliTokens()).isEqualTo(100_000);
    }

    @Test
    void d6APushbackDoesNotMakeACodeRetryable() {
        RetrySequence retries = sequence(DOUBLING);

        assertThat(retries.delayAfter(INTERNAL, pushback("5"), false)).isEqualTo(DELIVER);

        assertThat(retries.refusal()).isEqualTo(RetryRefusal.CODE);
        assertThat(throttle.milliTokens()).isEqualTo(100_000);
    }

    @Test
    void line7AThrottledCallIsDeliveredEvenIfTheServerGaveADelay() {
        RetryThrottle nearlyEmpty = RetryThrottle.of(2_000, 1_000);
        RetrySequence retries = new RetrySequence(DOUBLING, CAP, nearlyEmpty, () -> MIDDLE);

        assertThat(retries.delayAfter(UNAVAILABLE, pushback("5"), false)).isEqualTo(DELIVER);

        assertThat(retries.refusal()).isEqualTo(RetryRefusal.THROTTLED);
        assertThat(nearlyEmpty.milliTokens()).isEqualTo(1_000);
    }

    @Test
    void line8TheLastAttemptIsDeliveredAndStillTakesAToken() {
        RetrySequence retries = sequence(DOUBLING.maxAttempts(2));

        assertThat(retries.isLastAttempt()).isFalse();
        assertThat(retries.delayAfter(UNAVAILABLE, Metadata.EMPTY, false)).isNotEqualTo(DELIVER);
        assertThat(retries.isLastAttempt()).isTrue();
        assertThat(retries.delayAfter(UNAVAILABLE, pushback("0"), false)).isEqualTo(DELIVER);

        assertThat(retries.refusal()).isEqualTo(RetryRefusal.ATTEMPTS_USED_UP);
        assertThat(retries.refusal().words()).isEqualTo("the retry policy's attempts are used up");
        assertThat(retries.previousAttempts()).isEqualTo(1);
        assertThat(throttle.milliTokens()).isEqualTo(98_000);
    }

    @Test
    void d22TheChannelsCapHoldsForAPolicyThatAllowsMore() {
        RetrySequence retries = sequence(DOUBLING.maxAttempts(100));

        int sent = 1;
        while (retries.delayAfter(UNAVAILABLE, Metadata.EMPTY, false) != DELIVER) {
            sent++;
        }

        assertThat(sent).isEqualTo(CAP);
    }

    @Test
    void d22ACapOfOneAllowsNoRetry() {
        RetrySequence retries = new RetrySequence(DOUBLING, 1, throttle, () -> MIDDLE);

        assertThat(retries.isLastAttempt()).isTrue();
        assertThat(retries.delayAfter(UNAVAILABLE, Metadata.EMPTY, false)).isEqualTo(DELIVER);
    }

    @Test
    void line9TheBackoffGrowsUpToItsMaximum() {
        RetrySequence retries = sequence(DOUBLING);

        assertThat(delayMs(retries)).isEqualTo(10);
        assertThat(delayMs(retries)).isEqualTo(20);
        assertThat(delayMs(retries)).isEqualTo(40);
        assertThat(delayMs(retries)).isEqualTo(50);
    }

    @Test
    void line9TheBackoffIsJitteredByTwentyPercentBothWays() {
        long least = new RetrySequence(DOUBLING, CAP, throttle, () -> 0).delayAfter(UNAVAILABLE, Metadata.EMPTY, false);
        long most = new RetrySequence(DOUBLING, CAP, throttle, () -> Math.nextDown(1.0))
                .delayAfter(UNAVAILABLE, Metadata.EMPTY, false);
        long any = new RetrySequence(DOUBLING, CAP, throttle).delayAfter(UNAVAILABLE, Metadata.EMPTY, false);

        assertThat(least).isEqualTo(8_000_000);
        assertThat(most).isBetween(11_999_999L, 12_000_000L);
        assertThat(any).isBetween(8_000_000L, 12_000_000L);
    }

    @Test
    void line9APushbackIsTakenExactlyAndTheBackoffBeginsAnew() {
        RetrySequence retries = sequence(DOUBLING);

        assertThat(delayMs(retries)).isEqualTo(10);
        assertThat(delayMs(retries)).isEqualTo(20);
        assertThat(retries.delayAfter(UNAVAILABLE, pushback("333"), false))
                .isEqualTo(Duration.ofMillis(333).toNanos());
        assertThat(delayMs(retries)).isEqualTo(10);
        assertThat(retries.previousAttempts()).isEqualTo(4);
    }

    @Test
    void line9APushbackOfZeroRetriesAtOnce() {
        assertThat(sequence(DOUBLING).delayAfter(UNAVAILABLE, pushback("0"), false))
                .isZero();
    }

    @Test
    void rt6PreviousAttemptsCountsWhatThePolicySentAgain() {
        RetrySequence retries = sequence(DOUBLING);

        assertThat(retries.previousAttempts()).isZero();
        delayMs(retries);
        assertThat(retries.previousAttempts()).isEqualTo(1);
        retries.delayAfter(INTERNAL, Metadata.EMPTY, false);
        assertThat(retries.previousAttempts()).isEqualTo(1);
    }

    @Test
    void rt11AFailureBeforeAStreamExistedIsRetriedByItsCode() {
        RetrySequence retries = sequence(DOUBLING);

        assertThat(retries.delayAfter(UNAVAILABLE, Metadata.EMPTY, false)).isEqualTo(10_000_000);
        assertThat(throttle.milliTokens()).isEqualTo(99_000);
    }

    @Test
    void rt16AnAttemptWithoutHeadersInTimeIsRetriedWhateverTheCodesAre() {
        RetryPolicy policy = DOUBLING.on().perAttemptRecvTimeout(Duration.ofMillis(5));
        RetrySequence retries = sequence(policy);

        assertThat(policy.isRetryable(DEADLINE_EXCEEDED)).isFalse();
        assertThat(retries.delayAfterRecvTimeout()).isEqualTo(10_000_000);
        assertThat(retries.delayAfterRecvTimeout()).isEqualTo(20_000_000);
        assertThat(throttle.milliTokens()).isEqualTo(98_000);
    }

    @Test
    void rt16AnAttemptWithoutHeadersInTimeIsSubjectToTheThrottleAndToMaxAttempts() {
        RetrySequence throttled = new RetrySequence(DOUBLING, CAP, RetryThrottle.of(1_000, 0), () -> MIDDLE);
        RetrySequence last = new RetrySequence(DOUBLING, 1, throttle, () -> MIDDLE);

        assertThat(throttled.delayAfterRecvTimeout()).isEqualTo(DELIVER);
        assertThat(throttled.refusal()).isEqualTo(RetryRefusal.THROTTLED);
        assertThat(last.delayAfterRecvTimeout()).isEqualTo(DELIVER);
        assertThat(last.refusal()).isEqualTo(RetryRefusal.ATTEMPTS_USED_UP);
    }

    @Test
    void rt17DecorrelatedBackoffGrowsFromItsOwnLastDelayUntilAPushback() {
        RetryPolicy policy = RetryPolicy.decorrelated(Duration.ofMillis(10), Duration.ofSeconds(1))
                .maxAttempts(5);
        RetrySequence retries = new RetrySequence(policy, CAP, throttle, () -> 1.0);

        assertThat(delayMs(retries)).isEqualTo(30);
        assertThat(delayMs(retries)).isEqualTo(90);
        retries.delayAfter(UNAVAILABLE, pushback("7"), false);
        assertThat(delayMs(retries)).isEqualTo(30);
    }

    @Test
    void rt17ABackoffThatThrowsEndsTheCallWithItsStatus() {
        RetryPolicy broken = RetryPolicy.of((retries, previousDelayNs, random) -> {
            throw new IllegalStateException("no delay today");
        });
        RetrySequence retries = sequence(broken);

        assertThat(retries.delayAfter(UNAVAILABLE, Metadata.EMPTY, false)).isEqualTo(DELIVER);

        assertThat(retries.refusal()).isEqualTo(RetryRefusal.BACKOFF_FAILED);
        assertThat(retries.previousAttempts()).isZero();
    }

    @Test
    void rt17ANegativeBackoffCountsAsNone() {
        RetryPolicy negative = RetryPolicy.of((retries, previousDelayNs, random) -> -1 - previousDelayNs);

        assertThat(sequence(negative).delayAfter(UNAVAILABLE, Metadata.EMPTY, false))
                .isZero();
    }

    @Test
    void refusesACapThatAllowsNoAttempt() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RetrySequence(DOUBLING, 0, throttle))
                .withMessage("channel's max attempts: 0 (expected: 1 or more)");
    }

    @Test
    void everyReasonHasWords() {
        assertThat(RetryRefusal.values())
                .allSatisfy(reason -> assertThat(reason.words().isEmpty()).isEqualTo(reason == RetryRefusal.NONE));
    }

    private RetrySequence sequence(RetryPolicy policy) {
        return new RetrySequence(policy, CAP, throttle, () -> MIDDLE);
    }

    private static long delayMs(RetrySequence retries) {
        return Duration.ofNanos(retries.delayAfter(UNAVAILABLE, Metadata.EMPTY, false))
                .toMillis();
    }
}
