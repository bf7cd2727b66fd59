package io.peregrine.client.balancer.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.config.json.ServiceConfigException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** RH-1: what ring_hash can be told. */
class RingHashTest {
    @Test
    void rh1TheDefaultsAreThoseOfGrpc() {
        assertThat(parse(Map.of())).isEqualTo(RingHash.policy()).isEqualTo(new RingHash(1024, 4096, ""));
    }

    @Test
    void rh1ReadsSizesAndTheHeader() {
        assertThat(parse(Map.of("minRingSize", 10, "maxRingSize", "20", "requestHashHeader", "X-User")))
                .isEqualTo(new RingHash(10, 20, "x-user"))
                .isEqualTo(RingHash.byHeader("x-user").withRingSize(10, 20));
    }

    @Test
    void rh1TheNameOfOtherClientsIsKnownToo() {
        List<?> theirs = List.of(Map.of("ring_hash_experimental", Map.of("minRingSize", 10)));

        assertThat(LoadBalancerRegistry.standard().parse(ConfigValue.root(theirs)))
                .isEqualTo(new RingHash(10, 4096, ""));
        assertThat(LoadBalancerRegistry.standard().find("ring_experimental")).isNull();
    }

    @Test
    void rh1SizesAreCappedByTheClient() {
        assertThat(parse(Map.of("minRingSize", 8_388_608, "maxRingSize", 8_388_608)))
                .isEqualTo(new RingHash(4096, 4096, ""));

        LoadBalancerRegistry generous = LoadBalancerRegistry.standard().with(RingHash.provider(10_000));
        assertThat(parse(generous, Map.of("minRingSize", 5_000, "maxRingSize", 20_000)))
                .isEqualTo(new RingHash(5_000, 10_000, ""));
    }

    @Test
    void rh1RefusesSizesOutOfTheirRange() {
        assertRefused(Map.of("minRingSize", 0), "$[0].ring_hash.minRingSize: 0 (expected: an integer in 1..8388608)");
        assertRefused(
                Map.of("maxRingSize", 8_388_609),
                "$[0].ring_hash.maxRingSize: 8388609 (expected: an integer in 1..8388608)");
        assertRefused(
                Map.of("minRingSize", 21, "maxRingSize", 20),
                "$[0].ring_hash.minRingSize: 21 (expected: minRingSize at most maxRingSize; they are 21 and 20)");
        assertRefused(
                Map.of("maxRingSize", 20),
                "$[0].ring_hash.maxRingSize: 20 (expected: minRingSize at most maxRingSize; they are 1024 and 20)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"key-bin", "two words", ":path", "é"})
    void rh1RefusesWhatIsNoHeaderOfText(String name) {
        assertRefused(
                Map.of("requestHashHeader", name),
                "$[0].ring_hash.requestHashHeader: \"" + name
                        + "\" (expected: a header name of a-z 0-9 - _ . that does not end in -bin)");
        assertThatIllegalArgumentException().isThrownBy(() -> RingHash.byHeader(name));
    }

    @Test
    void rh1TheTypedFormChecksItsSizes() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RingHash.policy().withRingSize(0, 10))
                .withMessage("minRingSize: 0 (expected: 1..8388608)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RingHash.policy().withRingSize(11, 10))
                .withMessage("maxRingSize: 10 (expected: 11..8388608)");
    }

    private static LoadBalancingPolicy parse(Map<String, ?> config) {
        return parse(LoadBalancerRegistry.standard(), config);
    }

    private static LoadBalancingPolicy parse(LoadBalancerRegistry policies, Map<String, ?> config) {
        return policies.parse(ConfigValue.root(List.of(Map.of("ring_hash", config))));
    }

    private static void assertRefused(Map<String, ?> config, String message) {
        assertThatThrownBy(() -> parse(config))
                .isInstanceOf(ServiceConfigException.class)
                .hasMessage(message);
    }
}
