package io.peregrine.client.internal.balancer.tree;

import static io.peregrine.client.balancer.BalancerHarness.endpoint;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.BalancerHarness;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.policy.ChildPath;
import io.peregrine.client.balancer.policy.PickFirst;
import io.peregrine.client.balancer.policy.Priority;
import io.peregrine.client.balancer.policy.RingHash;
import io.peregrine.client.balancer.policy.RoundRobin;
import io.peregrine.client.resolver.Endpoint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** PR-1, over subchannels that go where the test says. */
class PriorityBalancerTest {
    private static final Endpoint NEAR = of("near", "10.0.0.1");
    private static final Endpoint FAR = of("far", "10.0.0.2");
    private static final Endpoint FARTHEST = of("farthest", "10.0.0.3");
    private static final Priority THREE = Priority.first("near", RoundRobin.policy())
            .then("far", RoundRobin.policy())
            .then("farthest", RoundRobin.policy());

    private final BalancerHarness context = new BalancerHarness();
    private final LoadBalancer balancer = THREE.newBalancer(context);

    @Test
    void pr1OnlyTheFirstChildConnectsAsLongAsItIsGood() {
        start();
        context.ready("10.0.0.1");

        context.advance(Duration.ofMinutes(1));

        assertThat(context.live()).containsExactly("10.0.0.1");
        assertThat(context.pickedHost()).isEqualTo("10.0.0.1");
        assertThat(context.timers()).isZero();
    }

    @Test
    void pr1AFailureIsTheTurnOfTheNext() {
        start();
        context.fail("10.0.0.1");
        assertThat(context.live()).containsExactly("10.0.0.1", "10.0.0.2");
        context.ready("10.0.0.2");

        assertThat(context.pickedHost()).isEqualTo("10.0.0.2");
        assertThat(context.live()).doesNotContain("10.0.0.3");
    }

    @Test
    void pr1AChildThatDoesNotConnectIn10SecondsIsTheTurnOfTheNext() {
        start();
        context.advance(Duration.ofMillis(9_999));
        assertThat(context.live()).containsExactly("10.0.0.1");

        context.advance(Duration.ofMillis(1));
        assertThat(context.live()).containsExactly("10.0.0.1", "10.0.0.2");
        assertThat(context.state()).isEqualTo(ConnectivityState.CONNECTING);
        context.advance(Duration.ofSeconds(10));
        assertThat(context.live()).containsExactly("10.0.0.1", "10.0.0.2", "10.0.0.3");
        context.ready("10.0.0.3");

        assertThat(context.pickedHost()).isEqualTo("10.0.0.3");
    }

    @Test
    void pr1TheFirstTakesOverAsSoonAsItIsGoodAndTheOthersAreClosed() {
        start();
        context.fail("10.0.0.1");
        context.ready("10.0.0.2");

        context.backoffOver("10.0.0.1");
        assertThat(context.pickedHost()).isEqualTo("10.0.0.2");
        context.ready("10.0.0.1");

        assertThat(context.pickedHost()).isEqualTo("10.0.0.1");
        assertThat(context.live()).containsExactly("10.0.0.1");
    }

    @Test
    void pr1WhatIsNotUsedAnyMoreIsClosedBehindTheNewPicker() {
        start();
        context.fail("10.0.0.1");
        context.ready("10.0.0.2");
        List<List<String>> liveAtReports = new ArrayList<>();
        context.onReport(() -> liveAtReports.add(context.live()));

        context.ready("10.0.0.1");
        assertThat(context.live()).containsExactly("10.0.0.1");
        context.run(() -> {
            assertThat(balancer.tryReconfigure(Priority.first("far", RoundRobin.policy())))
                    .isTrue();
            balancer.onEndpoints(List.of(FAR));
        });

        assertThat(liveAtReports).hasSizeGreaterThanOrEqualTo(2);
        assertThat(liveAtReports.get(0))
                .as("calls may go to the far one until then")
                .contains("10.0.0.2");
        assertThat(liveAtReports.get(1)).contains("10.0.0.1");
        assertThat(context.live()).containsExactly("10.0.0.2");
    }

