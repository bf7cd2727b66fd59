package io.peregrine.client.internal.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.internal.control.PickerSnapshot.Wait;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PickerSnapshotTest {
    private final Picker first = picker();
    private final Picker second = picker();
    private final PickerSnapshot pickers = new PickerSnapshot(first, 3, Runnable::run);

    @Test
    void pk3AWaiterIsToldOfTheNextPickerOnce() {
        AtomicInteger told = new AtomicInteger();

        assertThat(pickers.await(told::incrementAndGet, first)).isEqualTo(Wait.WAITING);
        pickers.publish(second);
        pickers.publish(picker());

        assertThat(told).hasValue(1);
    }

    @Test
    void pk3WhoSawAnOldPickerDoesNotWait() {
        pickers.publish(second);

        assertThat(pickers.await(() -> {}, first)).isEqualTo(Wait.REPLACED);
        assertThat(pickers.waiting()).isZero();
    }

    @Test
    void pk10WaitersAreWokenInTheOrderOfTheirArrival() {
        List<Integer> woken = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            int number = i;
            pickers.await(() -> woken.add(number), first);
        }

        pickers.publish(second);

        assertThat(woken).containsExactly(0, 1, 2);
    }

    @Test
    void cs5OtherConnectionsWakeAllWhoWaitThoughThePickerStays() {
        AtomicInteger told = new AtomicInteger();
        pickers.await(told::incrementAndGet, first);

        pickers.wakeAll();
        pickers.wakeAll();

        assertThat(told).hasValue(1);
        assertThat(pickers.current()).isSameAs(first);
        assertThat(pickers.waiting()).isZero();
    }

    @Test
    void p9NoMoreThanTheLimitWait() {
        for (int i = 0; i < 3; i++) {
            assertThat(pickers.await(newWaiter(), first)).isEqualTo(Wait.WAITING);
        }

        assertThat(pickers.await(newWaiter(), first)).isEqualTo(Wait.FULL);
        assertThat(pickers.waiting()).isEqualTo(3);
    }

    @Test
    void aWaiterThatIsRemovedIsNotTold() {
        PickerSnapshot.Waiter waiter = () -> {
            throw new AssertionError("told although removed");
        };
        pickers.await(waiter, first);

        assertThat(pickers.remove(waiter)).isTrue();
        assertThat(pickers.remove(waiter)).isFalse();
        pickers.publish(second);

        assertThat(pickers.waiting()).isZero();
    }

    @Test
    void aWaiterThatThrowsKeepsNobodyElseWaiting() {
        AtomicInteger told = new AtomicInteger();
        pickers.await(
                () -> {
                    throw new IllegalStateException("first in line");
                },
                first);
        pickers.await(told::incrementAndGet, first);

        pickers.publish(second);

        assertThat(told).hasValue(1);
        assertThat(pickers.waiting()).isZero();
    }

    @Test
    void waitersAreWokenOnTheExecutorAndCountUntilTheyHavePickedAgain() {
        List<Runnable> tasks = new ArrayList<>();
        PickerSnapshot slow = new PickerSnapshot(first, 3, tasks::add);
        AtomicInteger told = new AtomicInteger();
        slow.await(told::incrementAndGet, first);

        slow.publish(second);
        assertThat(told).hasValue(0);
        assertThat(slow.waiting()).isEqualTo(1);
        tasks.forEach(Runnable::run);

        assertThat(told).hasValue(1);
        assertThat(slow.waiting()).isZero();
    }

    @Test
    void anExecutorThatIsGoneKeepsNobodyWaiting() {
        PickerSnapshot gone = new PickerSnapshot(first, 3, task -> {
            throw new RejectedExecutionException("shut down");
        });
        AtomicInteger told = new AtomicInteger();
        gone.await(told::incrementAndGet, first);

        gone.publish(second);

        assertThat(told).hasValue(1);
    }

    /** Threads wait for pickers as fast as they can while others replace them: nobody misses the last one. */
    @Test
    void noWakeUpIsLostBetweenWaitersAndPublishers() throws Exception {
        PickerSnapshot raced = new PickerSnapshot(first, Integer.MAX_VALUE, Runnable::run);
        int waiters = 20_000;
        CountDownLatch told = new CountDownLatch(waiters);
        Thread publisher = new Thread(() -> {
            while (told.getCount() > 0) {
                raced.publish(picker());
            }
        });
        publisher.start();
        for (int i = 0; i < waiters; i++) {
            PickerSnapshot.Waiter waiter = told::countDown;
            if (raced.await(waiter, raced.current()) != Wait.WAITING) {
                told.countDown();
            }
        }

        assertThat(told.await(30, TimeUnit.SECONDS)).isTrue();
        publisher.join();
        assertThat(raced.waiting()).isZero();
    }

    private static PickerSnapshot.Waiter newWaiter() {
        AtomicInteger told = new AtomicInteger();
        return told::incrementAndGet;
    }

    private static Picker picker() {
        PickResult result = PickResult.drop(io.peregrine.client.Status.OK);
        return info -> result;
    }
}
