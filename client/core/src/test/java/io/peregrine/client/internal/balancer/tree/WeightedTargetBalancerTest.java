package io.peregrine.client.internal.balancer.tree;

import static io.peregrine.client.balancer.BalancerHarness.endpoint;
import static io.peregrine.client.balancer.BalancerHarness.hostOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.balancer.BalancerHarness;
import io.peregrine.client.balancer.FixedPicker;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.policy.ChildPath;
import io.peregrine.client.balancer.policy.OutlierDetection;
import io.peregrine.client.balancer.policy.PickFirst;
import io.peregrine.client.balancer.policy.RingHash;
import io.peregrine.client.balancer.policy.RoundRobin;
import io.peregrine.client.balancer.policy.WeightedTarget;
import io.peregrine.client.balancer.policy.ZonePreference;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.Locality;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** PR-2, over subchannels that go where the test says. */
class WeightedTargetBalancerTest {
    /** With so many, a share is within 0.02 of what is expected by seven standard deviations at the least. */
    private static final int CALLS = 30_000;

    private static final List<Endpoint> ENDPOINTS =
            List.of(of("a", "10.0.0.1"), of("b", "10.0.0.2"), of("c", "10.0.0.3"));
    private static final WeightedTarget THREE = WeightedTarget.of("a", 1, RoundRobin.policy())
            .and("b", 2, RoundRobin.policy())
            .and("c", 7, RoundRobin.policy());

    private final BalancerHarness context = new BalancerHarness();
    private final LoadBalancer balancer = THREE.newBalancer(context);

    @Test
    void pr2CallsAreSpreadByTheWeights() {
        start();
        context.ready("10.0.0.1");
        context.ready("10.0.0.2");
        context.ready("10.0.0.3");

        Map<String, Double> shares = shares();

        assertThat(shares.get("10.0.0.1")).isCloseTo(0.1, within(0.02));
        assertThat(shares.get("10.0.0.2")).isCloseTo(0.2, within(0.02));
        assertThat(shares.get("10.0.0.3")).isCloseTo(0.7, within(0.02));
    }

    @Test
    void pr2OnlyTargetsThatAreReadyGetCalls() {
        start();
        context.ready("10.0.0.1");
        context.ready("10.0.0.2");
        context.fail("10.0.0.3");

        Map<String, Double> shares = shares();

        assertThat(shares).containsOnlyKeys("10.0.0.1", "10.0.0.2");
        assertThat(shares.get("10.0.0.1")).isCloseTo(1 / 3.0, within(0.02));
    }

    @Test
    void pr2IsReadyIfOneIsAndConnectingIfOneIsAndFailedIfAllAre() {
        start();
        assertThat(context.state()).isEqualTo(ConnectivityState.CONNECTING);
        context.fail("10.0.0.1");
        context.fail("10.0.0.2");
        assertThat(context.state()).isEqualTo(ConnectivityState.CONNECTING);
        context.fail("10.0.0.3");
        assertThat(context.state()).isEqualTo(ConnectivityState.TRANSIENT_FAILURE);
        Set<String> reasons = new HashSet<>();
        for (int i = 0; i < 200; i++) {
            reasons.add(context.pick().status().message());
        }
        assertThat(reasons).hasSize(3);

        context.ready("10.0.0.2");
        assertThat(context.state()).isEqualTo(ConnectivityState.READY);
    }

    @Test
    void pr2IsIdleIfAllAre() {
        LoadBalancer idle = WeightedTarget.of("a", 1, RingHash.policy()).newBalancer(context);
        context.run(() -> idle.onEndpoints(ENDPOINTS));
        assertThat(context.state()).isEqualTo(ConnectivityState.IDLE);

        context.run(idle::exitIdle);

        assertThat(context.state()).isEqualTo(ConnectivityState.CONNECTING);
    }

