package io.peregrine.client.internal.balancer.weighted;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.peregrine.testkit.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** EX-1: the average of latencies, alone and written by several threads. */
class PeakLatencyProperties {
    private static final double DECAY_NS = 1e10;
    private static final double PENALTY_NS = 1e9;
    private static final long MS = 1_000_000;

    private final PeakLatency latency = new PeakLatency();

    @Test
    void ex1APeakCountsAtOnceAndLowerLatenciesLittleByLittle() {
        latency.onSample(5 * MS, 0, DECAY_NS);
        latency.onSample(50 * MS, MS, DECAY_NS);
        assertThat(latency.averageNs()).isEqualTo(50.0 * MS);

        long decayTime = (long) DECAY_NS;
        latency.onSample(5 * MS, MS + decayTime, DECAY_NS);

        double kept = Math.exp(-1);
        assertThat(latency.averageNs()).isCloseTo(50 * MS * kept + 5 * MS * (1 - kept), within(1.0));
    }

    @Test
    void ex1ConvergesToALatencyThatIsLowerNow() {
        SplittableRandom random = Seeds.random("latencies that get better");
        latency.onSample(500 * MS, 0, DECAY_NS);
        long nowNs = 0;
        while (nowNs < 10 * (long) DECAY_NS) {
            nowNs += random.nextLong(10 * MS);
            latency.onSample((double) random.nextLong(9 * MS, 11 * MS), nowNs, DECAY_NS);
        }

        assertThat(latency.averageNs()).isBetween(9.0 * MS, 11.0 * MS);
    }

    /** However samples and idle times mix, the average stays within what was sampled, and never below the last sample. */
    @Test
    void ex1StaysBetweenTheLastSampleAndTheHighest() {
        SplittableRandom random = Seeds.random("latencies of any kind");
        double highest = 0;
        long nowNs = random.nextLong();
        for (int round = 0; round < 100_000; round++) {
            nowNs += random.nextLong(100 * MS);
            if (random.nextInt(3) == 0) {
                latency.onIdle(nowNs, DECAY_NS);
                continue;
            }
            double sample = random.nextLong(1000 * MS);
            highest = Math.max(highest, sample);
            latency.onSample(sample, nowNs, DECAY_NS);
            assertThat(latency.averageNs()).isBetween(sample * (1 - 1e-12), highest);
        }
    }

    @Test
    void ex1DecaysWithoutTraffic() {
        latency.onSample(100 * MS, 0, DECAY_NS);
        for (long nowNs = 100 * MS; nowNs <= 10_000 * MS; nowNs += 100 * MS) {
            latency.onIdle(nowNs, DECAY_NS);
        }

        assertThat(latency.averageNs()).isCloseTo(100 * MS * Math.exp(-1), within(1.0));
    }

    @Test
    void ex1AnUnknownEndpointCostsThePenaltyForEachCallUnderWay() {
        assertThat(latency.costNs(PENALTY_NS)).isZero();
        latency.onStart();
        latency.onStart();
        assertThat(latency.costNs(PENALTY_NS)).isEqualTo(2 * PENALTY_NS);

        latency.onFinish();
        latency.onSample(MS, 0, DECAY_NS);
        assertThat(latency.costNs(PENALTY_NS)).as("one under way, and one more").isEqualTo(2.0 * MS);

        latency.forget();
        assertThat(latency.costNs(PENALTY_NS)).isEqualTo(PENALTY_NS);
    }

    @Test
    void ex1ACancelledCallCountsOnlyAsAPeak() {
        latency.onPartialSample(50 * MS, 0);
        assertThat(latency.averageNs()).as("nothing is known").isNegative();

        latency.onSample(10 * MS, MS, DECAY_NS);
        latency.onPartialSample(5 * MS, 1000 * MS);
        assertThat(latency.averageNs()).isEqualTo(10.0 * MS);
        latency.onPartialSample(50 * MS, 1000 * MS);
        assertThat(latency.averageNs()).isEqualTo(50.0 * MS);
    }

    /** Several loops tell of calls at a time: no peak is lost, and time that passes counts once. */
    @Test
    void ex1SeveralThreadsLoseNoPeakAndCountNoTimeTwice() throws Exception {
        SplittableRandom random = Seeds.random("several writers of one average");
        for (int round = 0; round < 50; round++) {
            PeakLatency shared = new PeakLatency();
            shared.onSample(1000 * MS, 0, DECAY_NS);
            int threads = 4;
            long spanNs = (long) DECAY_NS;
            CountDownLatch done = new CountDownLatch(threads);
            List<Thread> writers = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                SplittableRandom own = random.split();
                writers.add(new Thread(() -> {
                    for (long nowNs = 0; nowNs < spanNs; nowNs += 1 + own.nextLong(2 * MS)) {
                        shared.onStart();
                        shared.onSample(0, nowNs, DECAY_NS);
                        shared.onFinish();
                    }
                    shared.onSample(0, spanNs, DECAY_NS);
                    done.countDown();
                }));
            }
            writers.forEach(Thread::start);
            assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();

            // Clocks that differ may move the stamp back and forth: never by more than what one of them is behind.
            assertThat(shared.averageNs()).isCloseTo(1000 * MS * Math.exp(-1), within(10.0 * MS));
            assertThat(shared.underWay()).isZero();
            shared.onSample(2000 * MS, spanNs, DECAY_NS);
            assertThat(shared.averageNs()).isEqualTo(2000.0 * MS);
        }
    }
}
