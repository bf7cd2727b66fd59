package io.peregrine.allocation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReusableBytesTest {
    @Test
    void holdsAtLeastTheLengthAskedFor() {
        for (int length : new int[] {0, 1, 127, 128, 129, 1000, 65_536, 65_537, 1 << 20}) {
            try (ReusableBytes bytes = ReusableBytes.ofLength(length)) {
                assertThat(bytes.length()).isEqualTo(length);
                assertThat(bytes.array().length).isGreaterThanOrEqualTo(length);
            }
        }
    }

    @Test
    void copiesAnArray() {
        byte[] source = {1, 2, 3};
        try (ReusableBytes copy = ReusableBytes.copyOf(source)) {
            assertThat(copy.array()).startsWith(source).isNotSameAs(source);
            assertThat(copy.length()).isEqualTo(3);
        }
    }

    @Test
    void closedBytesAreUsedAgainAndCostNothing() {
        for (int i = 0; i < 20_000; i++) {
            ReusableBytes.ofLength(100).close();
        }

        long allocated = LeastAllocation.of(() -> {
            for (int i = 0; i < 1_000; i++) {
                ReusableBytes.ofLength(100).close();
            }
        });

        assertThat(allocated).isZero();
    }

    @Test
    void noTwoOwnersHaveTheSameBytes() {
        Set<ReusableBytes> owned = new HashSet<>();
        List<ReusableBytes> first = new ArrayList<>();
        for (int i = 0; i < 3_000; i++) {
            first.add(ReusableBytes.ofLength(10));
        }
        first.forEach(ReusableBytes::close);

        for (int i = 0; i < 3_000; i++) {
            assertThat(owned.add(ReusableBytes.ofLength(10))).isTrue();
        }
    }

    @Test
    void largeArraysAreNotKept() {
        ReusableBytes large = ReusableBytes.ofLength(ReusableBytes.MAX_KEPT_BYTES + 1);
        large.close();

        for (int i = 0; i < 2_000; i++) {
            assertThat(ReusableBytes.ofLength(10)).isNotSameAs(large);
        }
    }

    @Test
    void refusesASecondClose() {
        ReusableBytes bytes = ReusableBytes.ofLength(1);
        bytes.close();

        assertThatIllegalStateException()
                .isThrownBy(bytes::close)
                .withMessage("bytes: closed before (expected: one close by their owner)");
    }

    @Test
    void refusesANegativeLength() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ReusableBytes.ofLength(-1))
                .withMessage("length: -1 (expected: 0 or more)");
    }
}
