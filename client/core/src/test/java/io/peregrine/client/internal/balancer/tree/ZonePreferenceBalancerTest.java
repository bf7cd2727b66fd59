package io.peregrine.client.internal.balancer.tree;

import static io.peregrine.client.balancer.BalancerHarness.endpoint;
import static io.peregrine.client.balancer.BalancerHarness.hostOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.balancer.BalancerHarness;
import io.peregrine.client.balancer.FinishedCall;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.policy.OutlierDetection;
import io.peregrine.client.balancer.policy.OutlierDetection.FailurePercentage;
import io.peregrine.client.balancer.policy.RingHash;
import io.peregrine.client.balancer.policy.RoundRobin;
import io.peregrine.client.balancer.policy.ZonePreference;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.Locality;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** EX-4: a client in zone a of a region, and servers in its zone, in zone b and in another region. */
class ZonePreferenceBalancerTest {
    /** With so many, a share is within 0.02 of what is expected by seven standard deviations at the least. */
    private static final int CALLS = 30_000;

    private static final Locality OWN = new Locality("eu", "a", "");
    private static final Locality NEIGHBOUR = new Locality("eu", "b", "rack-7");
    private static final Locality ABROAD = new Locality("us", "a", "");
    private static final ZonePreference POLICY =
            ZonePreference.of(OWN, RoundRobin.policy()).withSpilloverPercent(50);

    private final BalancerHarness context = new BalancerHarness();

    @Test
    void ex4CallsStayInTheOwnZoneAndNobodyElseIsConnectedTo() {
        start(POLICY);
        readyAll("1.");

        assertThat(shares()).containsOnlyKeys("1");
        assertThat(context.live()).allMatch(host -> host.startsWith("10.0.1."));
    }

    @Test
    void ex4AsManyFailuresAsAreAllowedMakeNoDifference() {
        start(POLICY);
        readyAll("1.");
        failMany(5);

        assertThat(shares()).containsOnlyKeys("1");
        assertThat(context.live()).allMatch(host -> host.startsWith("10.0.1."));
    }

    @Test
    void ex4BelowTheThresholdThoseThatAreLeftKeepTheirShareAndTheRestSpills() {
        start(POLICY);
        readyAll("1.");
        failMany(8);
        assertThat(context.live()).anyMatch(host -> host.startsWith("10.0.2."));
        assertThat(shares()).as("the neighbours are not connected yet").containsOnlyKeys("1");
        readyAll("2.");

        Map<String, Double> shares = shares();

        assertThat(shares).containsOnlyKeys("1", "2");
        assertThat(shares.get("1")).as("2 of 10 are ready, 5 would keep all").isCloseTo(0.4, within(0.02));
        assertThat(context.live()).noneMatch(host -> host.startsWith("10.0.3."));
    }

    @Test
    void ex4ADistanceThatIsShortItselfSpillsToTheNext() {
        start(POLICY);
        readyAll("1.");
        failMany(8);
        context.ready("10.0.2.0");
        for (int i = 1; i < 4; i++) {
            context.fail("10.0.2." + i);
        }
        readyAll("3.");

        Map<String, Double> shares = shares();

        assertThat(shares.get("1")).isCloseTo(0.4, within(0.02));
        assertThat(shares.get("2")).as("half of the rest: 1 of 4 is ready").isCloseTo(0.3, within(0.02));
        assertThat(shares.get("3")).isCloseTo(0.3, within(0.02));
    }

    @Test
    void ex4WhatNobodyCanTakeIsSharedInTheSameProportions() {
        start(POLICY, zone(OWN, 1, 10));
        readyAll("1.");
        failMany(9);

        assertThat(shares()).containsOnlyKeys("1");
        assertThat(context.state()).isEqualTo(ConnectivityState.READY);
    }

    @Test
    void ex4CallsComeHomeWhenTheZoneIsWell() {
        start(POLICY);
        readyAll("1.");
        failMany(8);
        readyAll("2.");
        for (int i = 0; i < 8; i++) {
            context.backoffOver("10.0.1." + i);
            context.ready("10.0.1." + i);
        }

        assertThat(shares()).containsOnlyKeys("1");
        assertThat(context.live()).as("those that were needed stay warm").anyMatch(host -> host.startsWith("10.0.2."));
    }

