package io.peregrine.client.internal.balancer.tree;

import static io.peregrine.client.balancer.BalancerHarness.endpoint;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.balancer.BalancerHarness;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.policy.ChildPath;
import io.peregrine.client.balancer.policy.OutlierDetection;
import io.peregrine.client.balancer.policy.Priority;
import io.peregrine.client.balancer.policy.WeightedTarget;
import io.peregrine.client.balancer.policy.ZonePreference;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.Locality;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A child with a fault: it is the channel that answers for it (CH-12), and the policies above do not get lost in it. */
class FaultyPoliciesTest {
    private static final List<Endpoint> ENDPOINTS = List.of(
            endpoint("10.0.0.1").with(ChildPath.KEY, ChildPath.of("a")).with(Endpoint.LOCALITY, Locality.ofZone("a")));

    private final BalancerHarness context = new BalancerHarness();

    static Stream<LoadBalancingPolicy> overFaultyBalancers() {
        return over(new Faulty(false));
    }

    static Stream<LoadBalancingPolicy> overFaultyPickers() {
        return over(new Faulty(true));
    }

    private static Stream<LoadBalancingPolicy> over(LoadBalancingPolicy faulty) {
        return Stream.of(
                OutlierDetection.over(faulty),
                Priority.first("a", faulty),
                WeightedTarget.of("a", 1, faulty),
                ZonePreference.of(Locality.ofZone("a"), faulty));
    }

    /** Of the fault, the channel makes the failure of its calls; then it closes the policy. */
    @ParameterizedTest
    @MethodSource("overFaultyBalancers")
    void ch12AChildThatThrowsIsTheChannelsAffairAndThePolicyCanBeClosed(LoadBalancingPolicy policy) {
        LoadBalancer balancer = policy.newBalancer(context);

        assertThatThrownBy(() -> context.run(() -> balancer.onEndpoints(ENDPOINTS)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("a fault");
        context.run(balancer::close);

        assertThat(context.timers()).isZero();
        assertThat(context.live()).isEmpty();
    }

    /** The call fails that was picked for, and no other. */
    @ParameterizedTest
    @MethodSource("overFaultyPickers")
    void pk1APickerThatThrowsFailsItsCallOnly(LoadBalancingPolicy policy) {
        LoadBalancer balancer = policy.newBalancer(context);
        context.run(() -> balancer.onEndpoints(ENDPOINTS));
        assertThat(context.state()).isEqualTo(ConnectivityState.READY);

        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> context.picker().pick(BalancerHarness.info(CallOptions.DEFAULT)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("a fault");
        }
        assertThat(context.state()).isEqualTo(ConnectivityState.READY);
    }

    /** A policy that throws when it gets endpoints, or whose picker does. */
    private record Faulty(boolean inPicker) implements LoadBalancingPolicy {
        @Override
        public String name() {
            return "faulty";
        }

        @Override
        public LoadBalancer newBalancer(LoadBalancer.Context context) {
            return new LoadBalancer() {
                @Override
                public boolean onEndpoints(List<Endpoint> endpoints) {
                    if (!inPicker) {
                        throw new IllegalStateException("a fault");
                    }
                    context.updateState(ConnectivityState.READY, info -> {
                        throw new IllegalStateException("a fault");
                    });
                    return true;
                }

                @Override
                public void onResolverError(Status status) {
                    throw new IllegalStateException("a fault");
                }

                @Override
                public void exitIdle() {
                    throw new IllegalStateException("a fault");
                }

                @Override
                public void close() {}
            };
        }
    }
}