    @Test
    void pr2AnIdlePolicyIsAskedToConnectThoughOthersStandAboveIt() {
        LoadBalancingPolicy idle = WeightedTarget.of("a", 1, RingHash.policy());
        for (LoadBalancingPolicy policy :
                List.of(idle, OutlierDetection.over(idle), ZonePreference.of(Locality.ofZone("a"), idle))) {
            LoadBalancer balancer = policy.newBalancer(context);
            context.run(() -> balancer.onEndpoints(ENDPOINTS));

            assertThat(context.state()).isEqualTo(ConnectivityState.IDLE);
            assertThat(context.picker())
                    .as("by which the channel knows, over %s", policy.name())
                    .isInstanceOf(FixedPicker.class);
        }
    }

    @Test
    void pr2ATargetThatGoesOnTryingAfterAFailureIsNoReasonToWait() {
        LoadBalancer one = WeightedTarget.of("a", 1, RoundRobin.policy()).newBalancer(context);
        context.run(() -> one.onEndpoints(ENDPOINTS));
        context.fail("10.0.0.1");
        context.backoffOver("10.0.0.1");

        assertThat(context.subConn("10.0.0.1").state()).isEqualTo(ConnectivityState.CONNECTING);
        assertThat(context.state()).isEqualTo(ConnectivityState.TRANSIENT_FAILURE);
    }

    @Test
    void pr2ATargetThatLostItsConnectionConnectsAgainThoughOthersGetTheCalls() {
        LoadBalancer idle = WeightedTarget.of("a", 1, PickFirst.policy())
                .and("b", 1, PickFirst.policy())
                .newBalancer(context);
        context.run(() -> idle.onEndpoints(ENDPOINTS));
        context.ready("10.0.0.1");
        context.ready("10.0.0.2");

        context.lose("10.0.0.1");

        assertThat(context.subConn("10.0.0.1").state()).isEqualTo(ConnectivityState.CONNECTING);
        assertThat(context.pickedHost()).isEqualTo("10.0.0.2");
    }

    @Test
    void pr2AnotherWeightHoldsAtOnceAndConnectionsStay() {
        start();
        context.ready("10.0.0.1");
        context.ready("10.0.0.2");
        context.ready("10.0.0.3");

        context.run(() -> {
            assertThat(balancer.tryReconfigure(
                            WeightedTarget.of("a", 1, RoundRobin.policy()).and("b", 1, RoundRobin.policy())))
                    .isTrue();
            balancer.onEndpoints(ENDPOINTS);
        });

        assertThat(context.live()).containsExactly("10.0.0.1", "10.0.0.2");
        assertThat(context.connects()).hasSize(3);
        assertThat(shares().get("10.0.0.1")).isCloseTo(0.5, within(0.02));
    }

    @Test
    void pr2ATargetThatHasGoneIsClosedBehindTheNewPicker() {
        start();
        context.ready("10.0.0.1");
        context.ready("10.0.0.2");
        List<List<String>> liveAtReports = new ArrayList<>();
        context.onReport(() -> liveAtReports.add(context.live()));

        context.run(() -> {
            assertThat(balancer.tryReconfigure(WeightedTarget.of("b", 1, RoundRobin.policy())))
                    .isTrue();
            balancer.onEndpoints(ENDPOINTS);
        });

        assertThat(liveAtReports.get(0)).as("calls may go to a until then").contains("10.0.0.1", "10.0.0.2");
        assertThat(context.live()).containsExactly("10.0.0.2");
    }

    @Test
    void pr2WithoutEndpointsForAnyTargetTheAnswerIsOfNoUse() {
        boolean[] used = {true};

        context.run(() -> used[0] = balancer.onEndpoints(List.of()));

        assertThat(used[0]).isFalse();
        assertThat(context.state()).isEqualTo(ConnectivityState.TRANSIENT_FAILURE);
    }

    private void start() {
        context.run(() -> balancer.onEndpoints(ENDPOINTS));
    }

    private Map<String, Double> shares() {
        Map<String, Double> shares = new HashMap<>();
        for (int i = 0; i < CALLS; i++) {
            shares.merge(hostOf(context.pick()), 1.0 / CALLS, Double::sum);
        }
        return shares;
    }

    private static Endpoint of(String child, String host) {
        return endpoint(host).with(ChildPath.KEY, ChildPath.of(child));
    }
}
