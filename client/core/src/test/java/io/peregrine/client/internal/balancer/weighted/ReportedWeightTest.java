package io.peregrine.client.internal.balancer.weighted;

import static io.peregrine.client.internal.balancer.weighted.ReportedWeight.Use.NOT_YET_USABLE;
import static io.peregrine.client.internal.balancer.weighted.ReportedWeight.Use.STALE;
import static io.peregrine.client.internal.balancer.weighted.ReportedWeight.Use.USABLE;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** WR-3 and WR-4, with a blackout of 10 and an expiration of 100; times may be negative, and overflow. */
class ReportedWeightTest {
    private static final long EXPIRATION = 100;
    private static final long BLACKOUT = 10;

    private final ReportedWeight weight = new ReportedWeight();

    @ParameterizedTest
    @ValueSource(longs = {0, -1_000_000, Long.MAX_VALUE - 5})
    void wr3TheBlackoutBeginsWithTheFirstReport(long start) {
        assertThat(use(start)).isEqualTo(NOT_YET_USABLE);

        weight.onReport(5, start);
        weight.onReport(7, start + 9);

        assertThat(use(start + 9)).isEqualTo(NOT_YET_USABLE);
        assertThat(use(start + 10)).isEqualTo(USABLE);
        assertThat(weight.weight()).isEqualTo(7);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, Long.MAX_VALUE - 5})
    void wr3ANewConnectionBeginsTheBlackoutAnew(long start) {
        weight.onReport(5, start);
        weight.onReady();
        assertThat(use(start + 20)).as("the report is of the old connection").isEqualTo(NOT_YET_USABLE);

        weight.onReport(6, start + 20);

        assertThat(use(start + 29)).isEqualTo(NOT_YET_USABLE);
        assertThat(use(start + 30)).isEqualTo(USABLE);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, Long.MAX_VALUE - 50})
    void wr4AnOldReportDoesNotCountAndItsSuccessorsSettleAnew(long start) {
        weight.onReport(5, start);
        assertThat(use(start + 99)).isEqualTo(USABLE);
        assertThat(use(start + 100)).isEqualTo(STALE);

        weight.onReport(5, start + 200);

        assertThat(use(start + 209)).isEqualTo(NOT_YET_USABLE);
        assertThat(use(start + 210)).isEqualTo(USABLE);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -7})
    void wr4WithoutABlackoutTheFirstReportCounts(long start) {
        weight.onReport(5, start);

        assertThat(weight.use(start, EXPIRATION, 0)).isEqualTo(USABLE);
        assertThat(weight.use(start + 100, EXPIRATION, 0)).isEqualTo(STALE);
    }

    private ReportedWeight.Use use(long now) {
        return weight.use(now, EXPIRATION, BLACKOUT);
    }
}
