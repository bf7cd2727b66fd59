package io.peregrine.client.internal.balancer.tree;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.balancer.BalancerHarness;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.policy.ChildPath;
import io.peregrine.client.balancer.policy.OutlierDetection;
import io.peregrine.client.balancer.policy.Priority;
import io.peregrine.client.balancer.policy.RingHash;
import io.peregrine.client.balancer.policy.WeightedTarget;
import io.peregrine.client.balancer.policy.ZonePreference;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.Locality;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A resolver that each second names another half of 10 000 endpoints: nothing piles up, and it takes a bounded time. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class FlappingEndpointsTest {
    private static final int ENDPOINTS = 10_000;
    private static final int SECONDS = 30;

    private final BalancerHarness context = new BalancerHarness();

    static Stream<LoadBalancingPolicy> policies() {
        LoadBalancingPolicy ring = RingHash.policy();
        return Stream.of(
                ring,
                OutlierDetection.over(ring),
                Priority.first("a", ring).then("b", ring),
                WeightedTarget.of("a", 1, ring).and("b", 1, ring),
                ZonePreference.of(Locality.ofZone("a"), ring));
    }

    @ParameterizedTest
    @MethodSource("policies")
    void rh9SubchannelsAndTimersStayAsFewAsAreInUse(LoadBalancingPolicy policy) {
        LoadBalancer balancer = policy.newBalancer(context);
        for (int second = 0; second < SECONDS; second++) {
            List<Endpoint> named = half(second % 2);
            context.run(() -> balancer.onEndpoints(named));
            for (int call = 0; call < 20; call++) {
                context.pick(CallOptions.DEFAULT.withAffinityKey("user-" + call));
            }
            context.run(balancer::exitIdle);
            for (String host : context.live()) {
                if (context.subConn(host).state() == ConnectivityState.CONNECTING) {
                    context.ready(host);
                }
            }
            context.advance(Duration.ofSeconds(1));

            assertThat(context.live()).as("of those that calls asked for").hasSizeLessThanOrEqualTo(50);
            assertThat(context.timers()).isLessThanOrEqualTo(5);
        }
        assertThat(context.state()).isEqualTo(ConnectivityState.READY);
    }

    private static List<Endpoint> half(int which) {
        List<Endpoint> named = new ArrayList<>(ENDPOINTS / 2);
        for (int i = which; i < ENDPOINTS; i += 2) {
            String child = i % 4 < 2 ? "a" : "b";
            named.add(BalancerHarness.endpoint("10.1." + i / 250 + '.' + i % 250)
                    .with(ChildPath.KEY, ChildPath.of(child))
                    .with(Endpoint.LOCALITY, Locality.ofZone(child)));
        }
        return named;
    }
}
