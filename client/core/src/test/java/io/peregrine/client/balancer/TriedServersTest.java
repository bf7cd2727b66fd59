package io.peregrine.client.balancer;

import static io.peregrine.client.ConnectivityState.CONNECTING;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.balancer.policy.LeastRequest;
import io.peregrine.client.balancer.policy.OutlierDetection;
import io.peregrine.client.balancer.policy.PeakEwma;
import io.peregrine.client.balancer.policy.RandomSubsetting;
import io.peregrine.client.balancer.policy.RingHash;
import io.peregrine.client.balancer.policy.RoundRobin;
import io.peregrine.client.balancer.policy.WeightedRoundRobin;
import java.net.SocketAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** HG-11: where a policy has a choice, an attempt goes to another server than those before it. */
class TriedServersTest {
    private static final String A = "10.0.0.1";
    private static final String B = "10.0.0.2";
    private static final String C = "10.0.0.3";
    private static final int PICKS = 300;

    private final BalancerHarness context = new BalancerHarness();

    static Stream<LoadBalancingPolicy> policies() {
        return Stream.of(
                RoundRobin.policy(),
                LeastRequest.policy(),
                PeakEwma.policy(),
                WeightedRoundRobin.builder().build(),
                RingHash.policy(),
                RingHash.byHeader("x-user"),
                OutlierDetection.over(RoundRobin.policy()),
                new RandomSubsetting(3, LeastRequest.policy()));
    }

    @ParameterizedTest
    @MethodSource("policies")
    void hg11ATriedServerIsLeftAloneWhileAnotherIsReady(LoadBalancingPolicy policy) {
        start(policy);

        assertThat(hosts()).containsExactlyInAnyOrder(A, B, C);
        assertThat(hosts(A)).containsExactlyInAnyOrder(B, C);
        assertThat(hosts(C, A)).containsExactly(B);
    }

    @ParameterizedTest
    @MethodSource("policies")
    void hg11WhereAllWereTriedOneIsTriedAgain(LoadBalancingPolicy policy) {
        start(policy);

        assertThat(hosts(A, B, C)).containsExactlyInAnyOrder(A, B, C);
    }

    @ParameterizedTest
    @MethodSource("policies")
    void hg11OnlyServersThatAreReadyAreAnAlternative(LoadBalancingPolicy policy) {
        start(policy);
        context.lose(B);
        context.lose(C);

        assertThat(hosts(A)).isSubsetOf(A, "queue");
    }

    private void start(LoadBalancingPolicy policy) {
        LoadBalancer balancer = policy.newBalancer(context);
        context.run(() -> balancer.onEndpoints(BalancerHarness.endpoints(A, B, C)));
        // A ring connects what calls need.
        IntStream.range(0, PICKS).forEach(i -> context.pick(options(i)));
        List.copyOf(context.live()).stream()
                .filter(host -> context.subConn(host).state() == CONNECTING)
                .forEach(context::ready);
        IntStream.range(0, PICKS).forEach(i -> context.pick(options(i)));
        List.copyOf(context.live()).stream()
                .filter(host -> context.subConn(host).state() == CONNECTING)
                .forEach(context::ready);
    }

    /** Where calls go that have been to those hosts. */
    private Set<String> hosts(String... tried) {
        Set<SocketAddress> addresses = new HashSet<>();
        Stream.of(tried).map(BalancerHarness::address).forEach(addresses::add);
        Set<String> hosts = new HashSet<>();
        for (int i = 0; i < PICKS; i++) {
            PickResult picked = context.picker().pick(new Attempted(options(i), addresses));
            hosts.add(picked.subConn() == null ? "queue" : BalancerHarness.hostOf(picked));
        }
        return hosts;
    }

    private static CallOptions options(int i) {
        return CallOptions.DEFAULT.withAffinityKey("user-" + i);
    }

    private record Attempted(CallOptions options, Set<SocketAddress> tried) implements PickInfo {
        @Override
        public MethodDescriptor<?, ?> method() {
            return BalancerHarness.info(options).method();
        }
    }
}
