package io.peregrine.client.internal.balancer.outlier;

import static io.peregrine.client.balancer.BalancerHarness.endpoint;
import static io.peregrine.client.balancer.BalancerHarness.endpoints;
import static io.peregrine.client.balancer.BalancerHarness.hostOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.allocation.AllocationProbe;
import io.peregrine.client.CallOptions;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.BalancerHarness;
import io.peregrine.client.balancer.FinishedCall;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.PickInfo;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.balancer.policy.EjectionObserver;
import io.peregrine.client.balancer.policy.OutlierDetection;
import io.peregrine.client.balancer.policy.OutlierDetection.FailurePercentage;
import io.peregrine.client.balancer.policy.OutlierDetection.SuccessRate;
import io.peregrine.client.balancer.policy.PickFirst;
import io.peregrine.client.balancer.policy.RingHash;
import io.peregrine.client.balancer.policy.RoundRobin;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** OD-2 to OD-9, over round_robin and subchannels that go where the test says. */
class OutlierDetectionBalancerTest {
    private static final Duration INTERVAL = Duration.ofSeconds(10);
    private static final String[] FIVE = {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"};
    private static final String BAD = "10.0.0.3";
    private static final FailurePercentage ANY_FAILURE = new FailurePercentage(50, 100, 3, 10);
    private static final OutlierDetection BY_FAILURES =
            OutlierDetection.over(RoundRobin.policy()).detecting(null, ANY_FAILURE);

    private final BalancerHarness context = new BalancerHarness();
    private final List<String> events = new ArrayList<>();

    // ---- Counting --------------------------------------------------------------------------------------------

    @Test
    void od2ACallThatEndsWithOkIsASuccessAndAnyOtherAFailure() {
        start(BY_FAILURES, FIVE);

        calls(100, BAD);
        context.advance(INTERVAL);

        assertThat(inUse()).doesNotContain(BAD).hasSize(4);
    }

    @Test
    void od2APickThatLedToNothingDoesNotCount() {
        start(BY_FAILURES, FIVE);

        for (int i = 0; i < 100; i++) {
            (hostOf(peek()).equals(BAD) ? FinishedCall.UNSENT : FinishedCall.OK).tell(peeked);
        }
        context.advance(INTERVAL);

        assertThat(inUse()).containsExactlyInAnyOrder(FIVE);
    }

    @Test
    void od2CallsThatEndAfterARoundCountInTheNext() {
        start(BY_FAILURES, FIVE);
        List<PickResult> late = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            late.add(context.pick());
        }
        context.advance(INTERVAL);
        assertThat(inUse()).containsExactlyInAnyOrder(FIVE);

        late.forEach(picked -> (hostOf(picked).equals(BAD) ? FinishedCall.UNAVAILABLE : FinishedCall.OK).tell(picked));
        context.advance(INTERVAL);

        assertThat(inUse()).doesNotContain(BAD).hasSize(4);
    }

    @Test
    void od2AnEndpointIsOneHoweverManyAddressesItHas() {
        LoadBalancer balancer =
                BY_FAILURES.observedBy(new RecordedEjections(events)).newBalancer(context);
        context.run(() -> balancer.onEndpoints(List.of(
                endpoint("10.0.0.1", "10.0.1.1"), endpoint("10.0.0.2"), endpoint("10.0.0.3"), endpoint("10.0.0.4"))));
        List.of("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4").forEach(context::ready);
        calls(50, "10.0.0.1");
        context.lose("10.0.0.1");
        context.fail("10.0.0.1");
        context.ready("10.0.1.1");
        calls(50, "10.0.1.1");

        context.advance(INTERVAL);

        assertThat(events).hasSize(1);
        assertThat(events.get(0)).contains("10.0.0.1", "10.0.1.1");
        assertThat(inUse()).containsExactlyInAnyOrder("10.0.0.2", "10.0.0.3", "10.0.0.4");
    }

    @Test
    void od2WhatIsKnownOfAnEndpointOutlivesAnUpdateInAnotherOrder() {
        LoadBalancer balancer = start(BY_FAILURES, FIVE);
        calls(100, BAD);
        context.advance(INTERVAL);

        context.run(() -> balancer.onEndpoints(endpoints("10.0.0.5", BAD, "10.0.0.1", "10.0.0.2", "10.0.0.4")));

        assertThat(inUse()).doesNotContain(BAD).hasSize(4);
    }

