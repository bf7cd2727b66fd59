package io.peregrine.client.internal.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.ConnectivityState;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
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
}
