package io.peregrine.client.internal.balancer.weighted;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.peregrine.client.balancer.LoadReport;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** WR-2. */
class UtilizationTest {
    private static final Utilization STANDARD = new Utilization(List.of(), 1);

    @Test
    void wr2TheWeightIsTheCallsForTheLoad() {
        assertThat(STANDARD.weightOf(report(0.5, 0, 100, 0))).isEqualTo(200);
    }

    @Test
    void wr2TheUtilizationOfTheApplicationComesBeforeThatOfTheProcessors() {
        assertThat(STANDARD.weightOf(report(0.5, 0.25, 100, 0))).isEqualTo(400);
    }

    @Test
    void wr2FailedCallsCountAsLoad() {
        assertThat(STANDARD.weightOf(report(0.5, 0, 100, 50))).isEqualTo(100);
        assertThat(new Utilization(List.of(), 0).weightOf(report(0.5, 0, 100, 50)))
                .isEqualTo(200);
        assertThat(new Utilization(List.of(), 3).weightOf(report(0.5, 0, 100, 50)))
                .isEqualTo(50);
    }

    @Test
    void wr2AReportWithoutCallsOrLoadIsIgnored() {
        assertThat(STANDARD.weightOf(report(0.5, 0, 0, 0))).isZero();
        assertThat(STANDARD.weightOf(report(0, 0, 100, 10))).isZero();
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, -1, Double.NEGATIVE_INFINITY, -0.0})
    void wr2WhatIsNoPositiveNumberCountsAsNothing(double strange) {
        assertThat(STANDARD.weightOf(report(strange, 0, 100, 0))).isZero();
        assertThat(STANDARD.weightOf(report(0.5, 0, strange, 0))).isZero();
        assertThat(STANDARD.weightOf(report(0.5, 0, 100, strange))).isEqualTo(200);
        assertThat(STANDARD.weightOf(report(0.5, strange, 100, 0))).isEqualTo(200);
    }

    @Test
    void wr2WhatIsTooLargeToBeAWeightIsIgnored() {
        assertThat(STANDARD.weightOf(report(Double.POSITIVE_INFINITY, 0, 100, 0)))
                .isZero();
        assertThat(STANDARD.weightOf(report(0.5, 0, Double.POSITIVE_INFINITY, 0)))
                .isZero();
        assertThat(STANDARD.weightOf(report(Double.MIN_VALUE, 0, Double.MAX_VALUE, 0)))
                .isZero();
        assertThat(STANDARD.weightOf(report(0.5, 0, 100, Double.POSITIVE_INFINITY)))
                .isZero();
    }

    @Test
    void wr2TheGreatestOfTheMetricsThatAreNamedCounts() {
        LoadReport report = new LoadReport(
                0.1,
                0.2,
                0.3,
                100,
                0,
                Map.of(),
                Map.of("disk", 0.4, "a.b", 0.9),
                Map.of("queue", 0.5, "nan", Double.NaN));

        assertThat(weightBy(report, "cpu_utilization")).isEqualTo(100 / 0.1);
        assertThat(weightBy(report, "mem_utilization")).isEqualTo(100 / 0.2);
        assertThat(weightBy(report, "mem_utilization", "cpu_utilization")).isEqualTo(100 / 0.2);
        assertThat(weightBy(report, "application_utilization")).isCloseTo(100 / 0.3, within(1e-9));
        assertThat(weightBy(report, "utilization.disk", "mem_utilization")).isEqualTo(100 / 0.4);
        assertThat(weightBy(report, "utilization.a.b"))
                .as("split at the first dot")
                .isCloseTo(100 / 0.9, within(1e-9));
        assertThat(weightBy(report, "named_metrics.queue", "named_metrics.nan")).isEqualTo(100 / 0.5);
    }

    @Test
    void wr2MetricsThatTheReportHasNotLeaveTheUsualOnes() {
        LoadReport report = new LoadReport(
                0.1, 0.2, 0.5, 100, 0, Map.of("cost", 0.9), Map.of(), Map.of("negative", -1.0, "nan", Double.NaN));

        assertThat(weightBy(report, "named_metrics.absent", "utilization.absent"))
                .isEqualTo(200);
        assertThat(weightBy(report, "named_metrics.negative", "named_metrics.nan"))
                .isEqualTo(200);
        assertThat(weightBy(report, "request_cost.cost", "rps_fractional", "", ".", "named_metrics", "eps"))
                .as("names of nothing")
                .isEqualTo(200);
    }

    private static double weightBy(LoadReport report, String... names) {
        return new Utilization(List.of(names), 1).weightOf(report);
    }

    private static LoadReport report(double cpu, double application, double queries, double errors) {
        return new LoadReport(cpu, 0, application, queries, errors, Map.of(), Map.of(), Map.of());
    }
}
