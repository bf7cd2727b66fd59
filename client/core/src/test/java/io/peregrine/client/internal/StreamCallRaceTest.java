package io.peregrine.client.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.peregrine.client.CallOptions;
import io.peregrine.client.Metadata;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.compression.Codecs;
import io.peregrine.client.config.HedgingPolicy;
import io.peregrine.client.config.RetryPolicy;
import io.peregrine.client.internal.control.PickerSnapshot;
import io.peregrine.client.internal.control.SubConnection;
import io.peregrine.client.internal.control.SyncContext;
import io.peregrine.client.internal.message.RequestTemplates;
import io.peregrine.client.internal.retry.RetryLimits;
import io.peregrine.testkit.Seeds;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * P1 and P10 for calls with streams, with real threads: one sends and half-closes, one asks for messages, one cancels,
 * two are event loops, and one is the timer. Each call ends once, its callbacks do not overlap, each attempt sends what
 * was sent from the first message on and in order, and nothing is left.
 */
class StreamCallRaceTest {
    private static final int ROUNDS = 10_000;
    private static final long MAX_NS = TimeUnit.SECONDS.toNanos(10);
    private static final long STUCK_NS = TimeUnit.SECONDS.toNanos(30);
    private static final int MESSAGES = 5;

    /** Lets the others run where there are fewer cores than threads. */
    private static final long PAUSE_NS = 1_000;