    @Test
    void od2AnEndpointThatWentAndCameBackIsAsNew() {
        LoadBalancer balancer = start(BY_FAILURES, FIVE);
        calls(100, BAD);
        context.advance(INTERVAL);

        context.run(() -> balancer.onEndpoints(endpoints("10.0.0.1", "10.0.0.2", "10.0.0.4", "10.0.0.5")));
        assertThat(context.live()).doesNotContain(BAD);
        context.run(() -> balancer.onEndpoints(endpoints(FIVE)));
        context.ready(BAD);

        assertThat(inUse()).containsExactlyInAnyOrder(FIVE);
    }

    // ---- Rounds ----------------------------------------------------------------------------------------------

    @Test
    void od3AnEndpointComesBackAfterTheBaseTime() {
        start(BY_FAILURES, FIVE);
        calls(100, BAD);
        context.advance(INTERVAL);

        context.advance(Duration.ofSeconds(30));
        assertThat(inUse()).as("not later than its time, and not at it").doesNotContain(BAD);
        context.advance(INTERVAL);

        assertThat(inUse()).containsExactlyInAnyOrder(FIVE);
    }

    @Test
    void od3EachFurtherEjectionTakesLongerUntilTheMaximum() {
        start(BY_FAILURES.withEjectionTime(Duration.ofSeconds(30), Duration.ofSeconds(80)), FIVE);

        assertThat(roundsOut()).isEqualTo(4);
        assertThat(roundsOut()).isEqualTo(7);
        assertThat(roundsOut()).as("80 s instead of 90 s").isEqualTo(9);
    }

    @Test
    void od3AGoodRoundForgivesOneEjection() {
        start(BY_FAILURES, FIVE);
        assertThat(roundsOut()).isEqualTo(4);
        assertThat(roundsOut()).isEqualTo(7);

        calls(100, "nobody");
        context.advance(INTERVAL);
        calls(100, "nobody");
        context.advance(INTERVAL);

        assertThat(roundsOut()).isEqualTo(4);
    }

    @Test
    void od3AMaximumBelowTheBaseCountsAsTheBase() {
        start(BY_FAILURES.withEjectionTime(Duration.ofSeconds(30), Duration.ZERO), FIVE);

        assertThat(roundsOut()).isEqualTo(4);
        assertThat(roundsOut()).isEqualTo(4);
    }

    // ---- Who is an outlier -----------------------------------------------------------------------------------

    @Test
    void od4AnEndpointFarBelowTheMeanIsEjected() {
        start(bySuccessRate(new SuccessRate(1900, 100, 5, 10)), FIVE);
        calls(100, BAD);
        context.advance(INTERVAL);

        assertThat(inUse()).doesNotContain(BAD).hasSize(4);
        assertThat(events).containsExactly("ejected [" + BAD + "] SUCCESS_RATE");
    }

    @Test
    void od4NoEndpointIsFarBelowTheMeanIfAllAreBad() {
        start(bySuccessRate(new SuccessRate(1900, 100, 5, 10)), FIVE);
        calls(100, FIVE);
        context.advance(INTERVAL);

        assertThat(inUse()).containsExactlyInAnyOrder(FIVE);
    }

    @Test
    void od4TheFactorSaysHowFar() {
        start(bySuccessRate(new SuccessRate(2100, 100, 5, 10)), FIVE);
        calls(100, BAD);
        context.advance(INTERVAL);

        assertThat(inUse()).as("one of five is exactly two deviations below").containsExactlyInAnyOrder(FIVE);
    }

    @Test
    void od4AndOd5TooFewEndpointsWithEnoughCallsEjectNobody() {
        start(
                OutlierDetection.over(RoundRobin.policy())
                        .detecting(new SuccessRate(0, 100, 6, 10), new FailurePercentage(0, 100, 6, 10)),
                FIVE);
        calls(100, BAD);
        context.advance(INTERVAL);

        assertThat(inUse()).containsExactlyInAnyOrder(FIVE);
    }

    @Test
    void od4AndOd5AnEndpointWithoutEnoughCallsIsNotLookedAt() {
        start(
                OutlierDetection.over(RoundRobin.policy())
                        .detecting(new SuccessRate(0, 100, 0, 21), new FailurePercentage(0, 100, 0, 21)),
                FIVE);
        calls(100, BAD);
        context.advance(INTERVAL);

        assertThat(inUse()).containsExactlyInAnyOrder(FIVE);
    }

    @Test
    void od5MoreFailuresThanTheThresholdAreTooManyAndAsManyAreNot() {
        start(
                OutlierDetection.over(RoundRobin.policy())
                        .withMaxEjectionPercent(100)
                        .detecting(null, new FailurePercentage(50, 100, 1, 1)),
                FIVE);
        for (String host : FIVE) {
            endExactly(host, host.equals(BAD) ? 11 : 10, 10);
        }

        context.advance(INTERVAL);

        assertThat(events).containsExactly("ejected [" + BAD + "] FAILURE_PERCENTAGE");
    }

