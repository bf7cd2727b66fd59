package io.peregrine.client.balancer.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.policy.OutlierDetection.FailurePercentage;
import io.peregrine.client.balancer.policy.OutlierDetection.SuccessRate;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.config.json.ServiceConfigException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** OD-1: what outlier_detection can be told. */
class OutlierDetectionTest {
    private static final List<?> CHILD = List.of(Map.of("round_robin", Map.of()));

    @Test
    void od1TheDefaultsAreThoseOfGrpc() {
        assertThat(parse(Map.of("successRateEjection", Map.of(), "failurePercentageEjection", Map.of())))
                .isEqualTo(OutlierDetection.over(RoundRobin.policy()))
                .isEqualTo(new OutlierDetection(
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(30),
                        Duration.ofMinutes(5),
                        10,
                        new SuccessRate(1900, 100, 5, 100),
                        new FailurePercentage(85, 100, 5, 50),
                        RoundRobin.policy(),
                        null));
    }

    @Test
    void od1AWayToFindOutliersIsUsedOnlyIfItIsThere() {
        assertThat(parse(Map.of()))
                .isEqualTo(OutlierDetection.over(RoundRobin.policy()).detecting(null, null));
    }

    @Test
    void od1ReadsAllFields() {
        Map<String, Object> config = Map.of(
                "interval",
                "1s",
                "baseEjectionTime",
                "2s",
                "maxEjectionTime",
                "3s",
                "maxEjectionPercent",
                40,
                "successRateEjection",
                Map.of("stdevFactor", 1, "enforcementPercentage", 2, "minimumHosts", 3, "requestVolume", 4),
                "failurePercentageEjection",
                Map.of("threshold", 5, "enforcementPercentage", 6, "minimumHosts", 7, "requestVolume", 8));

        assertThat(parse(config))
                .isEqualTo(OutlierDetection.over(RoundRobin.policy())
                        .withInterval(Duration.ofSeconds(1))
                        .withEjectionTime(Duration.ofSeconds(2), Duration.ofSeconds(3))
                        .withMaxEjectionPercent(40)
                        .detecting(new SuccessRate(1, 2, 3, 4), new FailurePercentage(5, 6, 7, 8)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "interval            | -1s  | \"-1s\" (expected: a duration of more than zero)",
                "interval            | 0s   | \"0s\" (expected: a duration of more than zero)",
                "interval            | 0.0009s | \"0.0009s\" (expected: a duration of 1 ms or more)",
                "baseEjectionTime    | -1s  | \"-1s\" (expected: a duration of zero or more)",
                "maxEjectionTime     | -1s  | \"-1s\" (expected: a duration of zero or more)",
                "maxEjectionPercent  | 101  | \"101\" (expected: an integer in 0..100)",
                "maxEjectionPercent  | -1   | \"-1\" (expected: an integer in 0..100)"
            })
    void od1RefusesWhatIsOutOfItsRange(String field, String value, String expected) {
        assertRefused(Map.of(field, value), "$[0].outlier_detection." + field + ": " + expected);
    }

    @Test
    void od1RefusesPercentagesBeyondAHundred() {
        assertRefused(
                Map.of("successRateEjection", Map.of("enforcementPercentage", 101)),
                "$[0].outlier_detection.successRateEjection.enforcementPercentage: 101 (expected: an integer in"
                        + " 0..100)");
        assertRefused(
                Map.of("failurePercentageEjection", Map.of("threshold", 101)),
                "$[0].outlier_detection.failurePercentageEjection.threshold: 101 (expected: an integer in 0..100)");
        assertRefused(
                Map.of("failurePercentageEjection", Map.of("enforcementPercentage", 101)),
                "$[0].outlier_detection.failurePercentageEjection.enforcementPercentage: 101 (expected: an integer in"
                        + " 0..100)");
    }

    @Test
    void od1AChildIsRequired() {
        assertThatThrownBy(() -> LoadBalancerRegistry.standard()
                        .parse(ConfigValue.root(List.of(Map.of("outlier_detection", Map.of())))))
                .isInstanceOf(ServiceConfigException.class)
                .hasMessage("$[0].outlier_detection.childPolicy: absent (expected: a list)");
    }

    @Test
    void od1TheTypedFormChecksItsRanges() {
        OutlierDetection policy = OutlierDetection.over(RoundRobin.policy());

        assertThatIllegalArgumentException()
                .isThrownBy(() -> policy.withInterval(Duration.ZERO))
                .withMessage("interval: PT0S (expected: 1 ms or more)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> policy.withEjectionTime(Duration.ofSeconds(-1), Duration.ZERO))
                .withMessage("baseEjectionTime: PT-1S (expected: zero or more)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> policy.withMaxEjectionPercent(101))
                .withMessage("maxEjectionPercent: 101 (expected: 0..100)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SuccessRate(-1, 100, 5, 100))
                .withMessage("stdevFactor: -1 (expected: 0 or more)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new FailurePercentage(101, 100, 5, 50))
                .withMessage("threshold: 101 (expected: 0..100)");
    }

    private static LoadBalancingPolicy parse(Map<String, ?> config) {
        Map<String, Object> whole = new HashMap<>(config);
        whole.put("childPolicy", CHILD);
        return LoadBalancerRegistry.standard().parse(ConfigValue.root(List.of(Map.of("outlier_detection", whole))));
    }

    private static void assertRefused(Map<String, ?> config, String message) {
        assertThatThrownBy(() -> parse(config))
                .isInstanceOf(ServiceConfigException.class)
                .hasMessage(message);
    }
}
