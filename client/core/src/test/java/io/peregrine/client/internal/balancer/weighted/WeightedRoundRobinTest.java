package io.peregrine.client.internal.balancer.weighted;

import static io.peregrine.client.balancer.BalancerHarness.endpoint;
import static io.peregrine.client.balancer.BalancerHarness.endpoints;
import static io.peregrine.client.balancer.FinishedCall.load;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.BalancerHarness;
import io.peregrine.client.balancer.DoneListener;
import io.peregrine.client.balancer.FinishedCall;
import io.peregrine.client.balancer.LoadReport;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.balancer.policy.RoundRobin;
import io.peregrine.client.balancer.policy.SlowStart;
import io.peregrine.client.balancer.policy.WeightObserver;
import io.peregrine.client.balancer.policy.WeightedRoundRobin;
import io.peregrine.client.resolver.Endpoint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** SPEC 2.8.4, in virtual time. */
class WeightedRoundRobinTest {
    private static final String A = "10.0.0.1";
    private static final String B = "10.0.0.2";
    private static final String C = "10.0.0.3";
    private static final int PICKS = 6000;

    private final BalancerHarness channel = new BalancerHarness();
    private final List<WeightObserver.Round> rounds = new ArrayList<>();
    private WeightedRoundRobinBalancer balancer = new WeightedRoundRobinBalancer(channel, WeightedRoundRobin.policy());

    @Test
    void wr3ReportsInTrailersCountOnceTheyHaveSettled() {
        start(WeightedRoundRobin.policy(), A, B);
        report(A, load(0.2, 100));
        report(B, load(0.8, 100));

        channel.advance(Duration.ofSeconds(9));
        assertThat(share(A)).as("in the blackout").isCloseTo(0.5, within(0.01));

        channel.advance(Duration.ofSeconds(2));
        assertThat(share(A)).isCloseTo(0.8, within(0.01));
    }

    @Test
    void wr3AnEndpointThatReconnectsSettlesAnewAndHasTheMeanMeanwhile() {
        startSettled(A, B, C);
        assertThat(share(C)).isCloseTo(1 / 7.0, within(0.01));

        channel.lose(C);
        channel.ready(C);
        assertThat(share(C)).as("the mean of 4 and 2").isCloseTo(3 / 9.0, within(0.01));

        report(C, load(1, 100));
        channel.advance(Duration.ofSeconds(11));
        assertThat(share(C)).isCloseTo(1 / 7.0, within(0.01));
    }

    @Test
    void wr4AReportThatExpiresIsReplacedByTheMean() {
        startSettled(A, B, C);

        channel.advance(Duration.ofMinutes(2));
        report(A, load(0.25, 100));
        report(B, load(0.5, 100));
        channel.advance(Duration.ofSeconds(60));

        assertThat(share(C)).as("the mean of 4 and 2").isCloseTo(3 / 9.0, within(0.01));
        assertThat(lastRound().stale()).isEqualTo(1);
    }

    @Test
    void wr5WeightsChangeOnceInEachUpdatePeriodWithoutANewPicker() {
        start(noBlackout().weightUpdatePeriod(Duration.ofSeconds(5)).build(), A, B);
        Picker picker = channel.picker();
        report(A, load(0.25, 100));
        report(B, load(0.75, 100));

        channel.advance(Duration.ofMillis(4999));
        assertThat(share(A)).isCloseTo(0.5, within(0.01));

        channel.advance(Duration.ofMillis(1));
        assertThat(share(A)).isCloseTo(0.75, within(0.01));
        assertThat(channel.picker()).isSameAs(picker);
    }

    @Test
    void wr5OneWeightIsNoneAndTheRotationIsPlain() {
        start(noBlackout().build(), A, B, C);
        report(A, load(0.1, 100));

        channel.advance(Duration.ofSeconds(1));

        assertThat(share(A)).isCloseTo(1 / 3.0, within(0.01));
        assertThat(lastRound().fallback()).isTrue();
    }

