package io.peregrine.jmh.gate.results;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.peregrine.testkit.Seeds;
import java.util.SplittableRandom;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ObservationsProperties {
    private static final int ROUNDS = 4000;

    @ParameterizedTest
    @ValueSource(ints = {8, 30})
    void theErrorOfTheMedianIsHowFarMediansStrayFromEachOther(int count) {
        SplittableRandom random = Seeds.random("the error of the median is how far medians stray from each other");
        double[] medians = new double[ROUNDS];
        double errors = 0;
        for (int round = 0; round < ROUNDS; round++) {
            Observations observed = observe(random, count);
            medians[round] = observed.median();
            errors += observed.medianError() / ROUNDS;
        }
        double mean = DoubleStream.of(medians).average().orElseThrow();
        double variance = DoubleStream.of(medians)
                .map(median -> (median - mean) * (median - mean))
                .average()
                .orElseThrow();

        assertThat(errors).isCloseTo(Math.sqrt(variance) / mean, withinPercentage(30));
    }

    @Test
    void onePauseInManyIterationsDoesNotMakeTheMedianUnsure() {
        Observations quiet = new Observations(
                Stream.iterate(100.0, value -> value + 0.1).limit(20).toList());
        Observations paused = new Observations(
                Stream.concat(quiet.values().stream().skip(1), Stream.of(900.0)).toList());

        assertThat(paused.medianError()).isCloseTo(quiet.medianError(), withinPercentage(1));
    }

    /** Values that stray by a tenth. */
    private static Observations observe(SplittableRandom random, int count) {
        return new Observations(
                Stream.generate(() -> 10 + random.nextGaussian()).limit(count).toList());
    }
}