    @Test
    void pr1AChildThatLosesItsConnectionsHasTimeToGetThemBack() {
        start();
        context.ready("10.0.0.1");
        context.lose("10.0.0.1");

        assertThat(context.state()).isEqualTo(ConnectivityState.CONNECTING);
        context.advance(Duration.ofMillis(9_999));
        assertThat(context.live()).containsExactly("10.0.0.1");
        context.advance(Duration.ofMillis(1));
        context.ready("10.0.0.2");

        assertThat(context.pickedHost()).isEqualTo("10.0.0.2");
    }

    @Test
    void pr1TimeIsGivenOnceHoweverOftenAChildSaysThatItIsConnecting() {
        List<Endpoint> two = List.of(NEAR, of("near", "10.0.0.4"), FAR);
        context.run(() -> balancer.onEndpoints(two));
        context.ready("10.0.0.1");
        context.lose("10.0.0.1");
        context.advance(Duration.ofSeconds(10));
        assertThat(context.live()).contains("10.0.0.2");
        context.ready("10.0.0.2");

        context.fail("10.0.0.1");
        context.advance(Duration.ofSeconds(1));

        assertThat(context.pickedHost()).isEqualTo("10.0.0.2");
        assertThat(context.timers())
                .as("the pick_first of another endpoint has none")
                .isZero();
    }

    @Test
    void pr1WhenAllHaveFailedTheLastOneSaysWhy() {
        start();
        context.fail("10.0.0.1");
        context.fail("10.0.0.2");
        context.fail("10.0.0.3");

        assertThat(context.state()).isEqualTo(ConnectivityState.TRANSIENT_FAILURE);
        assertThat(context.pick().status().message()).isEqualTo("10.0.0.3 refused");
    }

    @Test
    void pr1WhileOneIsConnectingCallsWait() {
        start();
        context.fail("10.0.0.1");
        context.advance(Duration.ofSeconds(10));
        context.fail("10.0.0.3");

        assertThat(context.state()).isEqualTo(ConnectivityState.CONNECTING);
        assertThat(context.pick()).isSameAs(PickResult.queue());
        context.ready("10.0.0.2");
        assertThat(context.pickedHost()).isEqualTo("10.0.0.2");
    }

    @Test
    void pr1AnIdleChildIsGood() {
        LoadBalancer idle = Priority.first("near", RingHash.policy())
                .then("far", RoundRobin.policy())
                .newBalancer(context);
        context.run(() -> idle.onEndpoints(List.of(NEAR, FAR)));

        context.advance(Duration.ofMinutes(1));
        assertThat(context.state()).isEqualTo(ConnectivityState.IDLE);
        assertThat(context.live()).isEmpty();

        context.run(idle::exitIdle);
        assertThat(context.live()).containsExactly("10.0.0.1");
    }

    @Test
    void pr1AChildWithoutEndpointsIsTheTurnOfTheNext() {
        context.run(() -> balancer.onEndpoints(List.of(FAR)));
        context.ready("10.0.0.2");

        assertThat(context.pickedHost()).isEqualTo("10.0.0.2");
    }

    @Test
    void pr1WithoutEndpointsForAnyChildTheAnswerIsOfNoUse() {
        boolean[] used = {true};

        context.run(() -> used[0] = balancer.onEndpoints(List.of(BalancerHarness.endpoint("10.0.0.9"))));

        assertThat(used[0]).as("an endpoint without a path is of no child").isFalse();
        assertThat(context.state()).isEqualTo(ConnectivityState.TRANSIENT_FAILURE);
        assertThat(context.pick().status().message()).isEqualTo("name resolution produced zero addresses");
    }

