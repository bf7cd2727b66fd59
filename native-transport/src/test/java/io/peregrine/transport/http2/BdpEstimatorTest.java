package io.peregrine.transport.http2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.PriorityQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** SPEC H2-8 over a simulated link, whose sender always has more to send than it may. */
class BdpEstimatorTest {
    private static final int MIB = 1 << 20;
    private static final int CAP = 16 * MIB;

    @ParameterizedTest
    @CsvSource({"100, 100", "1000, 10", "20, 200", "40, 80", "200, 50"})
    void h28ReachesTheBandwidthDelayProduct(int megabytesPerSecond, int roundTripMs) {
        Link link = new Link(megabytesPerSecond * 1e6, Duration.ofMillis(roundTripMs));

        link.run(Duration.ofSeconds(20));

        assertThat((double) link.estimator.estimateBytes()).isBetween(link.productBytes(), (double) CAP);
        assertThat(link.secondsToFill(100 * MIB)).isCloseTo(100 * MIB / link.bandwidth, within(0.2));
    }

    @Test
    void h28StaysBelowItsCap() {
        Link link = new Link(10e9, Duration.ofMillis(300));

        link.run(Duration.ofSeconds(60));

        assertThat(link.estimator.estimateBytes()).isEqualTo(CAP);
        int probes = link.probes;
        link.run(Duration.ofSeconds(60));
        assertThat(link.probes).as("probes when nothing can grow").isEqualTo(probes);
    }

    @Test
    void h28LeavesAShortLinkAloneAndHardlyProbesIt() {
        Link link = new Link(500e6, Duration.ofNanos(100_000));
        link.socketBytes = 64 << 10;

        link.run(Duration.ofSeconds(10));

        assertThat(link.estimator.estimateBytes()).isEqualTo(MIB);
        assertThat((double) link.received / link.probes)
                .as("bytes for each probe")
                .isGreaterThan(MIB);
    }

    /** The answer to a probe waits behind a window of DATA, so that the sample is the window, whatever its size. */
    @Test
    void h28StopsWhereALargerWindowOnlyQueues() {
        BdpEstimator estimator = new BdpEstimator(MIB, CAP, 0);
        double bytesPerSecond = 2e9;
        long now = 0;
        for (int i = 0; i < 1000; i++) {
            int window = estimator.estimateBytes();
            boolean due = estimator.onData(window);
            now += (long) (window / bytesPerSecond * 1e9);
            if (due && estimator.tryProbe(now)) {
                estimator.onData(window);
                // No two measurements are the same, and the best is better and better.
                bytesPerSecond *= 1.0001;
                now += (long) (window / bytesPerSecond * 1e9);
                estimator.onAnswer(now);
            }
        }

        assertThat(estimator.estimateBytes()).isLessThanOrEqualTo(2 * MIB);
    }

    @Test
    void h28APathThatBecomesLongerForGoodGetsALargerWindow() {
        Link link = new Link(100e6, Duration.ofMillis(10));
        link.run(Duration.ofSeconds(30));
        assertThat((double) link.estimator.estimateBytes()).isLessThan(link.bandwidth * 0.1);

        link.roundTrip(Duration.ofMillis(100));
        link.run(Duration.ofSeconds(60));

        assertThat((double) link.estimator.estimateBytes()).isGreaterThanOrEqualTo(link.productBytes());
        assertThat(link.secondsToFill(100 * MIB)).isCloseTo(100 * MIB / link.bandwidth, within(0.2));
    }

    @Test
    void h28APathThatIsLongerForAMomentKeepsItsWindow() {
        Link link = new Link(100e6, Duration.ofMillis(10));
        link.run(Duration.ofSeconds(30));
        int settled = link.estimator.estimateBytes();

        for (int i = 0; i < 20; i++) {
            link.roundTrip(Duration.ofMillis(100));
            link.run(Duration.ofSeconds(5));
            link.roundTrip(Duration.ofMillis(10));
            link.run(Duration.ofSeconds(5));
        }

        assertThat(link.estimator.estimateBytes()).isEqualTo(settled);
    }

