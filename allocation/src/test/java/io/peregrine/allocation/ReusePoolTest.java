package io.peregrine.allocation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class ReusePoolTest {
    private final ReusePool<Kept> pool = new ReusePool<>(Kept::new);

    @Test
    void whatWasGivenBackIsTakenAgain() {
        Kept first = pool.take();
        assertThat(pool.take()).isNotSameAs(first);
        first.putBack();

        assertThat(pool.take()).isSameAs(first);
    }

    @Test
    void aThreadFindsWhatAnotherHasGivenBackForIt() throws Exception {
        Kept mine = pool.take();
        Thread other = new Thread(mine::putBack);
        other.start();
        other.join();

        assertThat(pool.take()).isSameAs(mine);
    }

    @Test
    void whatDoesNotFitIsForgotten() {
        for (int i = 0; i < 5_000; i++) {
            new Kept(pool.take().shelf).putBack();
        }
        Set<Kept> taken = new HashSet<>();
        for (int i = 0; i < 5_000; i++) {
            taken.add(pool.take());
        }

        assertThat(taken).hasSize(5_000);
    }

    @Test
    void noObjectHasTwoUsersAtATime() throws Exception {
        int threads = 4;
        CountDownLatch begin = new CountDownLatch(threads);
        ExecutorService users = Executors.newFixedThreadPool(threads);
        try {
            Future<?>[] done = new Future<?>[threads];
            for (int i = 0; i < threads; i++) {
                done[i] = users.submit(() -> {
                    begin.countDown();
                    begin.await();
                    for (int round = 0; round < 200_000; round++) {
                        Kept taken = pool.take();
                        assertThat(taken.inUse.compareAndSet(false, true)).isTrue();
                        taken.inUse.set(false);
                        taken.putBack();
                    }
                    return null;
                });
            }
            for (Future<?> user : done) {
                user.get(60, TimeUnit.SECONDS);
            }
        } finally {
            users.shutdownNow();
        }
    }

    private static final class Kept {
        final AtomicBoolean inUse = new AtomicBoolean();
        final ReusePool.Shelf<Kept> shelf;

        Kept(ReusePool.Shelf<Kept> shelf) {
            this.shelf = shelf;
        }

        void putBack() {
            shelf.putBack(this);
        }
    }
}
