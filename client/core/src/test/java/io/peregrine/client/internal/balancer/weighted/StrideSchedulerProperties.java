package io.peregrine.client.internal.balancer.weighted;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.peregrine.client.balancer.Rotation;
import io.peregrine.testkit.Seeds;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

/** WR-5 and WR-6, for weights drawn at random. */
class StrideSchedulerProperties {
    private static final int ROUNDS = 100;

    @Test
    void wr6EachEndpointHasItsShareOfTheTurns() {
        SplittableRandom random = Seeds.random("shares of a static stride");
        for (int round = 0; round < ROUNDS; round++) {
            double[] weights = random.doubles(1 + random.nextInt(40), 0.2, 2).toArray();
            int picks = 2000 * weights.length;

            int[] turns = turns(StrideScheduler.of(weights, ones(weights.length)), weights.length, picks);

            double sum = Arrays.stream(weights).sum();
            for (int i = 0; i < weights.length; i++) {
                double expected = picks * weights[i] / sum;
                assertThat((double) turns[i])
                        .as("turns of %s among %s", weights[i], Arrays.toString(weights))
                        .isCloseTo(expected, within(2 + 0.01 * expected));
            }
        }
    }

    /** Whatever servers report, an endpoint has a tenth of the mean share at least, and ten times it at most. */
    @Test
    void wr5NoEndpointStarvesAndNoneTakesAll() {
        SplittableRandom random = Seeds.random("the clamp of weights");
        for (int round = 0; round < ROUNDS; round++) {
            double[] weights = new double[2 + random.nextInt(50)];
            Arrays.setAll(weights, i -> random.nextInt(4) == 0 ? 0 : Math.pow(10, random.nextDouble(-300, 300)));
            int picks = 3000 * weights.length;

            int[] turns = turns(StrideScheduler.of(weights, ones(weights.length)), weights.length, picks);

            int fewest = Arrays.stream(turns).min().orElseThrow();
            int most = Arrays.stream(turns).max().orElseThrow();
            assertThat(fewest).as("of %s", Arrays.toString(weights)).isGreaterThan(picks / weights.length / 110);
            assertThat(most).isLessThanOrEqualTo(101 * fewest + 2);
        }
    }

    @Test
    void wr5AnEndpointWithoutAWeightHasTheMeanOfTheOthers() {
        int[] turns = turns(StrideScheduler.of(new double[] {1, 0, 3}, ones(3)), 3, 60_000);

        assertThat(turns[0]).isCloseTo(10_000, within(20));
        assertThat(turns[1]).isCloseTo(20_000, within(20));
        assertThat(turns[2]).isCloseTo(30_000, within(20));
    }

    @Test
    void wr6EqualWeightsTakeTurns() {
        StrideScheduler even = StrideScheduler.of(new double[] {7, 7, 7}, ones(3));
        Rotation rotation = new Rotation();

        int first = even.next(rotation);

        assertThat(even.isEven()).isTrue();
        assertThat(even.next(rotation)).isEqualTo((first + 1) % 3);
        assertThat(even.next(rotation)).isEqualTo((first + 2) % 3);
        assertThat(even.next(rotation)).isEqualTo(first);
    }

    /** The turns of one endpoint are spread, not in a row: what a heavy one has more goes between the others. */
    @Test
    void wr6TurnsAreSpreadEvenly() {
        StrideScheduler scheduler = StrideScheduler.of(new double[] {1, 1, 1, 1, 4}, ones(5));
        Rotation rotation = new Rotation();
        int sinceHeavy = 0;
        int longest = 0;
        for (int pick = 0; pick < 10_000; pick++) {
            sinceHeavy = scheduler.next(rotation) == 4 ? 0 : sinceHeavy + 1;
            longest = Math.max(longest, sinceHeavy);
        }

        assertThat(longest)
                .as("picks in a row without the endpoint that has every second")
                .isLessThanOrEqualTo(4);
    }

    @Test
    void wr6TheTurnsOfSeveralThreadsKeepTheShares() throws Exception {
        double[] weights = {1, 2, 3, 4};
        int perThread = 50_000;
        int threads = 4;
        StrideScheduler scheduler = StrideScheduler.of(weights, ones(4));
        Rotation rotation = new Rotation();
        AtomicIntegerArray turns = new AtomicIntegerArray(4);
        CountDownLatch done = new CountDownLatch(threads);
        for (int thread = 0; thread < threads; thread++) {
            new Thread(() -> {
                        for (int pick = 0; pick < perThread; pick++) {
                            turns.incrementAndGet(scheduler.next(rotation));
                        }
                        done.countDown();
                    })
                    .start();
        }
        assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();

        for (int i = 0; i < 4; i++) {
            assertThat(turns.get(i)).isCloseTo(threads * perThread * (i + 1) / 10, within(40));
        }
    }

    @Test
    void ex2AFactorCutsTheShare() {
        int[] turns = turns(StrideScheduler.of(new double[] {1, 1}, new double[] {1, 0.25}), 2, 50_000);

        assertThat(turns[0]).isCloseTo(40_000, within(20));
        assertThat(turns[1]).isCloseTo(10_000, within(20));
    }

    @Test
    void wr6TenThousandEndpointsOfWhichOneIsHeavyAreChosenFromInBoundedTime() {
        double[] weights = ones(10_000);
        weights[4711] = 1e9;
        StrideScheduler scheduler = StrideScheduler.of(weights, ones(weights.length));

        int[] turns = turns(scheduler, weights.length, 200_000);

        assertThat(Arrays.stream(turns).sum()).isEqualTo(200_000);
        assertThat(turns[4711]).isGreaterThan(100);
    }

    private static double[] ones(int size) {
        double[] ones = new double[size];
        Arrays.fill(ones, 1);
        return ones;
    }

    private static int[] turns(StrideScheduler scheduler, int size, int picks) {
        Rotation rotation = new Rotation();
        int[] turns = new int[size];
        for (int pick = 0; pick < picks; pick++) {
            turns[scheduler.next(rotation)]++;
        }
        return turns;
    }
}
