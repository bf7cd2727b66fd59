package io.peregrine.client.balancer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.peregrine.client.balancer.policy.SlowStart;
import io.peregrine.client.internal.balancer.weighted.SlowStartRamps;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** EX-2. */
class SlowStartTest {
    private static final Duration WINDOW = Duration.ofSeconds(100);

    private final BalancerHarness channel = new BalancerHarness();
    private final SlowStartRamps ramps = new SlowStartRamps(channel, SlowStart.linear(WINDOW));

    @ParameterizedTest
    @CsvSource({
        "1, 10, 0, 0.1",
        "1, 10, 5, 0.1",
        "1, 10, 50, 0.5",
        "1, 10, 99, 0.99",
        "1, 10, 100, 1",
        "1, 10, 500, 1",
        "2, 10, 25, 0.5",
        "0.5, 10, 50, 0.25",
        "1, 100, 0, 1",
        "1, 0, 50, 0.5"
    })
    void ex2TheFactorFollowsTheFormula(double aggression, double minimum, long ageSeconds, double expected) {
        SlowStart slowStart = new SlowStart(WINDOW, aggression, minimum);

        assertThat(slowStart.factor(Duration.ofSeconds(ageSeconds).toNanos())).isCloseTo(expected, within(1e-9));
    }

    @Test
    void ex2NoEndpointIsLeftWithNothing() {
        SlowStart slowStart = new SlowStart(WINDOW, 1, 0);

        assertThat(slowStart.factor(0)).isPositive();
        assertThat(slowStart.factor(-5)).isPositive();
    }

    @Test
    void ex2ARampRisesByTheClockUntilTheEndOfItsWindow() {
        SlowStartRamps.Ramp ramp = ramps.newRamp();
        assertThat(ramp.factor()).isEqualTo(1);

        channel.run(ramp::begin);
        assertThat(ramp.factor()).isEqualTo(0.1);
        channel.advance(Duration.ofSeconds(50));
        assertThat(ramp.factor()).isCloseTo(0.5, within(0.011));
        channel.advance(Duration.ofSeconds(51));

        assertThat(ramp.factor()).isEqualTo(1);
        assertThat(channel.timers()).isZero();
    }

    @Test
    void ex2AnEndpointThatComesBackBeginsAnew() {
        SlowStartRamps.Ramp ramp = ramps.newRamp();
        channel.run(ramp::begin);
        channel.advance(Duration.ofSeconds(80));
        channel.run(ramp::end);
        channel.advance(Duration.ofSeconds(2));
        assertThat(channel.timers()).as("nothing rises").isZero();

        channel.run(ramp::begin);

        assertThat(ramp.factor()).isEqualTo(0.1);
        assertThat(channel.timers()).isEqualTo(1);
    }

    @Test
    void ex2OneTimerServesAllRampsAndAnotherConfigHoldsAtOnce() {
        SlowStartRamps.Ramp first = ramps.newRamp();
        SlowStartRamps.Ramp second = ramps.newRamp();
        channel.run(first::begin);
        channel.advance(Duration.ofSeconds(20));
        channel.run(second::begin);
        assertThat(channel.timers()).isEqualTo(1);

        channel.run(() -> ramps.configure(SlowStart.linear(Duration.ofSeconds(40))));
        assertThat(first.factor()).isEqualTo(0.5);
        assertThat(second.factor()).isEqualTo(0.1);

        channel.run(() -> ramps.configure(null));
        assertThat(first.factor()).isEqualTo(1);
        assertThat(channel.timers()).isZero();
    }

    @Test
    void ex2WithoutAConfigNothingRisesAndNoTimerRuns() {
        SlowStartRamps none = new SlowStartRamps(channel, null);
        SlowStartRamps.Ramp ramp = none.newRamp();

        channel.run(ramp::begin);

        assertThat(ramp.factor()).isEqualTo(1);
        assertThat(channel.timers()).isZero();
    }

    @Test
    void ex2AClosedPolicyHasNoTimer() {
        channel.run(ramps.newRamp()::begin);

        channel.run(ramps::close);

        assertThat(channel.timers()).isZero();
    }
}
