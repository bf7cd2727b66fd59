package io.peregrine.client.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.UnaryCallback;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.internal.control.PickerSnapshot;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** P1 and P10 with real threads: what the model test runs in turn happens at once here. */
class UnaryCallRaceTest {
    private static final int CALLS = 5_000;

    @Test
    void p10CallsThatAreStartedCancelledAndPickedAtOnceEachEndOnce() throws Exception {
        CallFixture fixture = new CallFixture(Integer.MAX_VALUE, Integer.MAX_VALUE);
        fixture.pickers.publish(CallFixture.queueing());
        BlockingQueue<UnaryCall<?, ?>> toCancel = new LinkedBlockingQueue<>();
        Semaphore ended = new Semaphore(0);
        AtomicInteger[] ends = new AtomicInteger[CALLS];
        Thread canceller = new Thread(() -> cancelAll(toCancel));
        Thread publisher = new Thread(() -> publishUntil(fixture.pickers, ended));
        canceller.start();
        publisher.start();

        for (int i = 0; i < CALLS; i++) {
            AtomicInteger count = new AtomicInteger();
            ends[i] = count;
            UnaryCall<byte[], byte[]> call = new CallbackCall<>(
                    fixture.dispatcher, CallFixture.ECHO, CallOptions.DEFAULT, new Counting(count, ended));
            toCancel.add(call);
            call.start(CallFixture.REQUEST);
        }
        assertThat(ended.tryAcquire(CALLS, 60, TimeUnit.SECONDS))
                .as("all calls end")
                .isTrue();
        ended.release(CALLS);
        canceller.join();
        publisher.join();

        assertThat(ends).allSatisfy(count -> assertThat(count).hasValue(1));
        fixture.assertAllReleased();
    }

    private static void cancelAll(BlockingQueue<UnaryCall<?, ?>> toCancel) {
        try {
            for (int i = 0; i < CALLS; i++) {
                toCancel.take().cancel();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Pickers that make calls wait and pickers that make them fail, in turn. */
    private static void publishUntil(PickerSnapshot pickers, Semaphore ended) {
        PickResult down = PickResult.fail(Status.of(StatusCode.UNAVAILABLE, "down"));
        while (ended.availablePermits() < CALLS) {
            pickers.publish(info -> PickResult.queue());
            pickers.publish(info -> down);
        }
    }

    private record Counting(AtomicInteger count, Semaphore ended) implements UnaryCallback<byte[]> {
        @Override
        public void onSuccess(byte[] response, Metadata trailers) {
            end();
        }

        @Override
        public void onFailure(StatusException failure) {
            end();
        }

        private void end() {
            count.incrementAndGet();
            ended.release();
        }
    }
}