    @Test
    void od4AndOd5EnforcementIsAMatterOfChance() {
        start(OutlierDetection.over(RoundRobin.policy()).detecting(null, new FailurePercentage(50, 0, 3, 10)), FIVE);
        calls(100, BAD);
        context.advance(INTERVAL);

        assertThat(inUse()).containsExactlyInAnyOrder(FIVE);
        assertThat(events).containsExactly("unenforced [" + BAD + "] FAILURE_PERCENTAGE ENFORCEMENT_PERCENTAGE");
    }

    // ---- Limit -----------------------------------------------------------------------------------------------

    @Test
    void od6OneMayAlwaysGoAndNoFurtherOneBeyondTheLimit() {
        start(BY_FAILURES, FIVE);
        calls(100, "10.0.0.1", "10.0.0.2", "10.0.0.3");
        context.advance(INTERVAL);

        assertThat(inUse()).hasSize(4).doesNotContain("10.0.0.1");
        assertThat(events)
                .containsExactly(
                        "ejected [10.0.0.1] FAILURE_PERCENTAGE",
                        "unenforced [10.0.0.2] FAILURE_PERCENTAGE MAX_EJECTION_OVERFLOW",
                        "unenforced [10.0.0.3] FAILURE_PERCENTAGE MAX_EJECTION_OVERFLOW");
    }

    @Test
    void od6NobodyGoesIfNobodyMay() {
        start(BY_FAILURES.withMaxEjectionPercent(0), FIVE);
        calls(100, BAD);
        context.advance(INTERVAL);

        assertThat(inUse()).containsExactlyInAnyOrder(FIVE);
    }

    // ---- Effect ----------------------------------------------------------------------------------------------

    @Test
    void od7AnEjectedEndpointKeepsItsConnection() {
        start(BY_FAILURES, FIVE);
        calls(100, BAD);
        context.advance(INTERVAL);

        assertThat(context.live()).contains(BAD);
        assertThat(context.subConn(BAD).state()).isEqualTo(ConnectivityState.READY);
        assertThat(context.connects()).hasSize(5);
    }

    @Test
    void od7AnEndpointThatComesBackIsAsWellAsItsServerSays() {
        start(BY_FAILURES, FIVE);
        calls(100, BAD);
        context.advance(INTERVAL);
        context.subConn(BAD).health(ConnectivityState.TRANSIENT_FAILURE, Status.of(StatusCode.UNAVAILABLE, "ill"));

        context.advance(Duration.ofSeconds(40));
        assertThat(inUse()).doesNotContain(BAD);
        context.subConn(BAD).health(ConnectivityState.READY, Status.OK);

        assertThat(inUse()).containsExactlyInAnyOrder(FIVE);
    }

    @Test
    void od7AnEjectedEndpointThatConnectsAgainStaysOut() {
        start(BY_FAILURES, FIVE);
        calls(100, BAD);
        context.advance(INTERVAL);

        context.lose(BAD);
        context.ready(BAD);

        assertThat(inUse()).doesNotContain(BAD).hasSize(4);
        context.advance(Duration.ofSeconds(40));
        assertThat(inUse()).containsExactlyInAnyOrder(FIVE);
    }

    @Test
    void od7WhenAllAreOutCallsFailWithTheReason() {
        start(BY_FAILURES.withMaxEjectionPercent(100), FIVE);
        calls(100, FIVE);
        context.advance(INTERVAL);

        assertThat(context.state()).isEqualTo(ConnectivityState.TRANSIENT_FAILURE);
        assertThat(context.pick().status().message()).isEqualTo("the endpoint is ejected by outlier_detection");
    }

    @Test
    void od7PickFirstGoesOnWithAnEndpointThatIsEjected() {
        start(
                OutlierDetection.over(PickFirst.policy()).detecting(null, new FailurePercentage(1, 100, 1, 1)),
                "10.0.0.1");
        calls(100, "10.0.0.1");
        context.advance(INTERVAL);

        assertThat(context.pickedHost()).isEqualTo("10.0.0.1");
    }

    // ---- Another config --------------------------------------------------------------------------------------