    @Test
    void ex4TheOwnZoneHas10SecondsToConnect() {
        start(POLICY);
        context.advance(Duration.ofMillis(9_999));
        assertThat(context.live()).allMatch(host -> host.startsWith("10.0.1."));
        assertThat(context.pick()).isSameAs(PickResult.queue());

        context.advance(Duration.ofMillis(1));
        readyAll("2.");

        assertThat(shares()).containsOnlyKeys("2");
    }

    @Test
    void ex4EndpointsThatHaveNotConnectedYetDoNotCount() {
        start(POLICY);
        context.ready("10.0.1.0");

        assertThat(shares()).containsOnlyKeys("1");
        assertThat(context.live()).allMatch(host -> host.startsWith("10.0.1."));
    }

    @Test
    void ex4WithoutEndpointsInTheOwnZoneOthersTakeTheCalls() {
        start(POLICY, zone(NEIGHBOUR, 2, 4), zone(ABROAD, 3, 2));
        readyAll("2.");

        assertThat(shares()).containsOnlyKeys("2");
    }

    @Test
    void ex4AnEndpointThatDoesNotSayWhereItIsIsFar() {
        start(POLICY, List.of(endpoint("10.0.9.0")), zone(NEIGHBOUR, 2, 1));
        assertThat(context.live()).containsExactly("10.0.2.0");
        context.fail("10.0.2.0");
        context.ready("10.0.9.0");

        assertThat(shares()).containsOnlyKeys("9");
    }

    @Test
    void ex4ZonesOfADistanceShareByTheirReadyEndpoints() {
        start(POLICY, zone(new Locality("eu", "b", ""), 4, 3), zone(new Locality("eu", "c", ""), 5, 1));
        readyAll("4.");
        readyAll("5.");

        assertThat(shares().get("4")).isCloseTo(0.75, within(0.02));
    }

    @Test
    void ex4WhenAllHaveFailedTheNearestSaysWhy() {
        start(POLICY, zone(OWN, 1, 1), zone(ABROAD, 3, 1));
        context.fail("10.0.1.0");
        context.fail("10.0.3.0");

        assertThat(context.state()).isEqualTo(ConnectivityState.TRANSIENT_FAILURE);
        assertThat(context.pick().status().message()).isEqualTo("10.0.1.0 refused");
    }

    @Test
    void ex4EjectedEndpointsCountAsFailed() {
        LoadBalancingPolicy policy = OutlierDetection.over(POLICY)
                .withMaxEjectionPercent(100)
                .detecting(null, new FailurePercentage(50, 100, 1, 1));
        start(policy);
        readyAll("1.");
        for (int i = 0; i < 100; i++) {
            PickResult picked = context.pick();
            (hostOf(picked).compareTo("10.0.1.8") < 0 ? FinishedCall.UNAVAILABLE : FinishedCall.OK).tell(picked);
        }
        context.advance(Duration.ofSeconds(10));
        readyAll("2.");

        assertThat(shares().get("1")).isCloseTo(0.4, within(0.02));
        assertThat(context.live())
                .filteredOn(host -> host.startsWith("10.0.1."))
                .hasSize(10);
    }

    @Test
    void ex4WorksOverAPolicyThatConnectsOnDemand() {
        start(ZonePreference.of(OWN, RingHash.policy()));
        assertThat(context.state()).isEqualTo(ConnectivityState.IDLE);
        context.pick(CallOptions.DEFAULT.withAffinityKey("a"));
        String home = context.connects().get(0);
        context.ready(home);

        assertThat(home).startsWith("10.0.1.");
        assertThat(hostOf(context.pick(CallOptions.DEFAULT.withAffinityKey("a"))))
                .isEqualTo(home);
        context.advance(Duration.ofMinutes(1));
        assertThat(context.live()).containsExactly(home);
    }

