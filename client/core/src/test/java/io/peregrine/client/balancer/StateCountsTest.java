package io.peregrine.client.balancer;

import static io.peregrine.client.ConnectivityState.CONNECTING;
import static io.peregrine.client.ConnectivityState.IDLE;
import static io.peregrine.client.ConnectivityState.READY;
import static io.peregrine.client.ConnectivityState.TRANSIENT_FAILURE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.peregrine.client.ConnectivityState;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** CH-7 and RR-1: what the states of children amount to. */
class StateCountsTest {
    @ParameterizedTest
    @CsvSource({
        "READY TRANSIENT_FAILURE CONNECTING IDLE, READY, READY",
        "TRANSIENT_FAILURE CONNECTING IDLE, CONNECTING, CONNECTING",
        "TRANSIENT_FAILURE IDLE, IDLE, CONNECTING",
        "IDLE, IDLE, CONNECTING",
        "TRANSIENT_FAILURE TRANSIENT_FAILURE, TRANSIENT_FAILURE, TRANSIENT_FAILURE"
    })
    void rr1OneThatIsReadyIsEnough(String states, ConnectivityState expected, ConnectivityState ifIdleConnects) {
        StateCounts counts = new StateCounts();
        Stream.of(states.split(" ")).map(ConnectivityState::valueOf).forEach(counts::add);

        assertThat(counts.aggregate(false)).isEqualTo(expected);
        assertThat(counts.aggregate(true)).isEqualTo(ifIdleConnects);
    }

    /** All that up to three children may be, in any order, by the sentence of the rule. */
    @Test
    void ch7TheFirstStateInTheOrderOfTheRuleThatAChildIsInCounts() {
        List<ConnectivityState> order = List.of(READY, CONNECTING, IDLE, TRANSIENT_FAILURE);
        for (ConnectivityState one : order) {
            for (ConnectivityState two : order) {
                for (ConnectivityState three : order) {
                    StateCounts counts = new StateCounts();
                    List<ConnectivityState> children = List.of(one, two, three);
                    children.forEach(counts::add);

                    assertThat(counts.aggregate(false))
                            .as("%s", children)
                            .isEqualTo(order.stream()
                                    .filter(children::contains)
                                    .findFirst()
                                    .orElseThrow());
                }
            }
        }
    }

    @Test
    void countsWhatMovesAndWhatGoes() {
        StateCounts counts = new StateCounts();
        counts.add(IDLE);
        counts.add(IDLE);
        counts.move(IDLE, CONNECTING);
        counts.remove(IDLE);

        assertThat(counts.of(IDLE)).isZero();
        assertThat(counts.of(CONNECTING)).isEqualTo(1);
        assertThat(counts.of(READY)).isZero();
        assertThatIllegalStateException().isThrownBy(() -> counts.move(TRANSIENT_FAILURE, READY));
    }
}