    @Test
    void wr5TheResolversWeightsHoldUntilTwoEndpointsHaveTheirOwn() {
        start(noBlackout().build(), List.of(endpoint(A).with(Endpoint.WEIGHT, 3), endpoint(B), endpoint(C)));
        assertThat(share(A)).isCloseTo(0.6, within(0.01));

        report(B, load(0.5, 100));
        channel.advance(Duration.ofSeconds(1));
        assertThat(share(A)).isCloseTo(0.6, within(0.01));

        report(C, load(0.25, 100));
        channel.advance(Duration.ofSeconds(1));
        assertThat(share(A)).as("the mean of 2 and 4").isCloseTo(3 / 9.0, within(0.01));
    }

    @Test
    void wr5AResolverThatWeighsOtherwiseIsHeededAtOnce() {
        start(noBlackout().build(), A, B);

        channel.run(() -> balancer.onEndpoints(List.of(endpoint(A).with(Endpoint.WEIGHT, 3), endpoint(B))));

        assertThat(share(A)).isCloseTo(0.75, within(0.01));
    }

    @Test
    void wr5TheTimerRunsOnlyWhileThereIsAChoice() {
        start(WeightedRoundRobin.policy(), A, B);
        assertThat(channel.timers()).isEqualTo(1);

        channel.lose(B);
        assertThat(channel.timers()).isZero();

        channel.ready(B);
        assertThat(channel.timers()).isEqualTo(1);
        channel.run(balancer::close);
        assertThat(channel.timers()).isZero();
    }

    @Test
    void wr5NoTimerRunsWithoutEndpoints() {
        start(WeightedRoundRobin.policy(), A, B);

        channel.run(() -> balancer.onEndpoints(List.of()));

        assertThat(channel.timers()).isZero();
        start(WeightedRoundRobin.policy(), A, B);
        assertThat(channel.state()).isEqualTo(ConnectivityState.READY);
    }

    @Test
    void wr5WeightsStayWithTheirEndpointsWhenTheResolverNamesThemInAnotherOrder() {
        startSettled(A, B, C);
        Picker picker = channel.picker();

        channel.run(() -> balancer.onEndpoints(endpoints(C, B, A)));
        assertThat(channel.picker()).isSameAs(picker);
        channel.advance(Duration.ofSeconds(1));

        assertThat(share(A)).isCloseTo(4 / 7.0, within(0.01));
        assertThat(share(C)).isCloseTo(1 / 7.0, within(0.01));
    }

    @Test
    void wr7ConnectionsThatWereLostBeforeTheServerWasWellAreForgotten() {
        balancer = new WeightedRoundRobinBalancer(
                channel,
                WeightedRoundRobin.builder()
                        .outOfBandReports(Duration.ofSeconds(7))
                        .build());
        channel.run(() -> balancer.onEndpoints(endpoints(A, B)));
        List<BalancerHarness.FakeSubConn> made = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            BalancerHarness.FakeSubConn subConn = channel.subConn(A);
            made.add(subConn);
            subConn.withHealthCheck();
            channel.ready(A);
            subConn.health(ConnectivityState.TRANSIENT_FAILURE, Status.of(StatusCode.UNAVAILABLE, "NOT_SERVING"));
            channel.lose(A);
        }
        assertThat(made).doesNotHaveDuplicates();

        reconfigure(WeightedRoundRobin.builder()
                .outOfBandReports(Duration.ofSeconds(8))
                .build());

