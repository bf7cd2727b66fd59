package io.peregrine.client.internal.retry;

import static io.peregrine.client.internal.retry.HeaderLatency.NOT_ENOUGH_YET;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.testkit.Seeds;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** HG-1: the delay may follow what the method's calls took. */
class HeaderLatencyTest {
    private final HeaderLatency latency = new HeaderLatency();

    @Test
    void hg1APercentileNeedsTenRecordsBeyondIt() {
        record(199, 1_000);
        assertThat(latency.atPercentile(95)).isEqualTo(NOT_ENOUGH_YET);
        record(65, 1_000);
        assertThat(latency.atPercentile(95)).isBetween(1_000L, 1_062L);
        assertThat(latency.atPercentile(99)).isEqualTo(NOT_ENOUGH_YET);
    }

    @Test
    void hg1APercentileIsNeverTooSmallAndAtMostOneSixteenthTooLarge() {
        SplittableRandom random = Seeds.random("a percentile is within 1/16 above the true one");
        for (int run = 0; run < 300; run++) {
            HeaderLatency fresh = new HeaderLatency();
            long[] all = new long[random.nextInt(1_000, 2_048)];
            int bits = random.nextInt(1, 40);
            for (int i = 0; i < all.length; i++) {
                all[i] = random.nextLong(1L << random.nextInt(1, bits + 1));
                fresh.record(all[i]);
            }
            Arrays.sort(all);
            for (double percentile : new double[] {0.1, 50, 90, 95, 99}) {
                long truth = all[(int) Math.ceil(all.length * percentile / 100) - 1];
                assertThat(fresh.atPercentile(percentile)).isBetween(truth, truth + truth / 16);
            }
        }
    }

    @Test
    void hg1EachValueUpToFifteenNanosecondsIsExact() {
        for (long value = 0; value < 16; value++) {
            HeaderLatency fresh = new HeaderLatency();
            for (int i = 0; i < 20; i++) {
                fresh.record(value);
            }
            assertThat(fresh.atPercentile(50)).isEqualTo(value);
        }
    }

    @Test
    void hg1WhatIsOutOfRangeCountsAsTheNearestInRange() {
        record(20, -5);
        assertThat(latency.atPercentile(50)).isZero();

        HeaderLatency slow = new HeaderLatency();
        for (int i = 0; i < 20; i++) {
            slow.record(Long.MAX_VALUE);
        }
        assertThat(slow.atPercentile(50)).isEqualTo((1L << 40) - 1);
    }

    @Test
    void hg1APercentileIsKeptUntilSixtyFourMoreAreRecorded() {
        record(20, 1_000);
        long before = latency.atPercentile(50);

        record(63, 1_000_000);
        assertThat(latency.atPercentile(50)).isEqualTo(before).isBetween(1_000L, 1_062L);
        record(1, 1_000_000);
        assertThat(latency.atPercentile(50)).isGreaterThanOrEqualTo(1_000_000);
    }

    @Test
    void hg1OldLatenciesAreForgotten() {
        record(100_000, 1_000_000);
        assertThat(latency.atPercentile(95)).isGreaterThanOrEqualTo(1_000_000);

        for (int i = 0; i < 40_000; i++) {
            latency.record(1_000);
            latency.atPercentile(95);
        }

        assertThat(latency.atPercentile(95)).isBetween(1_000L, 1_062L);
    }

    @Test
    void hg1ThreadsThatRecordAtOnceLoseNothing() throws Exception {
        record(10_000, 500);
        AtomicLong asked = new AtomicLong();

        List<Boolean> plausible = Racers.race(4, () -> {
            boolean all = true;
            for (int i = 0; i < 200_000; i++) {
                latency.record(500 + i % 501);
                long now = latency.atPercentile(asked.getAndIncrement() % 5_000 == 0 ? 50 : 95);
                all &= now == NOT_ENOUGH_YET || (now >= 500 && now <= 1_063);
            }
            return all;
        });

        assertThat(plausible).containsOnly(true);
        for (int i = 0; i < 64; i++) {
            latency.record(900);
        }
        assertThat(latency.atPercentile(95)).isBetween(900L, 1_063L);
    }

    private void record(int times, long latencyNs) {
        for (int i = 0; i < times; i++) {
            latency.record(latencyNs);
        }
    }
}
