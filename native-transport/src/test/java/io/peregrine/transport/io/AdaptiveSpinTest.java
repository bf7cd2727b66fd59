package io.peregrine.transport.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.peregrine.testkit.Seeds;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class AdaptiveSpinTest {
    private static final int WAITS = 10_000;

    private final AdaptiveSpin spin = new AdaptiveSpin(20_000);

    @Test
    void goesOnWhileSpinsPay() {
        assertThat(spins(WAITS, 1.0)).isEqualTo(WAITS);
    }

    @Test
    void stopsWhenSpinsDoNotPayAndAsksAnewAtOneWaitIn128() {
        spins(1_000, 0.0);

        assertThat(spins(129 * 10, 0.0)).isEqualTo(10);
    }

    @Test
    void beginsAgainWhenSpinsPayAgain() {
        spins(1_000, 0.0);
        // 128 + 64 + 32 + ... waits, and the spins between them.
        spins(264, 1.0);

        assertThat(spins(WAITS, 1.0)).isEqualTo(WAITS);
    }

    @Test
    void spinsAtMostWaitsIfMostPayAndAtFewIfFewDo() {
        assertThat(spins(WAITS, 0.8)).isGreaterThan(WAITS / 2);
        assertThat(spins(WAITS, 0.2)).isLessThan(WAITS / 20);
    }

    @Test
    void isOffWithoutALimit() {
        AdaptiveSpin off = new AdaptiveSpin(0);

        assertThat(off.isOff()).isTrue();
        assertThat(off.begin()).isFalse();
        assertThat(spin.isOff()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, Long.MIN_VALUE})
    void refusesALimitBelowZero(long limitNs) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new AdaptiveSpin(limitNs))
                .withMessage("limitNs: " + limitNs + " (expected: 0 or more)");
    }

    /** How many of so many waits spin, if a spin pays with this probability. */
    private int spins(int waits, double paying) {
        SplittableRandom random = Seeds.random("spins pay with probability " + paying);
        int spins = 0;
        for (int i = 0; i < waits; i++) {
            if (spin.begin()) {
                spins++;
                spin.end(random.nextDouble() < paying);
            }
        }
        return spins;
    }
}
