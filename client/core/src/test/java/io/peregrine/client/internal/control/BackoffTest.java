package io.peregrine.client.internal.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** SC-5, D3. */
class BackoffTest {
    @Test
    void sc5GrowsByOnePointSixFromOneSecondToTwoMinutes() {
        Backoff backoff = new Backoff(() -> 0.5);

        double expectedMs = 1000;
        for (int n = 0; n < 20; n++) {
            assertThat(millis(backoff)).isCloseTo(Math.min(expectedMs, 120_000), within(1.0));
            expectedMs *= 1.6;
        }
    }

    @Test
    void sc5JittersByTwentyPercentBothWays() {
        assertThat(millis(new Backoff(() -> 0.0))).isCloseTo(800, within(1.0));
        assertThat(millis(new Backoff(() -> Math.nextDown(1.0)))).isCloseTo(1200, within(1.0));
    }

    @Test
    void d3TheFirstDelayIsJitteredToo() {
        assertThat(new Backoff().nextDelayNs())
                .isBetween(
                        Duration.ofMillis(800).toNanos(),
                        Duration.ofMillis(1200).toNanos());
    }

    @Test
    void sc5BeginsAnewAfterASuccess() {
        Backoff backoff = new Backoff(() -> 0.5);
        backoff.nextDelayNs();
        backoff.nextDelayNs();

        backoff.reset();

        assertThat(millis(backoff)).isCloseTo(1000, within(1.0));
    }

    private static double millis(Backoff backoff) {
        return backoff.nextDelayNs() / 1e6;
    }
}
