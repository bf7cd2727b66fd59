package io.peregrine.load.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.peregrine.load.measure.CallRecorder;
import io.peregrine.load.measure.Measurements;
import io.peregrine.load.run.LoopOutcome.EndReason;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

/** The open loop on virtual time, where what it must record can be computed. */
class OpenLoopTest {
    private static final long MS = 1_000_000L;
    private static final long SECOND = 1_000 * MS;
    private static final long NO_STALL = Long.MAX_VALUE / 2;

    private final CallRecorder recorder = new CallRecorder(false);
    private final StopSignal stop = new StopSignal();

    @Test
    void startsEveryCallAtItsIntendedTime() {
        VirtualServer server = new VirtualServer(MS, NO_STALL, 0);

        LoopOutcome outcome = run(server, timed(10 * SECOND, 1_000, 100));

        assertThat(outcome.scheduled()).isEqualTo(10_000);
        assertThat(outcome.started()).isEqualTo(10_000);
        assertThat(outcome.deferred()).isZero();
        assertThat(outcome.reason()).isEqualTo(EndReason.DURATION);
        assertThat(recorder.total().lag().getMaxValue()).isZero();
        assertThat(server.mostOutstanding()).isLessThanOrEqualTo(2);
    }

    /**
     * The pause oracle: a server that stands still for T in a run of length D is seen by a share T/D of the
     * calls, with response times that are uniform on 0..T; so value(q) = T * (1 - (1 - q) * D / T).
     */
    @Test
    void recordsTheResponseTimesThatAStallOfTheServerCauses() {
        long stallNs = 1_400 * MS;
        long lengthNs = 20 * SECOND;
        VirtualServer server = new VirtualServer(MS, 8 * SECOND, stallNs);

        LoopOutcome outcome = run(server, timed(lengthNs, 2_000, 10_000));

        Histogram response = recorder.total().response();
        assertThat(outcome.deferred()).isZero();
        for (double percentile : new double[] {94, 95, 97, 99, 99.9}) {
            double expectedNs = stallNs - (1 - percentile / 100) * lengthNs;
            assertThat((double) response.getValueAtPercentile(percentile))
                    .as("p%s", percentile)
                    .isCloseTo(expectedNs + MS, within(expectedNs * 0.01 + MS));
        }
        assertThat(response.getValueAtPercentile(90)).isLessThan(2 * MS);
    }

    /** With few calls allowed outstanding the queue moves into the generator, and only the response times show it. */
    @Test
    void keepsTheIntendedStartsOfCallsThatTheCapDefers() {
        long stallNs = 1_400 * MS;
        long lengthNs = 20 * SECOND;
        VirtualServer server = new VirtualServer(MS, 8 * SECOND, stallNs);

        LoopOutcome outcome = run(server, timed(lengthNs, 2_000, 20));

        Measurements calls = recorder.total();
        assertThat(outcome.deferred()).isGreaterThan(2_000);
        assertThat(server.mostOutstanding()).isEqualTo(20);
        double expectedNs = stallNs - 0.01 * lengthNs;
        assertThat((double) calls.response().getValueAtPercentile(99))
                .as("response p99 follows the formula")
                .isCloseTo(expectedNs, within(expectedNs * 0.15));
        assertThat(calls.service().getValueAtPercentile(99))
                .as("service p99 knows nothing of the stall")
                .isLessThan(3 * MS);
        assertThat((double) calls.lag().getValueAtPercentile(99))
                .as("the difference is lag")
                .isCloseTo(expectedNs, within(expectedNs * 0.15));
    }

    @Test
    void countsWhatCouldNotStartBeforeTheEndAsNotStarted() {
        // 10 at a time, 100 ms each: 100 calls per second of the 1000 that are due
        VirtualServer server = new VirtualServer(100 * MS, NO_STALL, 0);

        LoopOutcome outcome = run(server, timed(10 * SECOND, 1_000, 10));

        assertThat(outcome.scheduled()).isEqualTo(10_000);
        assertThat(outcome.started()).isEqualTo(server.calls()).isBetween(990L, 1_010L);
        assertThat(outcome.notStarted()).isEqualTo(10_000 - server.calls());
        assertThat(recorder.total().ok()).isEqualTo(server.calls());
        assertThat(outcome.deferred()).isPositive();
    }

    @Test
    void makesAllCallsOfACountHoweverLongTheyTake() {
        VirtualServer server = new VirtualServer(100 * MS, NO_STALL, 0);

        LoopOutcome outcome = run(server, new LoadPlan(500, LoadPlan.UNLIMITED, 1, false, 1_000, 10));

        assertThat(outcome.started()).isEqualTo(500);
        assertThat(outcome.notStarted()).isZero();
        assertThat(outcome.reason()).isEqualTo(EndReason.COUNT);
        assertThat(recorder.total().ok()).isEqualTo(500);
    }

    @Test
    void reportsWithinASecondOfAStopRequestWhateverIsOutstanding() {
        VirtualServer server = new VirtualServer(3_600 * SECOND, NO_STALL, 0);
        Pacer stoppingAfterTwoSeconds = new Pacer() {
            @Override
            public long nanoTime() {
                return server.nanoTime();
            }

            @Override
            public void pause(long remainingNs) {
                server.pause(remainingNs);
                if (server.nanoTime() >= 2 * SECOND) {
                    stop.request();
                }
            }
        };

        LoopOutcome outcome = LoadLoop.of(
                        timed(60 * SECOND, 100, 1_000), server, recorder, stoppingAfterTwoSeconds, stop)
                .run();

        assertThat(outcome.reason()).isEqualTo(EndReason.INTERRUPTED);
        assertThat(outcome.elapsedNs()).isBetween(3 * SECOND, 3 * SECOND + 50 * MS);
        assertThat(outcome.scheduled()).isEqualTo(6_000);
        assertThat(outcome.started()).isEqualTo(server.calls());
        assertThat(recorder.total().ok()).isZero();
    }

    private LoopOutcome run(VirtualServer server, LoadPlan plan) {
        return LoadLoop.of(plan, server, recorder, server, stop).run();
    }

    private static LoadPlan timed(long lengthNs, double rate, int maxOutstanding) {
        return new LoadPlan(LoadPlan.UNLIMITED, lengthNs, 1, false, rate, maxOutstanding);
    }
}
