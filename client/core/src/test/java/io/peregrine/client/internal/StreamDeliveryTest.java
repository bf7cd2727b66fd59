package io.peregrine.client.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.allocation.AllocationProbe;
import io.peregrine.client.CallOptions;
import io.peregrine.client.Metadata;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** The way of events to a callback when they may come from several threads. */
class StreamDeliveryTest {
    private static final byte[] FIRST = {1};
    private static final byte[] SECOND = {2};

    private final List<byte[]> delivered = new ArrayList<>();

    @Test
    void aMessageWhileNobodyIsAtItCostsNoObject() {
        byte[][] last = new byte[1][];
        StreamDelivery<byte[]> delivery = delivery(message -> last[0] = message);
        long least = Long.MAX_VALUE;
        for (int window = 0; window < 20; window++) {
            least = Math.min(least, AllocationProbe.measure(() -> {
                for (int i = 0; i < 1000; i++) {
                    delivery.onMessage(FIRST);
                }
            }));
        }

        assertThat(least).isZero();
        assertThat(last[0]).isSameAs(FIRST);
    }

    @Test
    void aMessageFromWithinTheCallbackComesBehindTheOneInHand() {
        List<String> steps = new ArrayList<>();
        List<StreamDelivery<byte[]>> self = new ArrayList<>();
        StreamDelivery<byte[]> delivery = delivery(message -> {
            steps.add("begin " + message[0]);
            if (message == FIRST) {
                self.get(0).onMessage(SECOND);
            }
            steps.add("end " + message[0]);
        });
        self.add(delivery);

        delivery.onMessage(FIRST);

        assertThat(steps).containsExactly("begin 1", "end 1", "begin 2", "end 2");
    }

    @Test
    void aMessageOfAnotherThreadIsDeliveredByTheOneThatIsAtIt() {
        List<Thread> threads = new ArrayList<>();
        List<StreamDelivery<byte[]>> self = new ArrayList<>();
        StreamDelivery<byte[]> delivery = delivery(message -> {
            threads.add(Thread.currentThread());
            delivered.add(message);
            if (message == FIRST) {
                // It returns without waiting for this callback.
                CompletableFuture.runAsync(() -> self.get(0).onMessage(SECOND))
                        .orTimeout(10, TimeUnit.SECONDS)
                        .join();
            }
        });
        self.add(delivery);

        delivery.onMessage(FIRST);

        assertThat(delivered).containsExactly(FIRST, SECOND);
        assertThat(threads).containsOnly(Thread.currentThread());
    }

    private static StreamDelivery<byte[]> delivery(Consumer<byte[]> onMessage) {
        EngineFixture fixture = new EngineFixture();
        StreamCallback<byte[]> callback = new Messages(onMessage);
        StreamCall<byte[], byte[]> call =
                new StreamCall<>(fixture.dispatcher, EngineFixture.BIDI, CallOptions.DEFAULT, callback, null);
        return new StreamDelivery<>(call, callback, null, true);
    }

    private record Messages(Consumer<byte[]> taker) implements StreamCallback<byte[]> {
        @Override
        public void onMessage(byte[] message) {
            taker.accept(message);
        }

        @Override
        public void onComplete(Metadata trailers) {
            throw new AssertionError("complete: " + trailers);
        }

        @Override
        public void onFailure(StatusException failure) {
            throw new AssertionError(failure);
        }
    }
}
