package io.peregrine.transport.io.driven;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class BatonTest {
    private final Baton baton = new Baton();
    private final Thread me = Thread.currentThread();
    private final Thread other = new Thread(() -> {});

    @Test
    void goesToOneThreadAtATime() {
        assertThat(baton.tryTake(me)).isTrue();

        assertThat(baton.tryTake(other)).isFalse();
        assertThat(baton.tryTakeAsGuard(other)).isFalse();
        assertThat(baton.isHeldBy(me)).isTrue();
        assertThat(baton.isHeldBy(other)).isFalse();
    }

    @Test
    void isFreeForAnybodyOnceLaidDown() {
        baton.tryTakeAsGuard(me);
        assertThat(baton.isGuarded()).isTrue();

        baton.release();

        assertThat(baton.isFree()).isTrue();
        assertThat(baton.isHeldBy(me)).isFalse();
        assertThat(baton.tryTake(other)).isTrue();
    }

    @Test
    void belongsToTheNextOneOnceItIsPassed() {
        baton.tryTakeAsGuard(me);

        baton.pass(other);

        assertThat(baton.isHeldBy(other)).isTrue();
        assertThat(baton.isHeldByCaller()).isTrue();
        assertThatThrownBy(baton::release).isInstanceOf(AssertionError.class);
    }

    @Test
    void isNobodysOnceTheLoopHasEnded() {
        baton.tryTakeAsGuard(me);

        baton.end();

        assertThat(baton.tryTake(other)).isFalse();
        assertThat(baton.tryTakeAsGuard(other)).isFalse();
        assertThat(baton.isFree()).isFalse();
    }
}
