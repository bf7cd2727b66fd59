package io.peregrine.transport.io.driven;

import static io.peregrine.transport.io.driven.BatonState.CALLER;
import static io.peregrine.transport.io.driven.BatonState.ENDED;
import static io.peregrine.transport.io.driven.BatonState.FREE;
import static io.peregrine.transport.io.driven.BatonState.GUARD;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class BatonStateTest {
    @Test
    void onlyAFreeBatonIsTaken() {
        assertTransitions(BatonState::take, Map.of(FREE, CALLER));
        assertTransitions(BatonState::takeAsGuard, Map.of(FREE, GUARD));
    }

    @Test
    void whoeverHasItPassesItToACaller() {
        assertTransitions(BatonState::pass, Map.of(CALLER, CALLER, GUARD, CALLER));
    }

    @Test
    void whoeverHasItLaysItDown() {
        assertTransitions(BatonState::release, Map.of(CALLER, FREE, GUARD, FREE));
    }

    @Test
    void onlyTheGuardEndsTheLoop() {
        assertTransitions(BatonState::end, Map.of(GUARD, ENDED));
    }

    /** Checks every state, so a transition that is not listed must be refused. */
    private static void assertTransitions(UnaryOperator<BatonState> event, Map<BatonState, BatonState> allowed) {
        for (BatonState from : BatonState.values()) {
            BatonState to = allowed.get(from);
            if (to == null) {
                assertThatIllegalStateException()
                        .isThrownBy(() -> event.apply(from))
                        .withMessageEndingWith("state: " + from);
            } else {
                assertThat(event.apply(from)).isEqualTo(to);
            }
        }
    }
}