    private static final CallOptions RETRYING =
            CallOptions.DEFAULT.withRetry(RetryPolicy.immediate().maxAttempts(4));
    private static final CallOptions HEDGING = CallOptions.DEFAULT.withHedging(
            HedgingPolicy.after(Duration.ZERO).maxAttempts(3).nonFatal(StatusCode.UNAVAILABLE));

    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
    private final ExecutorService threads = Executors.newFixedThreadPool(4);
    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false, true);
    private final List<RacingTransport> transports = List.of(new RacingTransport(), new RacingTransport());
    private final CallFixture.FakeChannel channel = new CallFixture.FakeChannel();
    private final SyncContext context = new SyncContext(timer, thrown -> {
        throw new AssertionError(thrown);
    });
    private final List<SubConnection> ready = transports.stream()
            .map(transport -> EngineFixture.readySubConnection(transport, context))
            .toList();
    private final AtomicInteger picks = new AtomicInteger();
    private final PickerSnapshot pickers =
            new PickerSnapshot(info -> PickResult.of(ready.get(picks.getAndIncrement() & 1)), 100, timer);
    private final CallDispatcher dispatcher = new CallDispatcher(
            pickers,
            timer,
            allocator,
            "dns:///echo.test",
            new RequestTemplates(false, "echo.test", "test/1", Codecs.defaults().acceptEncoding()),
            Codecs.defaults(),
            null,
            1 << 20,
            Integer.MAX_VALUE,
            // Three messages fit, so that some calls commit by their size.
            new RetryLimits(true, 5, 18, 1 << 20),
            channel);

    @AfterEach
    void stop() {
        timer.shutdownNow();
        threads.shutdownNow();
    }

    @Test
    void p10WithoutAPolicyACallEndsOnceWhateverRaces() throws Exception {
        race("streams without a policy against everything", CallOptions.DEFAULT, ROUNDS / 4);
    }

    @Test
    void p10ACallWithRetriesEndsOnceWhateverRaces() throws Exception {
        race("streams with retries against everything", RETRYING, ROUNDS);
    }

    @Test
    void p10ACallWithHedgesEndsOnceWhateverRaces() throws Exception {
        race("streams with hedges against everything", HEDGING, ROUNDS);
    }

    private void race(String claim, CallOptions options, int rounds) throws Exception {
        SplittableRandom random = Seeds.random(claim);
        long startNs = System.nanoTime();
        for (int round = 0; round < rounds && System.nanoTime() - startNs < MAX_NS; round++) {
            new Round(options, random.split()).run(round);
        }
    }

    private final class Round implements StreamCallback<byte[]> {
        private final StreamCall<byte[], byte[]> call;
        private final SplittableRandom random;
        private final CyclicBarrier start = new CyclicBarrier(5);
        private final AtomicInteger ends = new AtomicInteger();
        private final AtomicInteger inside = new AtomicInteger();
        private volatile String fault = "";
        private volatile boolean over;

        Round(CallOptions options, SplittableRandom random) {
            this.random = random;
            this.call = new StreamCall<>(dispatcher, EngineFixture.BIDI, options, this, null);
        }

        void run(int number) throws Exception {
            transports.forEach(transport -> transport.sent.clear());
            SplittableRandom second = random.split();
            int pause = random.nextInt(200);
            boolean cancels = random.nextBoolean();
            List<Future<?>> others = List.of(
                    threads.submit(() -> begin(this::send)),
                    threads.submit(() -> begin(() -> call.request(1 + pause % 3))),
                    threads.submit(() -> begin(() -> {
                        if (cancels) {
                            spin(pause);
                            call.cancel();
                        }
                    })));
            Future<?> otherLoop = threads.submit(() -> begin(() -> {
                while (!over) {
                    transports.get(1).turn(second);
                    LockSupport.parkNanos(PAUSE_NS);
                }
            }));
            start.await();
            call.start();
            long beganNs = System.nanoTime();
            while (ends.get() == 0 || !others.stream().allMatch(Future::isDone) || !isSettled()) {
                transports.get(0).turn(random);
                LockSupport.parkNanos(PAUSE_NS);
                if (System.nanoTime() - beganNs > STUCK_NS) {
                    throw new AssertionError(
                            "round " + number + " hangs: ends " + ends + ", waiting " + pickers.waiting() + ", bytes "
                                    + allocator.metric().usedHeapMemory());
                }
            }
            over = true;
            otherLoop.get();
            for (Future<?> other : others) {
                other.get();
            }
            assertThat(ends).as("ends in round %d", number).hasValue(1);
            assertThat(fault).as("round %d", number).isEmpty();
            transports.forEach(transport -> transport.sent.forEach(Round::assertInOrder));
        }

        private static void assertInOrder(List<Byte> sent) {
            for (int i = 0; i < sent.size(); i++) {
                assertThat(sent.get(i)).as("message %d of %s", i, sent).isEqualTo((byte) i);
            }
        }

        private boolean isSettled() {
            return transports.stream().allMatch(RacingTransport::isIdle)
                    && allocator.metric().usedHeapMemory() == 0
                    && dispatcher.replayBudget().usedBytes() == 0
                    && pickers.waiting() == 0;
        }

        private void begin(Runnable role) {
            try {
                start.await();
            } catch (Exception broken) {
                throw new AssertionError(broken);
            }
            role.run();
        }

        private void send() {
            for (int i = 0; i < MESSAGES; i++) {
                for (int tries = 0; !call.trySend(new byte[] {(byte) i}); tries++) {
                    if (tries == 100_000) {
                        throw new AssertionError("never writable");
                    }
                    LockSupport.parkNanos(PAUSE_NS);
                }
            }
            call.closeSend();
        }

        private void spin(int turns) {
            for (int i = 0; i < turns; i++) {
                Thread.onSpinWait();
            }
        }

        private void event(String what) {
            if (inside.getAndIncrement() != 0) {
                fault = what + " beside another callback";
            }
            if (ends.get() > 0) {
                fault = what + " behind the end";
            }
        }

        @Override
        public void onHeaders(Metadata headers) {
            event("headers");
            inside.decrementAndGet();
        }

        @Override
        public void onMessage(byte[] message) {
            event("message");
            inside.decrementAndGet();
        }

        @Override
        public void onWritable() {
            event("writable");
            inside.decrementAndGet();
        }

        @Override
        public void onComplete(Metadata trailers) {
            event("complete");
            ends.incrementAndGet();
            inside.decrementAndGet();
        }

        @Override
        public void onFailure(StatusException failure) {
            event("failure");
            ends.incrementAndGet();
            inside.decrementAndGet();
        }
    }
}
