package io.peregrine.transport.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CallerSpinTest {
    private final AtomicInteger waiting = new AtomicInteger();
    private final CallerSpin spin = new CallerSpin(waiting, 8);

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void nobodySpinsOnTwoProcessorsOrFewer(int processors) {
        CallerSpin none = new CallerSpin(waiting, processors);

        assertThat(none.enter()).isFalse();
        none.leave();

        assertThat(waiting).hasValue(0);
    }

    @Test
    void spinsWhileNoMoreThreadsWaitThanHalfTheProcessors() {
        for (int i = 0; i < 4; i++) {
            assertThat(spin.enter()).isTrue();
        }

        assertThat(spin.enter()).isFalse();

        spin.leave();
        spin.leave();
        assertThat(spin.enter()).isTrue();
    }

    @Test
    void threadsThatWaitForOtherChannelsCount() {
        CallerSpin other = new CallerSpin(waiting, 8);
        for (int i = 0; i < 4; i++) {
            other.enter();
        }

        assertThat(spin.enter()).isFalse();
    }

    @Test
    void spinsNoMoreWhereItDoesNotPay() {
        int spins = 0;
        for (int i = 0; i < 1_000; i++) {
            if (spin.enter()) {
                spins++;
                spin.outcome(false);
            }
            spin.leave();
        }

        assertThat(spins).isBetween(1, 20);
        assertThat(waiting).hasValue(0);
    }
}