    @Test
    void pr1ANewFirstChildTakesOverWhenItIsReady() {
        Priority before = Priority.first("far", RoundRobin.policy());
        LoadBalancer changing = before.newBalancer(context);
        context.run(() -> changing.onEndpoints(List.of(FAR)));
        context.ready("10.0.0.2");

        context.run(() -> {
            assertThat(changing.tryReconfigure(
                            Priority.first("near", RoundRobin.policy()).then("far", RoundRobin.policy())))
                    .isTrue();
            changing.onEndpoints(List.of(NEAR, FAR));
        });
        assertThat(context.pickedHost()).as("nobody waits meanwhile").isEqualTo("10.0.0.2");
        context.ready("10.0.0.1");

        assertThat(context.pickedHost()).isEqualTo("10.0.0.1");
        assertThat(context.live()).containsExactly("10.0.0.1");
    }

    @Test
    void pr1AChildThatTheConfigDropsIsClosed() {
        start();
        context.ready("10.0.0.1");

        context.run(() -> {
            assertThat(balancer.tryReconfigure(Priority.first("far", RoundRobin.policy())))
                    .isTrue();
            balancer.onEndpoints(List.of(NEAR, FAR));
        });

        assertThat(context.live()).containsExactly("10.0.0.2");
    }

    @Test
    void pr1AChildThatChangesItsPolicyKeepsServingUntilTheNewOneCan() {
        start();
        context.ready("10.0.0.1");

        context.run(() -> {
            assertThat(balancer.tryReconfigure(Priority.first("near", PickFirst.policy())))
                    .isTrue();
            balancer.onEndpoints(List.of(NEAR));
        });
        assertThat(context.live()).containsExactly("10.0.0.1", "10.0.0.1");
        assertThat(context.pickedHost()).isEqualTo("10.0.0.1");
        context.ready("10.0.0.1");

        assertThat(context.live()).containsExactly("10.0.0.1");
    }

    @Test
    void pr1AChildMayNotBeAllowedToAskTheResolver() {
        LoadBalancer quiet = new Priority(
                        List.of("near"), Map.of("near", new Priority.Child(RoundRobin.policy(), true)))
                .newBalancer(context);
        context.run(() -> quiet.onEndpoints(List.of(NEAR)));
        context.fail("10.0.0.1");
        assertThat(context.resolveNows()).isZero();

        start();
        context.fail("10.0.0.1");
        assertThat(context.resolveNows()).isPositive();
    }

    @Test
    void pr1ThePathOfAnEndpointLeadsThroughNestedPolicies() {
        Priority nested = Priority.first(
                "region", Priority.first("a", RoundRobin.policy()).then("b", RoundRobin.policy()));
        LoadBalancer outer = nested.newBalancer(context);
        Endpoint a = endpoint("10.0.1.1").with(ChildPath.KEY, ChildPath.of("region", "a"));
        Endpoint b = endpoint("10.0.1.2").with(ChildPath.KEY, ChildPath.of("region", "b"));
        Endpoint lost = endpoint("10.0.1.3").with(ChildPath.KEY, ChildPath.of("elsewhere", "a"));

        context.run(() -> outer.onEndpoints(List.of(a, b, lost)));
        context.fail("10.0.1.1");
        context.ready("10.0.1.2");

        assertThat(context.pickedHost()).isEqualTo("10.0.1.2");
        assertThat(context.live()).containsExactly("10.0.1.1", "10.0.1.2");
    }

    @Test
    void pr1AnErrorOfTheResolverFailsCallsOnlyIfThereIsNothingElse() {
        context.run(() -> balancer.onResolverError(Status.of(StatusCode.NOT_FOUND, "no such name")));
        assertThat(context.pick().status().message()).isEqualTo("no such name");
        start();
        context.ready("10.0.0.1");

        context.run(() -> balancer.onResolverError(Status.of(StatusCode.UNAVAILABLE, "timed out")));

        assertThat(context.pickedHost()).isEqualTo("10.0.0.1");
    }

    @Test
    void aClosedPolicyHasNoTimersAndNoSubchannels() {
        start();

        context.run(balancer::close);

        assertThat(context.live()).isEmpty();
        assertThat(context.timers()).isZero();
    }

    private void start() {
        context.run(() -> balancer.onEndpoints(List.of(NEAR, FAR, FARTHEST)));
    }

    private static Endpoint of(String child, String host) {
        return endpoint(host).with(ChildPath.KEY, ChildPath.of(child));
    }
}
