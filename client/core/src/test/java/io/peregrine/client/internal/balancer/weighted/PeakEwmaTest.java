package io.peregrine.client.internal.balancer.weighted;

import static io.peregrine.client.balancer.BalancerHarness.endpoint;
import static io.peregrine.client.balancer.BalancerHarness.endpoints;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.peregrine.allocation.LeastAllocation;
import io.peregrine.client.CallOptions;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.BalancerHarness;
import io.peregrine.client.balancer.DoneListener;
import io.peregrine.client.balancer.FinishedCall;
import io.peregrine.client.balancer.PickInfo;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.balancer.policy.PeakEwma;
import io.peregrine.client.balancer.policy.RoundRobin;
import io.peregrine.client.balancer.policy.SlowStart;
import io.peregrine.client.resolver.Endpoint;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** EX-1, in virtual time. */
class PeakEwmaTest {
    private static final String A = "10.0.0.1";
    private static final String B = "10.0.0.2";
    private static final String C = "10.0.0.3";

    /** With so many, a share that is drawn at random is within 0.05 of what is expected by ten standard deviations. */
    private static final int PICKS = 10_000;

    private final BalancerHarness channel = new BalancerHarness();
    private PeakEwmaBalancer balancer = new PeakEwmaBalancer(channel, PeakEwma.policy());

    @Test
    void ex1CallsGoWhereTheyAreAnsweredSooner() {
        start(PeakEwma.policy(), A, B);
        answer(A, Duration.ofMillis(10));
        answer(B, Duration.ofMillis(20));

        assertThat(idleShare(A)).isEqualTo(1);
    }

    @Test
    void ex1CallsUnderWayMakeAnEndpointDearer() {
        start(PeakEwma.policy(), A, B);
        answer(A, Duration.ofMillis(10));
        answer(B, Duration.ofMillis(20));

        Map<String, Integer> underWay = new HashMap<>();
        for (int call = 0; call < 300; call++) {
            underWay.merge(channel.pickedHost(), 1, Integer::sum);
        }

        assertThat(underWay.get(A)).as("twice as fast").isCloseTo(200, within(2));
    }

    @Test
    void ex1TheCheaperOfTwoDrawnIsTakenAndTwoAreAlwaysDrawn() {
        start(PeakEwma.policy(), A, B, C);
        answer(A, Duration.ofMillis(10));
        answer(B, Duration.ofMillis(20));
        answer(C, Duration.ofMillis(30));

        assertThat(idleShare(A)).as("in two of three pairs").isCloseTo(2 / 3.0, within(0.05));
        assertThat(idleShare(B)).as("in the third").isCloseTo(1 / 3.0, within(0.05));
        assertThat(idleShare(C)).isZero();
    }

    @Test
    void ex1APauseCountsAtOnceAndIsForgottenWithoutTraffic() {
        start(PeakEwma.policy().withDecayTime(Duration.ofSeconds(1)), A, B);
        answer(A, Duration.ofMillis(10));
        answer(B, Duration.ofMillis(20));

        answer(A, Duration.ofMillis(500));
        assertThat(idleShare(A)).isZero();

        // B is answered all the time, A is not asked.
        for (int i = 0; i < 500; i++) {
            answer(B, Duration.ofMillis(20));
            channel.advance(Duration.ofMillis(10));
        }
        assertThat(idleShare(A)).isEqualTo(1);
    }

    @Test
    void ex1AnEndpointThatAnswersNothingIsAsSlowAsItsCallsHaveWaited() {
        start(PeakEwma.policy(), A, B);
        answer(A, Duration.ofMillis(1));
        answer(B, Duration.ofMillis(20));

        // A is frozen: its call never ends.
        pickOf(A);
        for (int i = 0; i < 10; i++) {
            answer(B, Duration.ofMillis(20));
            channel.advance(Duration.ofMillis(100));
        }

        assertThat(balancer.settings().tick()).isEqualTo(Duration.ofMillis(100));
        assertThat(idleShare(A)).isZero();
    }

