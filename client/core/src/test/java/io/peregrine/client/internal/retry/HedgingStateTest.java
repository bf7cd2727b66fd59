package io.peregrine.client.internal.retry;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.config.HedgingPolicy;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class HedgingStateTest {
    private static final HedgingPolicy FIXED = HedgingPolicy.after(Duration.ofMillis(10));

    private final HedgingState state = new HedgingState();

    @Test
    void hg1TheDelayIsThePolicysUntilEnoughIsKnown() {
        HedgingPolicy policy = FIXED.delayAtPercentile(90);

        assertThat(state.delayNs(policy)).isEqualTo(10_000_000);
        state.onHeaders(policy, 1_000_000);
        assertThat(state.delayNs(policy)).isEqualTo(10_000_000);
        for (int i = 0; i < 200; i++) {
            state.onHeaders(policy, 1_000_000);
        }
        assertThat(state.delayNs(policy)).isBetween(1_000_000L, 1_062_500L);
        assertThat(state.delayNs(FIXED)).as("of a policy without a percentile").isEqualTo(10_000_000);
    }

    @Test
    void hg8WithoutABudgetEveryHedgeIsAllowed() {
        for (int i = 0; i < 1_000; i++) {
            state.onCall(FIXED);
            assertThat(state.tryHedge(FIXED)).isTrue();
        }
    }

    @Test
    void hg8PoliciesMadeForEachCallShareTheMethodsBudget() {
        int hedges = 0;
        for (int i = 0; i < 1_000; i++) {
            HedgingPolicy policy = HedgingPolicy.after(Duration.ofMillis(1)).budget(0.01);
            state.onCall(policy);
            hedges += state.tryHedge(policy) ? 1 : 0;
        }

        assertThat(hedges).isBetween(HedgeBudget.BURST + 9, HedgeBudget.BURST + 10);
    }

    @Test
    void eachMethodHasItsOwnState() {
        HedgingStates states = new HedgingStates();

        assertThat(states.of("a/b")).isSameAs(states.of("a/b")).isNotSameAs(states.of("a/c"));
    }

    @Test
    void theNumberOfStatesIsBounded() {
        HedgingStates states = new HedgingStates();
        HedgingState first = states.of("first");
        for (int i = 0; i < 4_095; i++) {
            states.of("m" + i);
        }
        assertThat(states.of("first")).isSameAs(first);

        states.of("one more");

        assertThat(states.of("first")).isNotSameAs(first);
    }

    @Test
    void threadsThatMeetAtANewMethodGetOneState() throws Exception {
        for (int round = 0; round < 200; round++) {
            HedgingStates states = new HedgingStates();
            HedgingPolicy policy = FIXED.delayAtPercentile(50);

            List<HedgingState> found = Racers.race(3, () -> {
                HedgingState one = states.of("a/b");
                for (int i = 0; i < 7; i++) {
                    one.onHeaders(policy, 15);
                }
                return one;
            });

            assertThat(found).containsOnly(states.of("a/b"));
            assertThat(states.of("a/b").delayNs(policy))
                    .as("21 records, none lost")
                    .isEqualTo(15);
        }
    }
}
