package io.peregrine.client.compression;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class StatePoolTest {
    private final AtomicInteger made = new AtomicInteger();
    private final List<Integer> reset = new ArrayList<>();
    private final List<Integer> ended = new ArrayList<>();
    private final StatePool<Integer> pool = new StatePool<>(2, made::incrementAndGet, reset::add, ended::add);

    @Test
    void handsAStateOutAgainOnceItIsBack() {
        Integer first = pool.take();
        pool.giveBack(first);

        assertThat(pool.take()).isSameAs(first);
        assertThat(reset).containsExactly(first);
        assertThat(made).hasValue(1);
    }

    @Test
    void handsNoStateOutTwice() {
        assertThat(List.of(pool.take(), pool.take(), pool.take())).doesNotHaveDuplicates();
    }

    @Test
    void keepsNoMoreThanItHasPlacesFor() {
        List<Integer> taken = List.of(pool.take(), pool.take(), pool.take());
        taken.forEach(pool::giveBack);

        assertThat(ended).containsExactly(3);
        assertThat(List.of(pool.take(), pool.take(), pool.take())).containsExactlyInAnyOrder(1, 2, 4);
    }
}
