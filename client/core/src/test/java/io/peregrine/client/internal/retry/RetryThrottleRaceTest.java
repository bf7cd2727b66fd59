package io.peregrine.client.internal.retry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** RT-12: no token is lost or made up when threads take and give at once. */
class RetryThrottleRaceTest {
    private static final int THREADS = 4;
    private static final int ROUNDS = 100_000;

    @Test
    void rt12TokensTakenAndGivenAtOnceAddUp() throws Exception {
        RetryThrottle throttle = RetryThrottle.of(1_000_000, 1_000);
        for (int i = 0; i < 500; i++) {
            throttle.onFailure();
        }

        // Each racer owes one token at most, so neither end is reached and every step counts in full.
        Racers.race(THREADS, () -> {
            for (int i = 0; i < ROUNDS; i++) {
                throttle.onFailure();
                throttle.onSuccess();
            }
            return 0;
        });

        assertThat(throttle.milliTokens()).isEqualTo(500_000);
    }

    @Test
    void rt12ExactlyAsManyFailuresAreAllowedAsThereAreTokensAboveHalf() throws Exception {
        RetryThrottle throttle = RetryThrottle.of(1_000_000, 0);

        List<Integer> allowed = Racers.race(THREADS, () -> {
            int count = 0;
            for (int i = 0; i < 1_000; i++) {
                count += throttle.onFailure() ? 1 : 0;
            }
            return count;
        });

        assertThat(allowed.stream().mapToInt(Integer::intValue).sum()).isEqualTo(499);
        assertThat(throttle.milliTokens()).isZero();
    }
}
