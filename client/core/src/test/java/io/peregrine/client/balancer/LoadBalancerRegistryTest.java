package io.peregrine.client.balancer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.config.json.JsonText;
import io.peregrine.client.config.json.ServiceConfigException;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** SPEC 2.8.1: policies by name. */
class LoadBalancerRegistryTest {
    private final LoadBalancerRegistry policies = LoadBalancerRegistry.standard();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "pick_first",
                "round_robin",
                "weighted_round_robin",
                "least_request",
                "peak_ewma",
                "ring_hash",
                "random_subsetting",
                "outlier_detection",
                "priority",
                "weighted_target",
                "zone_preference"
            })
    void lb1ThePoliciesOfTheLibraryAreKnownByTheirNames(String name) {
        assertThat(policies.find(name)).extracting(LoadBalancerProvider::name).isEqualTo(name);
        assertThat(policies.find(name.toUpperCase(Locale.ROOT))).isNull();
    }

    @Test
    void lb1ANameThatOtherClientsCallExperimentalIsKnownToo() {
        assertThat(policies.find("ring_hash_experimental")).isSameAs(policies.find("ring_hash"));
        assertThat(policies.find("nothing_experimental")).isNull();
    }

    @Test
    void lb2AFieldThatNobodyKnowsIsIgnored() {
        assertThat(parse("[{\"least_request\": {\"choiceCount\": 3, \"colour\": \"red\"}}]"))
                .isEqualTo(parse("[{\"least_request\": {\"choiceCount\": 3}}]"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[{\"pick_first\": {\"shuffleAddressList\": 1}}]         | $.loadBalancingConfig[0].pick_first.shuffleAddressList: 1",
                "[{\"least_request\": {\"choiceCount\": 1}}]             | $.loadBalancingConfig[0].least_request.choiceCount: 1",
                "[{\"ring_hash\": {\"minRingSize\": -1}}]                | $.loadBalancingConfig[0].ring_hash.minRingSize: -1",
                "[{\"weighted_target\": {\"targets\": []}}]              | $.loadBalancingConfig[0].weighted_target.targets: a list"
            })
    void lb2AFieldThatIsWrongIsNamedByItsPath(String json, String begin) {
        assertThatThrownBy(() -> parse(json))
                .isInstanceOf(ServiceConfigException.class)
                .hasMessageStartingWith(begin);
    }

    private LoadBalancingPolicy parse(String json) {
        ConfigValue choices = JsonText.parse("{\"loadBalancingConfig\": " + json + "}")
                .asObject()
                .field("loadBalancingConfig");
        return policies.parse(choices);
    }
}