    /** A queue of our own does not pass for a longer path, however long it stands. */
    @Test
    void h28AQueueThatStandsForAnHourLetsNothingGrow() {
        Queue queue = new Queue(2e9);
        queue.run(Duration.ofSeconds(30));
        int settled = queue.estimator.estimateBytes();

        queue.run(Duration.ofHours(1));

        assertThat(settled).isLessThanOrEqualTo(3 * MIB);
        assertThat(queue.estimator.estimateBytes()).isEqualTo(settled);
    }

    @Test
    void h28ABottleneckThatBecomesSlowerBringsOneGrowthAtMost() {
        Queue queue = new Queue(2e9);
        queue.run(Duration.ofSeconds(30));
        int settled = queue.estimator.estimateBytes();

        queue.bytesPerSecond /= 4;
        queue.run(Duration.ofHours(1));

        assertThat(queue.estimator.estimateBytes()).isLessThanOrEqualTo(3 * settled);
    }

    /** While this side is being compiled, its round trips become shorter and its bandwidth larger by themselves. */
    @Test
    void h28AReaderThatBecomesFasterDoesNotReachTheCap() {
        Queue queue = new Queue(20e6);
        for (int i = 0; i < 8; i++) {
            queue.round();
            queue.bytesPerSecond *= 1.8;
        }
        queue.run(Duration.ofMinutes(5));

        assertThat(queue.estimator.estimateBytes()).isLessThanOrEqualTo(3 * MIB);
    }

    @Test
    void slowTrafficCausesNoProbe() {
        BdpEstimator estimator = new BdpEstimator(MIB, CAP, 0);
        long now = 0;
        for (int i = 0; i < 100_000; i++) {
            now += 1_000_000;
            assertThat(estimator.onData(1000) && estimator.tryProbe(now)).isFalse();
        }
    }

    @Test
    void aBurstAfterAPauseIsProbed() {
        BdpEstimator estimator = new BdpEstimator(MIB, CAP, 0);
        long anHour = Duration.ofHours(1).toNanos();

        assertThat(estimator.onData(MIB / 8)).isTrue();
        assertThat(estimator.tryProbe(anHour)).as("bytes of an hour").isFalse();
        assertThat(estimator.onData(MIB / 8 - 1)).isFalse();
        assertThat(estimator.onData(1)).isTrue();

        assertThat(estimator.tryProbe(anHour + 1_000_000)).isTrue();
    }

    @Test
    void anAnswerToNoProbeCountsForNothing() {
        BdpEstimator estimator = new BdpEstimator(MIB, CAP, 0);
        estimator.onData(10 * MIB);

        assertThat(estimator.onAnswer(1)).isFalse();
        assertThat(estimator.estimateBytes()).isEqualTo(MIB);
    }

    @Test
    void aRoundTripIsComparedBeforeItLetsTheWindowGrow() {
        BdpEstimator estimator = new BdpEstimator(MIB, CAP, 0);

        assertThat(probe(estimator, 0, 40)).as("the first of all").isFalse();
        assertThat(probe(estimator, 100, 120)).as("much shorter than the first").isFalse();
        assertThat(probe(estimator, 200, 219)).as("like the one before").isTrue();
        assertThat(estimator.estimateBytes()).isEqualTo(2 * MIB);
    }

    private static boolean probe(BdpEstimator estimator, long fromMs, long toMs) {
        assertThat(estimator.onData(MIB)).isTrue();
        assertThat(estimator.tryProbe(Duration.ofMillis(fromMs).toNanos())).isTrue();
        estimator.onData(MIB);
        return estimator.onAnswer(Duration.ofMillis(toMs).toNanos());
    }

    @Test
    void aSmallSampleChangesNothingButTheDistanceToTheNextProbe() {
        BdpEstimator estimator = new BdpEstimator(MIB, CAP, 0);
        long now = 0;
        for (int distance : new int[] {MIB / 8, MIB / 4, MIB / 2, MIB, MIB, MIB}) {
            assertThat(estimator.onData(distance - 1)).isFalse();
            assertThat(estimator.onData(1)).isTrue();
            assertThat(estimator.tryProbe(++now)).isTrue();
            estimator.onData(MIB / 2);
            assertThat(estimator.onAnswer(++now)).isFalse();
        }
        assertThat(estimator.estimateBytes()).isEqualTo(MIB);
    }

    /** A path without length: a probe takes as long as the window that waits before it, whatever that is. */
    private static final class Queue {
        final BdpEstimator estimator = new BdpEstimator(MIB, CAP, 0);
        double bytesPerSecond;
        private long nowNs;

