package io.peregrine.client.balancer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.policy.RandomSubsetting;
import io.peregrine.client.balancer.policy.RoundRobin;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.config.json.ServiceConfigException;
import io.peregrine.client.resolver.Endpoint;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** SPEC 2.8.7, RSb-1. */
class RandomSubsettingTest {
    private static final int SIZE = 10;
    private static final String[] HOSTS =
            IntStream.rangeClosed(1, 100).mapToObj(i -> "10.0.0." + i).toArray(String[]::new);

    private final BalancerHarness context = new BalancerHarness();
    private final LoadBalancer balancer = new RandomSubsetting(SIZE, RoundRobin.policy()).newBalancer(context);

    /** RSb-1: both fields are required. */
    @Test
    void rsb1ReadsItsConfig() {
        assertThat(parse(Map.of("subsetSize", 7, "childPolicy", List.of(Map.of("round_robin", Map.of())))))
                .isEqualTo(new RandomSubsetting(7, RoundRobin.policy()));
        assertWrong(Map.of("subsetSize", 0, "childPolicy", List.of(Map.of("round_robin", Map.of()))), "$.subsetSize");
        assertWrong(Map.of("childPolicy", List.of(Map.of("round_robin", Map.of()))), "$.subsetSize");
        assertWrong(Map.of("subsetSize", 7), "$.childPolicy");
        assertWrong(Map.of("subsetSize", 7, "childPolicy", List.of(Map.of("nobody", Map.of()))), "$.childPolicy");
    }

    /** RSb-1: the child gets so many and no more. */
    @Test
    void rsb1TheChildGetsASubset() {
        resolve(HOSTS);

        assertThat(context.connects()).hasSize(SIZE).doesNotHaveDuplicates();
    }

    /** RSb-1: all pass if there are not more. */
    @Test
    void rsb1AFewPassAsTheyAre() {
        resolve("10.0.0.3", "10.0.0.1");

        assertThat(context.connects()).containsExactly("10.0.0.3", "10.0.0.1");
    }

    /** LB-7: an endpoint that is listed many times takes one place. */
    @Test
    void rsb1AndLb7AnEndpointThatIsListedTwiceIsOneOfTheSubset() {
        List<Endpoint> twice = new ArrayList<>(BalancerHarness.endpoints(HOSTS));
        twice.addAll(BalancerHarness.endpoints(HOSTS));

        context.run(() -> balancer.onEndpoints(twice));

        assertThat(context.connects()).hasSize(SIZE).doesNotHaveDuplicates();
    }

    /** RSb-1: by hash, so the order of the list does not count. */
    @Test
    void rsb1AListInAnotherOrderHasTheSameSubset() {
        resolve(HOSTS);
        List<Endpoint> reversed = new ArrayList<>(BalancerHarness.endpoints(HOSTS));
        java.util.Collections.reverse(reversed);

        context.run(() -> balancer.onEndpoints(reversed));

        assertThat(context.connects()).hasSize(SIZE);
        assertThat(context.live()).hasSize(SIZE);
    }

    /** RSb-1: an endpoint that leaves is replaced by one, and no other is touched. */
    @Test
    void rsb1AnEndpointThatLeavesChangesOne() {
        resolve(HOSTS);
        List<String> before = context.live();
        String leaving = before.get(3);

        resolve(IntStream.range(0, HOSTS.length)
                .mapToObj(i -> HOSTS[i])
                .filter(host -> !host.equals(leaving))
                .toArray(String[]::new));

        List<String> after = context.live();
        assertThat(after).hasSize(SIZE).doesNotContain(leaving);
        assertThat(before.stream().filter(after::contains)).hasSize(SIZE - 1);
    }

    /** RSb-1: the seed is each client's own, so the servers get about the same number of clients. */
    @Test
    void rsb1ClientsChooseDifferently() {
        Map<String, Integer> clients = new HashMap<>();
        Set<Set<String>> subsets = new HashSet<>();
        SplittableRandom random = new SplittableRandom(11);
        for (int i = 0; i < 1_000; i++) {
            BalancerHarness other = new BalancerHarness(random.split());
            LoadBalancer of = new RandomSubsetting(SIZE, RoundRobin.policy()).newBalancer(other);
            other.run(() -> of.onEndpoints(BalancerHarness.endpoints(HOSTS)));
            subsets.add(Set.copyOf(other.connects()));
            other.connects().forEach(host -> clients.merge(host, 1, Integer::sum));
        }

        assertThat(subsets).hasSizeGreaterThan(990);
        assertThat(clients).hasSize(HOSTS.length);
        assertThat(clients.values()).allSatisfy(n -> assertThat(n).isBetween(55, 150));
    }

    /** RSb-1: attributes pass through. */
    @Test
    void rsb1AttributesPassThrough() {
        List<Endpoint> named = BalancerHarness.endpoints(HOSTS).stream()
                .map(endpoint -> endpoint.with(Endpoint.SERVER_NAME, "one.test"))
                .toList();

        context.run(() -> balancer.onEndpoints(named));

        assertThat(context.newest().attributes().get(Endpoint.SERVER_NAME)).isEqualTo("one.test");
    }

    @Test
    void takesAnotherSizeAndAnotherChildInPlace() {
        resolve(HOSTS);
        assertThat(balancer.tryReconfigure(RoundRobin.policy())).isFalse();

        assertThat(balancer.tryReconfigure(new RandomSubsetting(SIZE + 5, RoundRobin.policy())))
                .isTrue();
        resolve(HOSTS);

        assertThat(context.connects()).hasSize(SIZE + 5);
    }

    @Test
    void errorsAndTheEndGoToTheChild() {
        balancer.onResolverError(Status.of(StatusCode.UNAVAILABLE, "SERVFAIL"));
        assertThat(context.pick().status().message()).isEqualTo("SERVFAIL");
        assertThat(balancer.onEndpoints(List.of())).isFalse();
        resolve(HOSTS);
        balancer.exitIdle();

        balancer.close();

        assertThat(context.live()).isEmpty();
    }

    private void resolve(String... hosts) {
        context.run(() -> balancer.onEndpoints(BalancerHarness.endpoints(hosts)));
    }

    private static LoadBalancingPolicy parse(Map<String, Object> config) {
        return RandomSubsetting.provider().parse(ConfigValue.root(config).asObject(), LoadBalancerRegistry.standard());
    }

    private static void assertWrong(Map<String, Object> config, String path) {
        assertThatExceptionOfType(ServiceConfigException.class)
                .isThrownBy(() -> parse(config))
                .withMessageContaining(path);
    }
}
