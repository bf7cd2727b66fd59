package io.peregrine.jmh.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;

class StatisticsTest {
    @Test
    void theMedianIsTheMiddleOneOrTheMeanOfTheMiddleTwo() {
        assertThat(Statistics.median(List.of(9.0, 1.0, 4.0))).isEqualTo(4);
        assertThat(Statistics.median(List.of(9.0, 1.0, 4.0, 2.0))).isEqualTo(3);
        assertThat(Statistics.median(List.of(5.0))).isEqualTo(5);
    }

    @Test
    void knowsTheEnds() {
        assertThat(Statistics.least(List.of(9.0, 1.0, 4.0))).isEqualTo(1);
        assertThat(Statistics.greatest(List.of(9.0, 1.0, 4.0))).isEqualTo(9);
    }

    @Test
    void hasNoFigureOfNothing() {
        assertThatIllegalArgumentException().isThrownBy(() -> Statistics.median(List.of()));
    }
}