        Queue(double bytesPerSecond) {
            this.bytesPerSecond = bytesPerSecond;
        }

        void run(Duration time) {
            long endNs = nowNs + time.toNanos();
            while (nowNs < endNs) {
                round();
                // Most windows are not probed; their time passes at once.
                nowNs += 50_000_000;
            }
        }

        /** A window's DATA, and another one behind the probe if there is one. */
        void round() {
            int window = estimator.estimateBytes();
            nowNs += (long) (window / bytesPerSecond * 1e9);
            if (estimator.onData(window) && estimator.tryProbe(nowNs)) {
                estimator.onData(window);
                nowNs += (long) (window / bytesPerSecond * 1e9);
                estimator.onAnswer(nowNs);
            }
        }
    }

    /** One sender behind a bottleneck, and the estimate as its window. */
    private static final class Link {
        private static final int FRAME_BYTES = 16 << 10;

        private record Event(long atNs, long order, Runnable action) implements Comparable<Event> {
            @Override
            public int compareTo(Event other) {
                int byTime = Long.compare(atNs, other.atNs);
                return byTime != 0 ? byTime : Long.compare(order, other.order);
            }
        }

        final BdpEstimator estimator = new BdpEstimator(MIB, CAP, 0);
        final double bandwidth;
        private long oneWayNs;
        private final PriorityQueue<Event> events = new PriorityQueue<>();
        private long order;
        private long nowNs;
        private long window = MIB;
        private long credit = MIB;
        private long owed;
        private long linkFreeAtNs;
        private boolean retrying;
        int probes;
        long received;

        /** What the sender's socket takes before it is sent. */
        long socketBytes = 4 * MIB;

        Link(double bandwidth, Duration roundTrip) {
            this.bandwidth = bandwidth;
            roundTrip(roundTrip);
        }

        /** From now on. */
        void roundTrip(Duration time) {
            oneWayNs = time.toNanos() / 2;
        }

        double productBytes() {
            return bandwidth * 2 * oneWayNs / 1e9;
        }

        void run(Duration time) {
            long endNs = nowNs + time.toNanos();
            send();
            while (!events.isEmpty() && events.element().atNs() <= endNs) {
                Event next = events.remove();
                nowNs = next.atNs();
                next.action().run();
            }
            nowNs = endNs;
        }

        double secondsToFill(long bytes) {
            long target = received + bytes;
            long startNs = nowNs;
            while (received < target) {
                Event next = events.remove();
                nowNs = next.atNs();
                next.action().run();
            }
            return (nowNs - startNs) / 1e9;
        }

        private void after(long delayNs, Runnable action) {
            events.add(new Event(nowNs + delayNs, order++, action));
        }

        private void send() {
            while (credit >= FRAME_BYTES) {
                long queuedNs = Math.max(0, linkFreeAtNs - nowNs);
                if (queuedNs * bandwidth / 1e9 > socketBytes) {
                    retryWhenSent();
                    return;
                }
                credit -= FRAME_BYTES;
                linkFreeAtNs = nowNs + queuedNs + (long) (FRAME_BYTES / bandwidth * 1e9);
                after(linkFreeAtNs - nowNs + oneWayNs, this::receive);
            }
        }

        private void retryWhenSent() {
            if (!retrying) {
                retrying = true;
                after((long) (FRAME_BYTES / bandwidth * 1e9) + 1, () -> {
                    retrying = false;
                    send();
                });
            }
        }

        private void receive() {
            received += FRAME_BYTES;
            owed += FRAME_BYTES;
            if (owed >= window / 4) {
                grant(owed);
                owed = 0;
            }
            if (estimator.onData(FRAME_BYTES) && estimator.tryProbe(nowNs)) {
                probes++;
                after(oneWayNs, () -> after(Math.max(0, linkFreeAtNs - nowNs) + oneWayNs, this::answer));
            }
        }

        private void answer() {
            if (estimator.onAnswer(nowNs)) {
                grant(estimator.estimateBytes() - window);
                window = estimator.estimateBytes();
            }
        }

        private void grant(long bytes) {
            after(oneWayNs, () -> {
                credit += bytes;
                send();
            });
        }
    }
}
