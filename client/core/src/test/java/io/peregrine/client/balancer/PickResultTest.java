package io.peregrine.client.balancer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.resolver.Attributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** PK-9, where several policies want to be told of the same attempts. */
class PickResultTest {
    private final SubConn subConn = new BalancerHarness()
            .createSubConn(BalancerHarness.address("10.0.0.1"), Attributes.EMPTY, (state, status) -> {});

    @Test
    void pk9AllListenersAreToldTheInnermostFirst() {
        List<String> told = new ArrayList<>();
        PickResult picked =
                PickResult.of(subConn).onDone(done -> told.add("inner")).onDone(done -> told.add("outer"));

        Objects.requireNonNull(picked.doneListener()).onDone(FinishedCall.OK);

        assertThat(told).containsExactly("inner", "outer");
    }

    @Test
    void pk9AListenerThatThrowsHidesTheEndFromNobody() {
        List<String> told = new ArrayList<>();
        PickResult picked = PickResult.of(subConn)
                .onDone(done -> {
                    throw new IllegalStateException("of the inner policy");
                })
                .onDone(done -> told.add("outer"));

        assertThatIllegalStateException()
                .isThrownBy(() -> Objects.requireNonNull(picked.doneListener()).onDone(FinishedCall.OK))
                .withMessage("of the inner policy");

        assertThat(told).containsExactly("outer");
    }

    @Test
    void pk9OnlyAnAttemptHasAnEnd() {
        assertThatIllegalStateException()
                .isThrownBy(() -> PickResult.fail(Status.of(StatusCode.UNAVAILABLE, "down"))
                        .onDone(done -> {}))
                .withMessageContaining("expected: one with a subchannel");
    }
}