    @Test
    void ex4AZoneThatGoesAwayIsClosed() {
        LoadBalancer balancer = start(POLICY);
        readyAll("1.");

        context.run(() -> balancer.onEndpoints(zone(NEIGHBOUR, 2, 4)));
        readyAll("2.");

        assertThat(context.live()).hasSize(4).allMatch(host -> host.startsWith("10.0.2."));
        assertThat(shares()).containsOnlyKeys("2");
    }

    @Test
    void ex4AZoneThatGoesAwayIsClosedBehindTheNewPicker() {
        LoadBalancer balancer = start(POLICY);
        readyAll("1.");
        List<List<String>> liveAtReports = new ArrayList<>();
        context.onReport(() -> liveAtReports.add(context.live()));

        context.run(() -> balancer.onEndpoints(zone(NEIGHBOUR, 2, 4)));

        assertThat(liveAtReports.get(0))
                .as("calls may go to the own zone until then")
                .contains("10.0.1.0");
        assertThat(context.live()).hasSize(4).allMatch(host -> host.startsWith("10.0.2."));
    }

    @Test
    void ex4AnotherThresholdHoldsAtOnce() {
        LoadBalancer balancer = start(POLICY);
        readyAll("1.");
        failMany(5);

        context.run(() -> {
            assertThat(balancer.tryReconfigure(POLICY.withSpilloverPercent(100)))
                    .isTrue();
            balancer.onEndpoints(everywhere());
        });
        readyAll("2.");

        assertThat(shares().get("1")).isCloseTo(0.5, within(0.02));
    }

    @Test
    void pk9AResultIsTheChannelsOwnSubchannelAndMadeOnce() {
        start(POLICY, zone(OWN, 1, 1));
        readyAll("1.");

        PickResult first = context.pick();

        assertThat(first.subConn()).isInstanceOf(BalancerHarness.FakeSubConn.class);
        assertThat(context.pick()).isSameAs(first);
    }

    @Test
    void aClosedPolicyHasNoTimersAndNoSubchannels() {
        LoadBalancer balancer = start(POLICY);

        context.run(balancer::close);

        assertThat(context.live()).isEmpty();
        assertThat(context.timers()).isZero();
    }

    @SafeVarargs
    private LoadBalancer start(LoadBalancingPolicy policy, List<Endpoint>... zones) {
        List<Endpoint> all = new ArrayList<>();
        for (List<Endpoint> zone : zones) {
            all.addAll(zone);
        }
        LoadBalancer balancer = policy.newBalancer(context);
        context.run(() -> balancer.onEndpoints(zones.length == 0 ? everywhere() : all));
        return balancer;
    }

    private static List<Endpoint> everywhere() {
        List<Endpoint> all = new ArrayList<>(zone(ABROAD, 3, 2));
        all.addAll(zone(NEIGHBOUR, 2, 4));
        all.addAll(zone(OWN, 1, 10));
        return all;
    }

    private static List<Endpoint> zone(Locality where, int subnet, int count) {
        List<Endpoint> endpoints = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            endpoints.add(endpoint("10.0." + subnet + '.' + i).with(Endpoint.LOCALITY, where));
        }
        return endpoints;
    }

    private void readyAll(String subnet) {
        context.live().stream()
                .filter(host -> host.startsWith("10.0." + subnet))
                .filter(host -> context.subConn(host).state() == ConnectivityState.CONNECTING)
                .forEach(context::ready);
    }

    /** The first ones of the own zone lose their connections and cannot get them back. */
    private void failMany(int count) {
        for (int i = 0; i < count; i++) {
            context.lose("10.0.1." + i);
            context.fail("10.0.1." + i);
        }
    }

    /** By the third part of the address. */
    private Map<String, Double> shares() {
        Map<String, Double> shares = new HashMap<>();
        for (int i = 0; i < CALLS; i++) {
            shares.merge(hostOf(context.pick()).split("\\.", -1)[2], 1.0 / CALLS, Double::sum);
        }
        return shares;
    }
}
