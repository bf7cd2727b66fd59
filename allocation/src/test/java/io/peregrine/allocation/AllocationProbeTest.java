package io.peregrine.allocation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AllocationProbeTest {
    /** The header of an array of bytes on a 64-bit HotSpot: 16 bytes, or 20 to 24 with wider class pointers. */
    private static final long MAX_ARRAY_HEADER_BYTES = 24;

    @SuppressWarnings("unused") // keeps the arrays from being optimised away
    private static volatile @Nullable Object escaped;

    @Test
    void measuresAnArrayToTheByte() {
        long bytes = LeastAllocation.of(() -> escaped = new byte[1_000_000]);
        long bytesOfTheNextSize = LeastAllocation.of(() -> escaped = new byte[1_000_008]);

        assertThat(bytes).isBetween(1_000_000L, 1_000_000L + MAX_ARRAY_HEADER_BYTES);
        assertThat(bytesOfTheNextSize).isEqualTo(bytes + 8);
    }

    @Test
    void showsNothingForAnActionThatAllocatesNothing() {
        assertThat(LeastAllocation.of(() -> {})).isZero();
    }

    @Test
    void readingTheCounterCostsNothing() {
        long leastBytes = Long.MAX_VALUE;
        for (int round = 0; round < 20; round++) {
            long before = AllocationProbe.allocatedBytes();
            leastBytes = Math.min(leastBytes, AllocationProbe.allocatedBytes() - before);
        }

        assertThat(leastBytes).isZero();
    }

    @Test
    void passesOnWhatTheActionThrows() {
        RuntimeException failure = new RuntimeException("the action failed");

        assertThatThrownBy(() -> AllocationProbe.measure(() -> {
                    throw failure;
                }))
                .isSameAs(failure);
    }

    @Test
    void seesTheBytesOfOtherLiveThreadsOnlyInTheSum() throws InterruptedException {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        CountDownLatch allocated = new CountDownLatch(1);
        CountDownLatch measured = new CountDownLatch(1);
        Thread other = new Thread(() -> {
            started.countDown();
            await(go);
            escaped = new byte[8_000_000];
            allocated.countDown();
            await(measured);
        });
        other.start();
        await(started);
        long ownBefore = AllocationProbe.allocatedBytes();
        long allBefore = AllocationProbe.allocatedBytesOfAllThreads();

        go.countDown();
        await(allocated);
        long all = AllocationProbe.allocatedBytesOfAllThreads() - allBefore;
        long own = AllocationProbe.allocatedBytes() - ownBefore;
        measured.countDown();
        other.join(10_000);

        assertThat(all).isGreaterThanOrEqualTo(8_000_000);
        assertThat(own).isLessThan(1_000_000);
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", interrupted);
        }
    }
}
