package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.StreamState.CLOSED;
import static io.peregrine.transport.http2.StreamState.HALF_CLOSED_LOCAL;
import static io.peregrine.transport.http2.StreamState.HALF_CLOSED_REMOTE;
import static io.peregrine.transport.http2.StreamState.IDLE;
import static io.peregrine.transport.http2.StreamState.OPEN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** All states by all events. */
class StreamStateTest {
    @Test
    void sendHeadersOpensAnIdleStream() {
        assertTransitions(StreamState::sendHeaders, Map.of(IDLE, OPEN));
    }

    @Test
    void sendEndStreamClosesTheLocalHalf() {
        assertTransitions(StreamState::sendEndStream, Map.of(OPEN, HALF_CLOSED_LOCAL, HALF_CLOSED_REMOTE, CLOSED));
    }

    @Test
    void receiveEndStreamClosesTheRemoteHalf() {
        assertTransitions(StreamState::receiveEndStream, Map.of(OPEN, HALF_CLOSED_REMOTE, HALF_CLOSED_LOCAL, CLOSED));
    }

    @Test
    void sendsOnlyWhileTheLocalHalfIsOpen() {
        for (StreamState state : StreamState.values()) {
            assertThat(state.isSending()).isEqualTo(state == OPEN || state == HALF_CLOSED_REMOTE);
        }
    }

    @Test
    void namesTheEventAndTheStateThatItRefuses() {
        assertThatIllegalStateException()
                .isThrownBy(CLOSED::sendHeaders)
                .withMessage("event: send HEADERS, state: CLOSED");
    }

    /** Checks every state, so a transition that is not listed must be refused. */
    private static void assertTransitions(UnaryOperator<StreamState> event, Map<StreamState, StreamState> allowed) {
        for (StreamState from : StreamState.values()) {
            StreamState to = allowed.get(from);
            if (to == null) {
                assertThatIllegalStateException().isThrownBy(() -> event.apply(from));
            } else {
                assertThat(event.apply(from)).isEqualTo(to);
            }
        }
    }
}
