package io.peregrine.client.internal.retry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class RetryThrottleTest {
    @Test
    void rt12StartsFullAndTakesOneTokenForAFailure() {
        RetryThrottle throttle = RetryThrottle.of(10_000, 100);

        assertThat(throttle.milliTokens()).isEqualTo(10_000);
        assertThat(throttle.onFailure()).isTrue();
        assertThat(throttle.milliTokens()).isEqualTo(9_000);
    }

    @Test
    void rt12AllowsOnlyWhileMoreThanHalfIsLeft() {
        RetryThrottle throttle = RetryThrottle.of(4_000, 100);

        assertThat(throttle.onFailure()).as("3 of 4 tokens").isTrue();
        assertThat(throttle.onFailure()).as("2 of 4 tokens").isFalse();
        assertThat(throttle.isAllowed()).isFalse();
        throttle.onSuccess();
        assertThat(throttle.isAllowed()).as("2.1 of 4 tokens").isTrue();
    }

    @Test
    void rt12HalfOfAnOddMaximumIsNotRounded() {
        RetryThrottle throttle = RetryThrottle.of(2_001, 1);

        assertThat(throttle.onFailure()).as("1001 of 2001").isTrue();
        assertThat(throttle.onFailure()).as("1 of 2001").isFalse();
        for (int i = 0; i < 999; i++) {
            throttle.onSuccess();
        }
        assertThat(throttle.isAllowed()).as("1000 of 2001").isFalse();
        throttle.onSuccess();
        assertThat(throttle.isAllowed()).as("1001 of 2001").isTrue();
    }

    @Test
    void rt12NeverFallsBelowZero() {
        RetryThrottle throttle = RetryThrottle.of(1_500, 100);

        throttle.onFailure();
        throttle.onFailure();
        throttle.onFailure();

        assertThat(throttle.milliTokens()).isZero();
        throttle.onSuccess();
        assertThat(throttle.milliTokens()).isEqualTo(100);
    }

    @Test
    void rt13ASuccessGivesTheRatioBackAndNeverMoreThanTheMaximum() {
        RetryThrottle throttle = RetryThrottle.of(10_000, 600);

        throttle.onFailure();
        throttle.onSuccess();
        assertThat(throttle.milliTokens()).isEqualTo(9_600);
        throttle.onSuccess();
        throttle.onSuccess();
        assertThat(throttle.milliTokens()).isEqualTo(10_000);
    }

    @Test
    void rt13ARatioAboveTheMaximumFillsTheBucket() {
        RetryThrottle throttle = RetryThrottle.of(1_000_000, Integer.MAX_VALUE);

        throttle.onFailure();
        throttle.onSuccess();

        assertThat(throttle.milliTokens()).isEqualTo(1_000_000);
    }

    @Test
    void rt12WithoutAThrottlingSectionEverythingIsAllowed() {
        RetryThrottle none = RetryThrottle.none();

        for (int i = 0; i < 2_000; i++) {
            assertThat(none.onFailure()).isTrue();
        }
        none.onSuccess();
        assertThat(none.isAllowed()).isTrue();
        assertThat(none.milliTokens()).isZero();
        assertThat(none).hasToString("RetryThrottle[none]");
    }

    @Test
    void sv13KnowsWhetherANewConfigHasTheSameSection() {
        RetryThrottle throttle = RetryThrottle.of(1_000, 5_000);

        assertThat(throttle.wasMadeOf(1_000, 5_000)).isTrue();
        assertThat(throttle.wasMadeOf(1_000, 100)).isFalse();
        assertThat(throttle.wasMadeOf(2_000, 5_000)).isFalse();
        assertThat(RetryThrottle.none().wasMadeOf(1_000, 5_000)).isFalse();
        assertThat(throttle).hasToString("RetryThrottle[1000/1000 milli-tokens]");
    }

    @Test
    void sv7RefusesWhatIsOutOfRange() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RetryThrottle.of(0, 100))
                .withMessage("max milli-tokens: 0 (expected: 1..1000000)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RetryThrottle.of(1_000_001, 100))
                .withMessage("max milli-tokens: 1000001 (expected: 1..1000000)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RetryThrottle.of(1_000, -1))
                .withMessage("milli-token ratio: -1 (expected: 0 or more)");
    }
}
