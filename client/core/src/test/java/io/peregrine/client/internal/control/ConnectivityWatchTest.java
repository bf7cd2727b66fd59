package io.peregrine.client.internal.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.Cancellable;
import io.peregrine.client.ConnectivityState;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** CH-8. */
class ConnectivityWatchTest {
    private final ConnectivityWatch watch = new ConnectivityWatch(Runnable::run);

    @Test
    void ch1BeginsIdle() {
        assertThat(watch.state()).isEqualTo(ConnectivityState.IDLE);
    }

    @Test
    void ch8CompletesWhenTheStateChanges() {
        CompletableFuture<ConnectivityState> changed = watch.changedFrom(ConnectivityState.IDLE);
        assertThat(changed).isNotDone();

        watch.move(ConnectivityState.IDLE);
        assertThat(changed).isNotDone();
        watch.move(ConnectivityState.CONNECTING);

        assertThat(changed).isCompletedWithValue(ConnectivityState.CONNECTING);
    }

    @Test
    void ch8CompletesAtOnceWhenTheStateIsAnother() {
        assertThat(watch.changedFrom(ConnectivityState.READY)).isCompletedWithValue(ConnectivityState.IDLE);
    }

    @Test
    void forgetsWhoGaveUp() {
        watch.changedFrom(ConnectivityState.IDLE).cancel(false);
        CompletableFuture<ConnectivityState> waiting = watch.changedFrom(ConnectivityState.IDLE);
        watch.changedFrom(ConnectivityState.IDLE).cancel(false);

        CompletableFuture<ConnectivityState> late = watch.changedFrom(ConnectivityState.IDLE);

        assertThat(watch.waiting()).isEqualTo(2);
        watch.move(ConnectivityState.CONNECTING);
        assertThat(waiting).isCompletedWithValue(ConnectivityState.CONNECTING);
        assertThat(late).isCompletedWithValue(ConnectivityState.CONNECTING);
    }

    @Test
    void ch1ShutdownIsForGood() {
        watch.move(ConnectivityState.SHUTDOWN);
        watch.move(ConnectivityState.READY);

        assertThat(watch.state()).isEqualTo(ConnectivityState.SHUTDOWN);
    }

    @Test
    void tellsItsWatchersOnTheExecutor() {
        List<Runnable> tasks = new ArrayList<>();
        ConnectivityWatch slow = new ConnectivityWatch(tasks::add);
        CompletableFuture<ConnectivityState> changed = slow.changedFrom(ConnectivityState.IDLE);

        slow.move(ConnectivityState.READY);
        assertThat(changed).isNotDone();
        tasks.forEach(Runnable::run);

        assertThat(changed).isCompletedWithValue(ConnectivityState.READY);
    }

    @Test
    void ch8AListenerIsToldTheStateNowAndEachLaterOneOnce() {
        List<ConnectivityState> told = new ArrayList<>();
        Cancellable watching = watch.watch(told::add);
        watch.move(ConnectivityState.CONNECTING);
        watch.move(ConnectivityState.CONNECTING);
        watch.move(ConnectivityState.READY);
        watching.cancel();
        watch.move(ConnectivityState.IDLE);

        assertThat(told).containsExactly(ConnectivityState.IDLE, ConnectivityState.CONNECTING, ConnectivityState.READY);
        assertThat(watch.watchers()).isZero();
    }

    @Test
    void ch8AListenerMissesStatesThatAreOvertakenAndNeverTheLast() {
        List<Runnable> tasks = new ArrayList<>();
        ConnectivityWatch slow = new ConnectivityWatch(tasks::add);
        List<ConnectivityState> told = new ArrayList<>();
        Cancellable unused = slow.watch(told::add);
        slow.move(ConnectivityState.CONNECTING);
        slow.move(ConnectivityState.READY);
        slow.move(ConnectivityState.SHUTDOWN);

        tasks.forEach(Runnable::run);

        assertThat(tasks).hasSize(1);
        assertThat(told).containsExactly(ConnectivityState.SHUTDOWN);
        assertThat(slow.watchers()).as("nothing comes after it").isZero();
    }

    @Test
    void ch8AListenerThatThrowsIsToldOfTheNextState() {
        List<ConnectivityState> told = new ArrayList<>();
        Cancellable unused = watch.watch(state -> {
            told.add(state);
            throw new IllegalStateException("listener");
        });
        watch.move(ConnectivityState.READY);

        assertThat(told).containsExactly(ConnectivityState.IDLE, ConnectivityState.READY);
    }

    @Test
    void ch8AListenerIsToldByOneThreadAtATimeAndTheLastStateLast() throws Exception {
        ExecutorService several = Executors.newFixedThreadPool(4);
        try {
            ConnectivityWatch shared = new ConnectivityWatch(several);
            CountDownLatch shut = new CountDownLatch(1);
            List<ConnectivityState> told = new ArrayList<>();
            Cancellable unused = shared.watch(state -> {
                told.add(state);
                if (state == ConnectivityState.SHUTDOWN) {
                    shut.countDown();
                }
            });
            for (int n = 0; n < 10_000; n++) {
                shared.move(n % 2 == 0 ? ConnectivityState.READY : ConnectivityState.CONNECTING);
            }
            shared.move(ConnectivityState.SHUTDOWN);

            assertThat(shut.await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(told).endsWith(ConnectivityState.SHUTDOWN);
            for (int n = 1; n < told.size(); n++) {
                assertThat(told.get(n)).isNotEqualTo(told.get(n - 1));
            }
        } finally {
            several.shutdownNow();
        }
    }
}
