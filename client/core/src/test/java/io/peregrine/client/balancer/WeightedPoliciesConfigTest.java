package io.peregrine.client.balancer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.client.balancer.policy.PeakEwma;
import io.peregrine.client.balancer.policy.SlowStart;
import io.peregrine.client.balancer.policy.WeightedRoundRobin;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.config.json.ServiceConfigException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What weighted_round_robin, peak_ewma and slow start can be told: WR-1, EX-1, EX-2. */
class WeightedPoliciesConfigTest {
    @Test
    void wr1EveryFieldHasTheDefaultOfGrpc() {
        WeightedRoundRobin policy = (WeightedRoundRobin) parse("weighted_round_robin", "");

        assertThat(policy).isEqualTo(WeightedRoundRobin.policy()).hasSameHashCodeAs(WeightedRoundRobin.policy());
        assertThat(policy.name()).isEqualTo("weighted_round_robin");
        assertThat(policy.isOutOfBand()).isFalse();
        assertThat(policy.reportingPeriod()).isEqualTo(Duration.ofSeconds(10));
        assertThat(policy.blackoutPeriod()).isEqualTo(Duration.ofSeconds(10));
        assertThat(policy.weightExpiration()).isEqualTo(Duration.ofMinutes(3));
        assertThat(policy.weightUpdatePeriod()).isEqualTo(Duration.ofSeconds(1));
        assertThat(policy.errorUtilizationPenalty()).isEqualTo(1);
        assertThat(policy.utilizationMetrics()).isEmpty();
        assertThat(policy.slowStart()).isNull();
    }

    @Test
    void wr1ReadsEveryField() {
        assertThat(parse("weighted_round_robin", """
                "enableOobLoadReport": true, "oobReportingPeriod": "2s", "blackoutPeriod": "0s",
                "weightExpirationPeriod": "60s", "weightUpdatePeriod": "0.5s", "errorUtilizationPenalty": 2.5,
                "metricNamesForComputingUtilization": ["named_metrics.queue", "cpu_utilization"],
                "slowStartConfig": {"slowStartWindow": "30s", "aggression": 2, "minWeightPercent": 5}"""))
                .isEqualTo(WeightedRoundRobin.builder()
                        .outOfBandReports(Duration.ofSeconds(2))
                        .blackoutPeriod(Duration.ZERO)
                        .weightExpiration(Duration.ofMinutes(1))
                        .weightUpdatePeriod(Duration.ofMillis(500))
                        .errorUtilizationPenalty(2.5)
                        .utilizationMetrics("named_metrics.queue", "cpu_utilization")
                        .slowStart(new SlowStart(Duration.ofSeconds(30), 2, 5))
                        .build());
    }

    @Test
    void wr1PeriodsAreATenthOfASecondAtLeast() {
        WeightedRoundRobin policy = (WeightedRoundRobin)
                parse("weighted_round_robin", "\"weightUpdatePeriod\": \"0.01s\", \"oobReportingPeriod\": \"0s\"");

        assertThat(policy.weightUpdatePeriod()).isEqualTo(Duration.ofMillis(100));
        assertThat(policy.reportingPeriod()).isEqualTo(Duration.ofMillis(100));
    }

    @Test
    void wr1ADurationOfTenThousandYearsIsForEver() {
        WeightedRoundRobin policy =
                (WeightedRoundRobin) parse("weighted_round_robin", "\"weightExpirationPeriod\": \"315576000000s\"");

        assertThat(policy.weightExpiration().toNanos()).isPositive();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "weighted_round_robin | \"errorUtilizationPenalty\": -1 | errorUtilizationPenalty: -1",
                "weighted_round_robin | \"blackoutPeriod\": \"-1s\" | blackoutPeriod: \"-1s\"",
                "weighted_round_robin | \"weightExpirationPeriod\": 3 | weightExpirationPeriod: 3",
                "weighted_round_robin | \"enableOobLoadReport\": 1 | enableOobLoadReport: 1",
                "weighted_round_robin | \"metricNamesForComputingUtilization\": \"x\" | a list",
                "weighted_round_robin | \"metricNamesForComputingUtilization\": [1] | metricNamesForComputingUtilization[0]",
                "weighted_round_robin | \"slowStartConfig\": {} | slowStartConfig.slowStartWindow: absent",
                "weighted_round_robin | \"slowStartConfig\": {\"slowStartWindow\": \"0s\"} | more than zero",
                "weighted_round_robin | \"slowStartConfig\": {\"slowStartWindow\": \"315576000000s\"} | at most 36500 days",
                "peak_ewma | \"slowStartConfig\": {\"slowStartWindow\": \"1s\", \"aggression\": 0} | aggression: 0",
                "peak_ewma | \"slowStartConfig\": {\"slowStartWindow\": \"1s\", \"minWeightPercent\": 101} | minWeightPercent: 101",
                "peak_ewma | \"decayTime\": \"0.0001s\" | decayTime: \"0.0001s\"",
                "peak_ewma | \"decayTime\": \"100000s\" | at most a day",
                "peak_ewma | \"penalty\": \"0s\" | penalty: \"0s\"",
            })
    void wr1AWrongValueIsRefusedWithItsPath(String policy, String fields, String expected) {
        assertThatThrownBy(() -> parse(policy, fields))
                .isInstanceOf(ServiceConfigException.class)
                .hasMessageContaining("$.loadBalancingConfig[0]." + policy)
                .hasMessageContaining(expected);
    }

    @Test
    void ex1ReadsThePolicyAndItsDefaults() {
        assertThat(parse("peak_ewma", "")).isEqualTo(PeakEwma.policy());
        assertThat(PeakEwma.policy().decayTime()).isEqualTo(Duration.ofSeconds(10));
        assertThat(PeakEwma.policy().penalty()).isEqualTo(Duration.ofSeconds(1));
        assertThat(parse("peak_ewma", """
                "decayTime": "2s", "penalty": "0.25s", "slowStartConfig": {"slowStartWindow": "30s"}"""))
                .isEqualTo(PeakEwma.policy()
                        .withDecayTime(Duration.ofSeconds(2))
                        .withPenalty(Duration.ofMillis(250))
                        .withSlowStart(SlowStart.linear(Duration.ofSeconds(30))));
    }

    @Test
    void wr1ABuilderRefusesWhatTheParserRefuses() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WeightedRoundRobin.builder().errorUtilizationPenalty(Double.NaN))
                .withMessage("penalty: NaN (expected: 0 or more)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WeightedRoundRobin.builder().blackoutPeriod(Duration.ofSeconds(-1)))
                .withMessage("period: PT-1S (expected: zero or more)");
        assertThatIllegalArgumentException().isThrownBy(() -> PeakEwma.policy().withDecayTime(Duration.ZERO));
        assertThatIllegalArgumentException().isThrownBy(() -> PeakEwma.policy().withPenalty(Duration.ofDays(2)));
        assertThatIllegalArgumentException().isThrownBy(() -> SlowStart.linear(Duration.ZERO));
        assertThatIllegalArgumentException().isThrownBy(() -> new SlowStart(Duration.ofSeconds(1), Double.NaN, 10));
        assertThatIllegalArgumentException().isThrownBy(() -> new SlowStart(Duration.ofSeconds(1), 1, -1));
    }

    private static LoadBalancingPolicy parse(String policy, String fields) {
        return ServiceConfig.parse("{\"loadBalancingConfig\": [{\"" + policy + "\": {" + fields + "}}]}")
                .loadBalancing();
    }
}
