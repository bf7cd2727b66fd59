package io.peregrine.client.internal.retry;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.testkit.Seeds;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** HG-1, HG-8: extra attempts are a share of the calls. */
class HedgeBudgetTest {
    @Test
    void hg8AFewHedgesAreGivenInAdvance() {
        HedgeBudget budget = new HedgeBudget();

        assertThat(hedgesLeft(budget)).isEqualTo(HedgeBudget.BURST);
        assertThat(budget.tokens()).isZero();
    }

    @Test
    void hg8ARatioOfOneInTwentyGivesOneHedgeInTwentyCalls() {
        HedgeBudget budget = new HedgeBudget();
        hedgesLeft(budget);

        int hedges = 0;
        for (int call = 1; call <= 2_000; call++) {
            budget.onCall(0.05);
            hedges += budget.tryHedge() ? 1 : 0;
        }

        assertThat(hedges).isEqualTo(100);
    }

    @Test
    void hg8QuietTimesSaveUpNoMoreThanTheAdvance() {
        HedgeBudget budget = new HedgeBudget();

        for (int call = 0; call < 1_000; call++) {
            budget.onCall(1);
        }

        assertThat(hedgesLeft(budget)).isEqualTo(HedgeBudget.BURST);
    }

    @Test
    void hg8TheSmallestAndTheLargestRatiosCountAsTheLimits() {
        HedgeBudget budget = new HedgeBudget();
        hedgesLeft(budget);

        for (int call = 0; call < 1_000_000; call++) {
            budget.onCall(1e-300);
        }
        assertThat(hedgesLeft(budget)).isEqualTo(1);
        budget.onCall(Double.MAX_VALUE);
        assertThat(hedgesLeft(budget)).isEqualTo(HedgeBudget.BURST);
    }

    @Test
    void hg8AnySpanOfCallsHasAtMostTheRatioAndTheAdvance() {
        SplittableRandom random = Seeds.random("hedges stay below the advance and the ratio of the calls");
        for (int run = 0; run < 200; run++) {
            HedgeBudget budget = new HedgeBudget();
            double ratio = random.nextInt(1, 3_000) / 1_000.0;
            warmUp(budget, ratio, random);
            int calls = 0;
            int hedges = 0;
            for (int step = 0; step < 2_000; step++) {
                if (random.nextBoolean()) {
                    budget.onCall(ratio);
                    calls++;
                } else {
                    hedges += budget.tryHedge() ? 1 : 0;
                }
                assertThat((double) hedges).isLessThanOrEqualTo(HedgeBudget.BURST + calls * ratio + 1e-6);
            }
        }
    }

    @Test
    void hg8NoTokenIsLostOrMadeUpByThreadsThatRace() throws Exception {
        HedgeBudget budget = new HedgeBudget();

        List<Integer> hedges = Racers.race(4, () -> {
            int taken = 0;
            for (int i = 0; i < 100_000; i++) {
                taken += budget.tryHedge() ? 1 : 0;
                budget.onCall(0.125);
            }
            return taken;
        });

        int total = hedges.stream().mapToInt(Integer::intValue).sum() + budget.tokens();
        // All that was put in is taken out or there still, less what did not fit while the bucket was full.
        assertThat(total).isBetween(50_000, 50_000 + HedgeBudget.BURST);
    }

    private static void warmUp(HedgeBudget budget, double ratio, SplittableRandom random) {
        for (int step = random.nextInt(100); step > 0; step--) {
            if (random.nextBoolean()) {
                budget.onCall(ratio);
            } else {
                budget.tryHedge();
            }
        }
    }

    private static int hedgesLeft(HedgeBudget budget) {
        int hedges = 0;
        while (budget.tryHedge()) {
            hedges++;
        }
        return hedges;
    }
}