    @Test
    void od8WithoutAWayToFindOutliersAllComeBackAndNothingIsCounted() {
        LoadBalancer balancer = start(BY_FAILURES, FIVE);
        calls(100, BAD);
        context.advance(INTERVAL);
        assertThat(context.timers()).isEqualTo(1);

        reconfigure(balancer, BY_FAILURES.detecting(null, null));

        assertThat(inUse()).containsExactlyInAnyOrder(FIVE);
        assertThat(context.timers()).isZero();
        assertThat(context.pick().doneListener()).isNull();
        assertThat(context.pick().subConn()).isInstanceOf(BalancerHarness.FakeSubConn.class);
    }

    @Test
    void od8CountingBeginsAnew() {
        LoadBalancer balancer = start(BY_FAILURES, FIVE);
        calls(100, BAD);
        reconfigure(balancer, BY_FAILURES.detecting(null, null));
        context.advance(Duration.ofSeconds(95));

        reconfigure(balancer, BY_FAILURES);
        context.advance(INTERVAL);

        assertThat(inUse()).as("what was counted before does not matter").containsExactlyInAnyOrder(FIVE);
        calls(100, BAD);
        context.advance(INTERVAL);
        assertThat(inUse()).doesNotContain(BAD);
    }

    @Test
    void od8AnotherIntervalCountsFromTheStartOfTheRound() {
        LoadBalancer balancer = start(BY_FAILURES, FIVE);
        calls(100, BAD);
        context.advance(Duration.ofSeconds(4));

        reconfigure(balancer, BY_FAILURES.withInterval(Duration.ofSeconds(5)));
        context.advance(Duration.ofMillis(999));
        assertThat(inUse()).containsExactlyInAnyOrder(FIVE);
        context.advance(Duration.ofMillis(1));

        assertThat(inUse()).doesNotContain(BAD);
        assertThat(context.timers()).isEqualTo(1);
    }

    @Test
    void od8UpdatesOfEndpointsDoNotPutOffTheRound() {
        LoadBalancer balancer = start(BY_FAILURES, FIVE);
        calls(100, BAD);
        for (int second = 0; second < 10; second++) {
            context.advance(Duration.ofSeconds(1));
            context.run(() -> balancer.onEndpoints(endpoints(FIVE)));
        }

        assertThat(inUse()).doesNotContain(BAD);
    }

    @Test
    void od8AnotherChildPolicyTakesOverAndEjectionsHold() {
        LoadBalancer balancer = start(BY_FAILURES, FIVE);
        calls(100, BAD);
        context.advance(INTERVAL);
        OutlierDetection config = new OutlierDetection(
                INTERVAL,
                Duration.ofSeconds(30),
                Duration.ofMinutes(5),
                10,
                null,
                ANY_FAILURE,
                RingHash.policy(),
                null);

        reconfigure(balancer, config);
        for (int i = 0; i < 100; i++) {
            context.pick(CallOptions.DEFAULT.withAffinityKey("user-" + i));
        }
        context.live().stream()
                .distinct()
                .filter(host -> context.subConn(host).state() == ConnectivityState.CONNECTING)
                .forEach(context::ready);

        Set<String> used = new TreeSet<>();
        for (int i = 0; i < 200; i++) {
            PickResult picked = context.pick(CallOptions.DEFAULT.withAffinityKey("user-" + i));
            if (picked.subConn() != null) {
                used.add(hostOf(picked));
            }
        }
        assertThat(used).isNotEmpty().doesNotContain(BAD);
    }

    @Test
    void aClosedPolicyHasNoTimerAndNoSubchannels() {
        LoadBalancer balancer = start(BY_FAILURES, FIVE);

        context.run(balancer::close);

        assertThat(context.timers()).isZero();
        assertThat(context.live()).isEmpty();
    }

    // ---- Who is told -----------------------------------------------------------------------------------------

    @Test
    void od9AnObserverIsToldOfEjectionsAndOfReturns() {
        start(BY_FAILURES, FIVE);
        calls(100, BAD);
        context.advance(INTERVAL);
        context.advance(Duration.ofSeconds(40));

        assertThat(events).containsExactly("ejected [" + BAD + "] FAILURE_PERCENTAGE", "returned [" + BAD + ']');
    }

    @Test
    void od9AnObserverThatThrowsHarmsNobody() {
        LoadBalancer balancer = BY_FAILURES
                .observedBy((addresses, detection) -> {
                    throw new IllegalStateException("a fault of the application");
                })
                .newBalancer(context);
        context.run(() -> balancer.onEndpoints(endpoints(FIVE)));
        List.of(FIVE).forEach(context::ready);
        calls(100, BAD);
        context.advance(INTERVAL);

        assertThat(inUse()).doesNotContain(BAD).hasSize(4);
        assertThat(context.timers()).isEqualTo(1);
    }