    @Test
    void ex1AFailureCostsTheTimeOfTheCall() {
        start(PeakEwma.policy(), A, B);
        answer(A, Duration.ofMillis(1));
        answer(B, Duration.ofMillis(500));

        end(
                A,
                FinishedCall.after(Duration.ofMillis(1))
                        .withTimeout(Duration.ofMillis(400))
                        .failed(StatusCode.UNAVAILABLE));
        assertThat(idleShare(A)).as("400 ms are less than 500").isEqualTo(1);

        end(
                A,
                FinishedCall.after(Duration.ofMillis(1))
                        .withTimeout(Duration.ofMillis(600))
                        .failed(StatusCode.UNAVAILABLE));
        assertThat(idleShare(A)).isZero();
    }

    @Test
    void ex1AFailureWithoutADeadlineCostsThePenalty() {
        start(PeakEwma.policy(), A, B);
        answer(A, Duration.ofMillis(1));
        answer(B, Duration.ofMillis(500));

        end(A, FinishedCall.after(Duration.ofMillis(1)).failed(StatusCode.INTERNAL));

        assertThat(idleShare(A)).isZero();
    }

    @Test
    void ex1AnAnswerOfTheApplicationsIsNoFailure() {
        start(PeakEwma.policy(), A, B);
        answer(A, Duration.ofMillis(1));
        answer(B, Duration.ofMillis(500));

        end(A, FinishedCall.after(Duration.ofMillis(1)).failed(StatusCode.NOT_FOUND));
        end(A, FinishedCall.after(Duration.ofMillis(1)).failed(StatusCode.CANCELLED));

        assertThat(idleShare(A)).isEqualTo(1);
    }

    @Test
    void ex1APickThatCameToNothingLeavesNoTrace() {
        start(PeakEwma.policy(), A, B);
        answer(A, Duration.ofMillis(1));
        answer(B, Duration.ofMillis(500));

        end(A, FinishedCall.UNSENT);

        assertThat(idleShare(A)).isEqualTo(1);
    }

    @Test
    void ex1AnUnseenEndpointGetsOneCallAtATimeUntilItHasAnswered() {
        start(PeakEwma.policy(), A, B);
        answer(A, Duration.ofMillis(1));

        assertThat(channel.pickedHost()).isEqualTo(B);
        for (int i = 0; i < 100; i++) {
            assertThat(channel.pickedHost()).isEqualTo(A);
        }
    }

    @Test
    void ex1AReconnectedEndpointIsUnseen() {
        start(PeakEwma.policy(), A, B);
        answer(A, Duration.ofMillis(1));
        answer(B, Duration.ofMillis(500));

        channel.lose(B);
        channel.ready(B);

        assertThat(channel.pickedHost()).isEqualTo(B);
    }

    @Test
    void ex1TheResolversWeightDividesTheCost() {
        start(PeakEwma.policy(), List.of(endpoint(A), endpoint(B).with(Endpoint.WEIGHT, 3)));
        answer(A, Duration.ofMillis(10));
        answer(B, Duration.ofMillis(20));
        assertThat(idleShare(B)).isEqualTo(1);

        channel.run(() -> balancer.onEndpoints(endpoints(A, B)));

        assertThat(idleShare(B)).isZero();
    }

    @Test
    void ex1ASingleEndpointIsPickedWithoutAnyCount() {
        start(PeakEwma.policy(), A);

        assertThat(channel.pick().doneListener()).isNull();
        assertThat(channel.timers()).isZero();
    }

    @Test
    void ex1ThePickerStaysWhileTheReadyEndpointsAreTheSame() {
        start(PeakEwma.policy(), A, B, C);
        channel.lose(C);
        Picker before = channel.picker();

        channel.fail(C);
        channel.backoffOver(C);

        assertThat(channel.picker()).isSameAs(before);
    }

    @Test
    void ex1TakesAnotherConfigInPlaceButNoOtherPolicy() {
        start(PeakEwma.policy(), A, B);
        answer(A, Duration.ofMillis(10));

        channel.run(() -> {
            assertThat(balancer.tryReconfigure(PeakEwma.policy().withPenalty(Duration.ofNanos(1))))
                    .isTrue();
            balancer.onEndpoints(endpoints(A, B));
        });
        pickOf(B);

        assertThat(idleShare(B)).as("each call under way costs a nanosecond").isEqualTo(1);
        assertThat(balancer.tryReconfigure(RoundRobin.policy())).isFalse();
        channel.run(balancer::close);
        assertThat(channel.timers()).isZero();
    }

