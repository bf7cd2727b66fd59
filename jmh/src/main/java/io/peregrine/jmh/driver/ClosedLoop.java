package io.peregrine.jmh.driver;

import io.peregrine.jmh.peer.EchoClient;
import io.peregrine.jmh.peer.Payload;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A fixed number of asynchronous calls outstanding: each slot starts its next call where its last one ended, on the
 * thread that the client chose for that. So no thread of ours takes part, and the latencies are those of a closed
 * loop.
 */
public final class ClosedLoop extends StoppableLoad {
    /** Every so many calls of a slot one is timed, so that reading the clock is not what is measured. */
    private static final int CALLS_PER_SAMPLE = 16;

    private final List<Slot> slots = new ArrayList<>();
    private volatile CountDownLatch running = new CountDownLatch(0);

    /** Prepares {@code outstanding} slots, all of which send the payload's message. */
    public static <M> ClosedLoop of(EchoClient<M> client, Payload<M> payload, int outstanding) {
        return of(slot -> client.newCall(payload.message(), slot), outstanding);
    }

    /** Prepares {@code outstanding} slots, each with a call of its own. */
    static ClosedLoop of(Function<EchoClient.Completion, EchoClient.RepeatedCall> newCall, int outstanding) {
        ClosedLoop loop = new ClosedLoop();
        for (int i = 0; i < outstanding; i++) {
            Slot slot = loop.new Slot();
            slot.call = newCall.apply(slot);
            loop.slots.add(slot);
        }
        return loop;
    }

    /**
     * Makes {@code calls} calls, each slot its share, and waits until the last has ended.
     *
     * @param calls a multiple of the number of slots
     */
    public void run(int calls) throws InterruptedException {
        start(calls / slots.size());
        awaitEnd();
        throwIfFailed();
    }

    @Override
    public void start() {
        start(Long.MAX_VALUE);
    }

    private void start(long callsPerSlot) {
        running = new CountDownLatch(slots.size());
        for (Slot slot : slots) {
            slot.left = callsPerSlot;
            slot.begin();
        }
    }

    @Override
    void awaitEnd() throws InterruptedException {
        running.await();
    }

    /** One of the calls outstanding. Its plain fields pass from thread to thread with the call itself. */
    private final class Slot implements EchoClient.Completion {
        private EchoClient.@Nullable RepeatedCall call;
        private final Count count = newCount();
        private long left;
        private long startedNs;
        private boolean timed;

        void begin() {
            EchoClient.RepeatedCall next = call;
            assert next != null;
            timed = left % CALLS_PER_SAMPLE == 0;
            if (timed) {
                startedNs = System.nanoTime();
            }
            next.start();
        }

        @Override
        public void onEnd(@Nullable Throwable thrown) {
            if (thrown != null) {
                onFailure(thrown);
                running.countDown();
                return;
            }
            if (timed) {
                latencyNs().recordValue(System.nanoTime() - startedNs);
            }
            count.add(1);
            left--;
            if (left > 0 && !isStopped()) {
                begin();
            } else {
                running.countDown();
            }
        }
    }
}
