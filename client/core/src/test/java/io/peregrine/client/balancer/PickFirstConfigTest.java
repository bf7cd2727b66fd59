package io.peregrine.client.balancer;

import static io.peregrine.client.balancer.BalancerHarness.endpoint;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import io.peregrine.client.balancer.policy.PickFirst;
import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.config.json.ServiceConfigException;
import io.peregrine.client.resolver.Endpoint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** PF-1 and the first step of PF-2, over subchannels that fail in turn. */
class PickFirstConfigTest {
    private static final List<Endpoint> ENDPOINTS =
            List.of(endpoint("10.0.1.1", "10.0.1.2"), endpoint("10.0.2.1", "10.0.2.2"), endpoint("10.0.3.1"));

    private final SplittableRandom random = new SplittableRandom(7);

    @Test
    void pf1NothingIsShuffledUnlessTheConfigSaysSo() {
        assertThat(PickFirst.provider().parse(ConfigObject.empty("$"), LoadBalancerRegistry.standard()))
                .isEqualTo(PickFirst.policy());

        assertThat(orderOfTrial(PickFirst.policy(), ENDPOINTS))
                .containsExactly("10.0.1.1", "10.0.1.2", "10.0.2.1", "10.0.2.2", "10.0.3.1");
    }

    @Test
    void pf2ShufflesTheEndpointsAndKeepsTheOrderInEach() {
        Set<List<String>> orders = new HashSet<>();
        for (int i = 0; i < 200; i++) {
            List<String> order = orderOfTrial(PickFirst.shuffled(), ENDPOINTS);
            assertThat(order.indexOf("10.0.1.2")).isEqualTo(order.indexOf("10.0.1.1") + 1);
            assertThat(order.indexOf("10.0.2.2")).isEqualTo(order.indexOf("10.0.2.1") + 1);
            orders.add(order);
        }

        assertThat(orders).as("the permutations of three endpoints").hasSize(6);
    }

    @Test
    void pf2AnEndpointOfThreeTimesTheWeightIsThreeTimesAsOftenTheFirst() {
        List<Endpoint> weighted =
                List.of(endpoint("10.0.0.1"), endpoint("10.0.0.2").with(Endpoint.WEIGHT, 3));
        int first = 0;
        for (int i = 0; i < 4000; i++) {
            first += orderOfTrial(PickFirst.shuffled(), weighted).get(0).equals("10.0.0.2") ? 1 : 0;
        }

        assertThat(first / 4000.0).isCloseTo(0.75, within(0.03));
    }

    @Test
    void pf1TakesAnotherConfigInPlaceButNoOtherPolicy() {
        BalancerHarness context = new BalancerHarness(random);
        LoadBalancer balancer = PickFirst.shuffled().newBalancer(context);

        assertThat(balancer.tryReconfigure(new OtherPolicy())).isFalse();
        assertThat(balancer.tryReconfigure(PickFirst.policy())).isTrue();

        assertThat(orderOfTrial(context, balancer, ENDPOINTS)).startsWith("10.0.1.1", "10.0.1.2", "10.0.2.1");
    }

    @Test
    void pf1ReadsItsFields() {
        assertThat(parse(Map.of("shuffleAddressList", true, "attemptDelay", "0.3s")))
                .isEqualTo(new PickFirst(true, Duration.ofMillis(300)));
        assertThatExceptionOfType(ServiceConfigException.class)
                .isThrownBy(() -> parse(Map.of("shuffleAddressList", "yes")))
                .withMessageContaining("$.shuffleAddressList");
        assertThatExceptionOfType(ServiceConfigException.class)
                .isThrownBy(() -> parse(Map.of("attemptDelay", "-1s")))
                .withMessageContaining("$.attemptDelay");
    }

    @Test
    void pf5TheDelayStaysWithinItsBounds() {
        assertThat(PickFirst.withAttemptDelay(Duration.ofMillis(99)).attemptDelay())
                .isEqualTo(Duration.ofMillis(100));
        assertThat(PickFirst.withAttemptDelay(Duration.ofSeconds(3)).attemptDelay())
                .isEqualTo(Duration.ofSeconds(2));
    }

    private static LoadBalancingPolicy parse(Map<String, Object> config) {
        return PickFirst.provider().parse(ConfigValue.root(config).asObject(), LoadBalancerRegistry.standard());
    }

    private List<String> orderOfTrial(LoadBalancingPolicy policy, List<Endpoint> endpoints) {
        BalancerHarness context = new BalancerHarness(random.split());
        return orderOfTrial(context, policy.newBalancer(context), endpoints);
    }

    private static List<String> orderOfTrial(BalancerHarness context, LoadBalancer balancer, List<Endpoint> endpoints) {
        balancer.onEndpoints(endpoints);
        for (int i = 0; i < context.connects().size(); i++) {
            context.fail(context.connects().get(i));
        }
        return new ArrayList<>(context.connects());
    }

    private record OtherPolicy() implements LoadBalancingPolicy {
        @Override
        public String name() {
            return "other";
        }

        @Override
        public LoadBalancer newBalancer(LoadBalancer.Context context) {
            throw new AssertionError("made");
        }
    }
}