        assertThat(channel.subConn(A).loadPeriod()).isEqualTo(Duration.ofSeconds(8));
        assertThat(made).allSatisfy(lost -> assertThat(lost.loadPeriod()).isEqualTo(Duration.ofSeconds(7)));
    }

    @Test
    void wr7AReportOfNoUseLeavesTheWeightAsItWas() {
        startSettled(A, B);

        report(A, load(Double.NaN, 100));
        report(A, load(0.5, -1));
        report(B, load(0, 0));
        channel.advance(Duration.ofSeconds(1));

        assertThat(share(A)).isCloseTo(4 / 6.0, within(0.01));
    }

    @Test
    void wr7OutOfBandReportsReplaceThoseInTrailers() {
        start(noBlackout().outOfBandReports(Duration.ofSeconds(7)).build(), A, B);
        assertThat(channel.subConn(A).loadPeriod()).isEqualTo(Duration.ofSeconds(7));
        assertThat(listenerOf(A)).as("nobody reads trailers").isNull();

        channel.subConn(A).report(load(0.25, 100));
        channel.subConn(B).report(load(0.75, 100));
        channel.advance(Duration.ofSeconds(1));

        assertThat(share(A)).isCloseTo(0.75, within(0.01));
    }

    @Test
    void wr7WithoutThemNoServerIsAsked() {
        start(WeightedRoundRobin.policy(), A, B);

        assertThat(channel.subConn(A).loadPeriod()).isNull();
        assertThat(listenerOf(A)).isNotNull();
    }

    @Test
    void wr7OutOfBandReportsCanBeTurnedOnInPlaceAndNotOff() {
        start(WeightedRoundRobin.policy(), A, B);
        DoneListener before = Objects.requireNonNull(listenerOf(A));
        WeightedRoundRobin outOfBand =
                noBlackout().outOfBandReports(Duration.ofSeconds(7)).build();

        reconfigure(outOfBand);
        before.onDone(FinishedCall.with(load(0.9, 1)));

        assertThat(channel.subConn(A).loadPeriod()).isEqualTo(Duration.ofSeconds(7));
        assertThat(listenerOf(A)).isNull();
        channel.subConn(A).report(load(0.25, 100));
        channel.subConn(B).report(load(0.75, 100));
        channel.advance(Duration.ofSeconds(1));
        assertThat(share(A)).isCloseTo(0.75, within(0.01));
        assertThat(balancer.tryReconfigure(WeightedRoundRobin.policy())).isFalse();
        assertThat(balancer.tryReconfigure(RoundRobin.policy())).isFalse();
    }

    @Test
    void wr1AnotherConfigHoldsAtOnceForWhatWasReported() {
        startSettled(A, B);

        reconfigure(noBlackout().weightUpdatePeriod(Duration.ofMillis(200)).build());
        report(A, load(0.5, 100));
        report(B, load(0.5, 100));
        channel.advance(Duration.ofMillis(200));

        assertThat(share(A)).isCloseTo(0.5, within(0.01));
    }

    @Test
    void wr8AnObserverIsToldWhatGrpcsMetricsOfThisPolicyCount() {
        start(WeightedRoundRobin.builder().observer(rounds::add).build(), A, B);
        rounds.clear();

        channel.advance(Duration.ofSeconds(1));
        assertThat(rounds).containsExactly(new WeightObserver.Round(List.of(), true, 2, 0, 0));

        report(A, load(0.5, 100));
        report(B, load(0.25, 100));
        channel.advance(Duration.ofSeconds(10));
        assertThat(rounds).as("once in each period").hasSize(11);
        assertThat(lastRound()).isEqualTo(new WeightObserver.Round(List.of(200.0, 400.0), false, 0, 0, 0));

        channel.advance(Duration.ofMinutes(3));
        assertThat(lastRound()).isEqualTo(new WeightObserver.Round(List.of(), true, 0, 2, 0));
    }

    @Test
    void wr8AnObserverThatThrowsHarmsNobody() {
        start(
                WeightedRoundRobin.builder()
                        .blackoutPeriod(Duration.ZERO)
                        .observer(round -> {
                            throw new IllegalStateException("thrown by the test's observer");
                        })
                        .build(),
                A,
                B);
        report(A, load(0.2, 100));
        report(B, load(0.8, 100));
        channel.advance(Duration.ofSeconds(1));

        assertThat(share(A)).isCloseTo(0.8, within(0.01));
    }

    @Test
    void wr8AnObserverOfALaterConfigIsToldFromThenOn() {
        startSettled(A, B);
        List<WeightObserver.Round> later = new ArrayList<>();

        reconfigure(WeightedRoundRobin.builder().observer(later::add).build());
        int before = rounds.size();
        channel.advance(Duration.ofSeconds(1));

        assertThat(later).isNotEmpty();
        assertThat(rounds).hasSize(before);
    }

    private WeightObserver.Round lastRound() {
        return rounds.get(rounds.size() - 1);
    }

    @Test
    void ex2ANewEndpointBeginsWithATenthOfItsShare() {
        start(noBlackout().slowStart(SlowStart.linear(Duration.ofSeconds(100))).build(), A, B);
        channel.advance(Duration.ofSeconds(100));
        assertThat(lastRound().inSlowStart()).isZero();

        channel.run(() -> balancer.onEndpoints(endpoints(A, B, C)));
        channel.ready(C);

        assertThat(share(C)).isCloseTo(0.1 / 2.1, within(0.01));
        assertThat(lastRound().inSlowStart()).isEqualTo(1);
        channel.advance(Duration.ofSeconds(50));
        assertThat(share(C)).isCloseTo(0.5 / 2.5, within(0.01));
        channel.advance(Duration.ofSeconds(50));
        assertThat(share(C)).isCloseTo(1 / 3.0, within(0.01));
    }

    @Test
    void aPolicyWithoutAReadyEndpointQueuesOrFails() {
        start(WeightedRoundRobin.policy(), A, B);
        channel.lose(A);
        channel.lose(B);
        assertThat(channel.state()).isEqualTo(ConnectivityState.CONNECTING);
        assertThat(channel.pick()).isSameAs(PickResult.queue());

        channel.fail(A);
        channel.fail(B);
        assertThat(channel.state()).isEqualTo(ConnectivityState.TRANSIENT_FAILURE);
        assertThat(channel.pick().status().message()).contains("refused");
    }

    private WeightedRoundRobin.Builder noBlackout() {
        return WeightedRoundRobin.builder().blackoutPeriod(Duration.ZERO).observer(rounds::add);
    }

    private void start(WeightedRoundRobin policy, String... hosts) {
        start(policy, endpoints(hosts));
    }

    private void start(WeightedRoundRobin policy, List<Endpoint> endpoints) {
        balancer = new WeightedRoundRobinBalancer(channel, policy);
        channel.run(() -> balancer.onEndpoints(endpoints));
        endpoints.forEach(endpoint ->
                channel.ready(BalancerHarness.host(endpoint.addresses().get(0))));
    }

    /** The first has a weight of 400, the second of 200, the third of 100, and all of them count. */
    private void startSettled(String... hosts) {
        start(WeightedRoundRobin.builder().observer(rounds::add).build(), hosts);
        for (int i = 0; i < hosts.length; i++) {
            report(hosts[i], load(0.25 * (1 << i), 100));
        }
        channel.advance(Duration.ofSeconds(11));
    }

    private void reconfigure(WeightedRoundRobin policy) {
        channel.run(() -> {
            assertThat(balancer.tryReconfigure(policy)).isTrue();
            balancer.onEndpoints(endpoints(A, B));
        });
    }

    /** A call to that host ends with a report in its trailers. */
    private void report(String host, LoadReport report) {
        Objects.requireNonNull(listenerOf(host)).onDone(FinishedCall.with(report));
    }

    private @Nullable DoneListener listenerOf(String host) {
        for (int pick = 0; pick < 1000; pick++) {
            PickResult picked = channel.pick();
            if (BalancerHarness.hostOf(picked).equals(host)) {
                return picked.doneListener();
            }
        }
        throw new AssertionError("never picked: " + host);
    }

    private double share(String host) {
        Map<String, Integer> picks = new HashMap<>();
        for (int pick = 0; pick < PICKS; pick++) {
            picks.merge(channel.pickedHost(), 1, Integer::sum);
        }
        return picks.getOrDefault(host, 0) / (double) PICKS;
    }
}
