package io.peregrine.load.run;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DrainLimitTest {
    private static final long BEGIN_NS = -5;
    private static final long HOUR_NS = 3_600_000_000_000L;

    private final StopSignal stop = new StopSignal();
    private final DrainLimit limit = new DrainLimit(stop);

    @Test
    void waitsForEverWhileNobodyAskedToStop() {
        assertThat(limit.isPassed(BEGIN_NS)).isFalse();
        assertThat(limit.isPassed(BEGIN_NS + HOUR_NS)).isFalse();
    }

    @Test
    void isPassedASecondAfterTheStopRequestWasSeen() {
        limit.isPassed(BEGIN_NS - HOUR_NS);
        stop.request();

        assertThat(limit.isPassed(BEGIN_NS)).isFalse();
        assertThat(limit.isPassed(BEGIN_NS + LoadLoop.DRAIN_AFTER_STOP_NS)).isFalse();
        assertThat(limit.isPassed(BEGIN_NS + LoadLoop.DRAIN_AFTER_STOP_NS + 1)).isTrue();
    }
}