    @Test
    void ex2ANewEndpointIsDearerAtFirst() {
        start(PeakEwma.policy().withSlowStart(SlowStart.linear(Duration.ofSeconds(10))), A, B);
        channel.advance(Duration.ofSeconds(10));
        channel.lose(B);
        channel.ready(B);
        answer(A, Duration.ofMillis(30));
        answer(B, Duration.ofMillis(10));

        assertThat(idleShare(B)).as("10 ms at a tenth of the share").isZero();
        channel.advance(Duration.ofSeconds(5));
        answer(A, Duration.ofMillis(30));
        answer(B, Duration.ofMillis(10));
        assertThat(idleShare(B)).as("10 ms at half of it").isEqualTo(1);
    }

    @Test
    void ex1AnotherOrderOfTheEndpointsIsNoReasonForANewPicker() {
        start(PeakEwma.policy(), A, B);
        Picker picker = channel.picker();

        channel.run(() -> balancer.onEndpoints(endpoints(B, A)));

        assertThat(channel.picker()).isSameAs(picker);
    }

    @Test
    void ex1NoTimerRunsWithoutEndpoints() {
        start(PeakEwma.policy(), A, B);
        assertThat(channel.timers()).isEqualTo(1);

        channel.run(() -> balancer.onEndpoints(List.of()));

        assertThat(channel.timers()).isZero();
    }

    @Test
    void ex1WithoutAReadyEndpointCallsWaitOrFail() {
        start(PeakEwma.policy(), A, B);
        channel.lose(A);
        channel.lose(B);
        assertThat(channel.state()).isEqualTo(ConnectivityState.CONNECTING);
        assertThat(channel.pick()).isSameAs(PickResult.queue());

        channel.fail(A);
        channel.fail(B);

        assertThat(channel.state()).isEqualTo(ConnectivityState.TRANSIENT_FAILURE);
    }

    @Test
    void ex1APickAndItsEndAllocateNothing() {
        start(PeakEwma.policy(), A, B, C);
        Picker picker = channel.picker();
        PickInfo info = BalancerHarness.info(CallOptions.DEFAULT);
        FinishedCall done = FinishedCall.after(Duration.ofMillis(1));
        Runnable calls = () -> {
            for (int i = 0; i < 2_000; i++) {
                Objects.requireNonNull(picker.pick(info).doneListener()).onDone(done);
            }
        };

        long bytes = LeastAllocation.of(calls);

        assertThat(bytes).isLessThan(1000);
    }

    private void start(PeakEwma policy, String... hosts) {
        start(policy, endpoints(hosts));
    }

    private void start(PeakEwma policy, List<Endpoint> endpoints) {
        balancer = new PeakEwmaBalancer(channel, policy);
        channel.run(() -> balancer.onEndpoints(endpoints));
        endpoints.forEach(endpoint ->
                channel.ready(BalancerHarness.host(endpoint.addresses().get(0))));
    }

    private void answer(String host, Duration latency) {
        end(host, FinishedCall.after(latency));
    }

    private void end(String host, FinishedCall call) {
        pickOf(host).onDone(call);
    }

    /** A call to that host begins; those that went elsewhere end as if they had not been. */
    private DoneListener pickOf(String host) {
        DoneListener wanted = null;
        PickResult[] others = new PickResult[2000];
        int count = 0;
        while (wanted == null && count < others.length) {
            PickResult picked = channel.pick();
            if (BalancerHarness.hostOf(picked).equals(host)) {
                wanted = picked.doneListener();
            } else {
                others[count++] = picked;
            }
        }
        for (int i = 0; i < count; i++) {
            Objects.requireNonNull(others[i].doneListener()).onDone(FinishedCall.UNSENT);
        }
        return Objects.requireNonNull(wanted, "never picked: " + host);
    }

    /** The share of that host when no other call is under way. */
    private double idleShare(String host) {
        int hits = 0;
        for (int pick = 0; pick < PICKS; pick++) {
            PickResult picked = channel.pick();
            hits += BalancerHarness.hostOf(picked).equals(host) ? 1 : 0;
            Objects.requireNonNull(picked.doneListener()).onDone(FinishedCall.UNSENT);
        }
        return hits / (double) PICKS;
    }
}