    // ---- Picks -----------------------------------------------------------------------------------------------

    @Test
    void pk9APickIsTheChannelsOwnSubchannelAndTheResultIsMadeOnce() {
        start(BY_FAILURES, "10.0.0.1");

        PickResult first = context.pick();

        assertThat(first.subConn()).isSameAs(context.subConn("10.0.0.1"));
        assertThat(context.pick()).isSameAs(first);
    }

    @Test
    void noTimerIsLeftByARoundThatEndsThePolicy() {
        LoadBalancer[] balancer = new LoadBalancer[1];
        EjectionObserver closing = (addresses, detection) -> balancer[0].close();
        balancer[0] = BY_FAILURES.observedBy(closing).newBalancer(context);
        context.run(() -> balancer[0].onEndpoints(endpoints(FIVE)));
        List.of(FIVE).forEach(context::ready);
        calls(100, BAD);

        context.advance(INTERVAL);

        assertThat(context.live()).isEmpty();
        assertThat(context.timers()).isZero();
    }

    @Test
    void pk9OneOverAnotherCountsTwice() {
        start(
                new OutlierDetection(
                        INTERVAL,
                        Duration.ofSeconds(30),
                        Duration.ofMinutes(5),
                        10,
                        null,
                        ANY_FAILURE,
                        BY_FAILURES.detecting(null, new FailurePercentage(100, 100, 5, 1)),
                        null),
                FIVE);
        calls(100, BAD);
        assertThat(context.pick().subConn()).isInstanceOf(BalancerHarness.FakeSubConn.class);
        context.advance(INTERVAL);

        assertThat(inUse()).as("the outer one ejects through the inner one").doesNotContain(BAD);
    }

    @Test
    void pk1APickAllocatesNothing() {
        start(BY_FAILURES, FIVE);
        Picker picker = context.picker();
        PickInfo call = BalancerHarness.info(CallOptions.DEFAULT);

        long leastBytes = Long.MAX_VALUE;
        for (int round = 0; round < 20; round++) {
            leastBytes = Math.min(leastBytes, AllocationProbe.measure(() -> {
                for (int i = 0; i < 1_000; i++) {
                    FinishedCall.OK.tell(picker.pick(call));
                }
            }));
        }

        assertThat(leastBytes).isLessThan(1_000);
    }

    // ---- What the tests do -----------------------------------------------------------------------------------

    private PickResult peeked = PickResult.queue();

    private PickResult peek() {
        peeked = context.pick();
        return peeked;
    }

    private LoadBalancer start(OutlierDetection policy, String... hosts) {
        LoadBalancer balancer = policy.observedBy(new RecordedEjections(events)).newBalancer(context);
        context.run(() -> balancer.onEndpoints(endpoints(hosts)));
        for (String host : hosts) {
            if (context.subConn(host).state() != ConnectivityState.READY) {
                context.ready(host);
            }
        }
        return balancer;
    }

    private void reconfigure(LoadBalancer balancer, OutlierDetection policy) {
        context.run(() -> {
            assertThat(balancer.tryReconfigure(policy)).isTrue();
            balancer.onEndpoints(endpoints(FIVE));
        });
    }

    private static OutlierDetection bySuccessRate(SuccessRate successRate) {
        return OutlierDetection.over(RoundRobin.policy()).detecting(successRate, null);
    }

    /** Calls that fail at some hosts and go well elsewhere. */
    private void calls(int count, String... failing) {
        Set<String> bad = Set.of(failing);
        for (int i = 0; i < count; i++) {
            (bad.contains(hostOf(peek())) ? FinishedCall.UNAVAILABLE : FinishedCall.OK).tell(peeked);
        }
    }

    private void endExactly(String host, int failures, int successes) {
        int left = failures + successes;
        while (left > 0) {
            if (hostOf(peek()).equals(host)) {
                left--;
                (left < failures ? FinishedCall.UNAVAILABLE : FinishedCall.OK).tell(peeked);
            }
        }
    }

    /** Lets the bad endpoint fail for a round; returns the rounds, with that one not counted, until it is back. */
    private int roundsOut() {
        calls(100, BAD);
        context.advance(INTERVAL);
        assertThat(inUse()).doesNotContain(BAD);
        int rounds = 0;
        while (!inUse().contains(BAD)) {
            context.advance(INTERVAL);
            rounds++;
        }
        return rounds;
    }

    private Set<String> inUse() {
        Set<String> hosts = new TreeSet<>();
        for (int i = 0; i < 50; i++) {
            hosts.add(hostOf(context.pick()));
        }
        return hosts;
    }
}
