package io.peregrine.load.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArrivalScheduleTest {
    private static final long SECOND_NS = 1_000_000_000L;

    @ParameterizedTest
    @ValueSource(doubles = {0.5, 1, 3, 7.3, 1_000, 33_333, 1_000_000})
    void intendsExactlyTheRateInAnySecondOfADay(double rate) {
        ArrivalSchedule schedule = new ArrivalSchedule(rate);
        long day = 86_400 * SECOND_NS;

        long calls = schedule.callsBefore(day);

        assertThat((double) calls).isBetween(rate * 86_400 - 1, rate * 86_400 + 1);
        assertThat(schedule.intendedNs(calls - 1)).isLessThan(day);
        assertThat(schedule.intendedNs(calls)).isGreaterThanOrEqualTo(day);
    }

    @Test
    void doesNotAccumulateRounding() {
        ArrivalSchedule thirds = new ArrivalSchedule(3);

        assertThat(thirds.intendedNs(3_000_000)).isBetween(1_000_000 * SECOND_NS - 1, 1_000_000 * SECOND_NS);
    }

    @Test
    void startsAtOnce() {
        assertThat(new ArrivalSchedule(100).intendedNs(0)).isZero();
        assertThat(new ArrivalSchedule(100).callsBefore(1)).isEqualTo(1);
        assertThat(new ArrivalSchedule(100).callsBefore(0)).isZero();
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
    void refusesWhatIsNotARate(double rate) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ArrivalSchedule(rate))
                .withMessage("rate: " + rate + " (expected: above 0 calls per second)");
    }
}
