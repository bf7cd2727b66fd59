package io.peregrine.client.internal.retry;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.peregrine.testkit.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** RT-3 to RT-5 over random calls of one channel, beside a plain list; and with threads, over the shared budget. */
class ReplayBufferProperties {
    private static final int CHANNEL_BYTES = 4_000;
    private static final int CALL_BYTES = 1_000;
    private static final int STEPS = 100_000;
    private static final int CALLS = 12;

    /** Counts what is in use. */
    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);

    private final ReplayBudget budget = new ReplayBudget(CHANNEL_BYTES);

    @Test
    void rt4EveryCallReplaysWhatItAddedAndTheLimitsHold() {
        SplittableRandom random = Seeds.random("replay buffers keep what was added, within both limits");
        List<Call> calls = new ArrayList<>();
        for (int i = 0; i < CALLS; i++) {
            calls.add(new Call());
        }
        for (int step = 0; step < STEPS; step++) {
            Call call = calls.get(random.nextInt(CALLS));
            switch (random.nextInt(12)) {
                case 0 -> call.replay();
                case 1 -> calls.set(calls.indexOf(call), call.commit());
                default -> call.add(random, calls);
            }
            assertThat(budget.usedBytes()).isEqualTo(sum(calls)).isLessThanOrEqualTo(CHANNEL_BYTES);
        }
        calls.forEach(Call::commit);
        assertThat(budget.usedBytes()).isZero();
        assertThat(allocator.metric().usedDirectMemory() + allocator.metric().usedHeapMemory())
                .isZero();
    }

    @Test
    void rt3TheBudgetIsNeverCrossedByCallsThatRace() throws Exception {
        ReplayBudget shared = new ReplayBudget(10_000);
        AtomicLong mostUsed = new AtomicLong();

        Racers.race(4, () -> {
            for (int i = 0; i < 20_000; i++) {
                ReplayBuffer buffer = new ReplayBuffer(shared, 8_000);
                ByteBuf message = PooledByteBufAllocator.DEFAULT.buffer(1_000).writeZero(1_000);
                while (buffer.tryAdd(message)) {
                    mostUsed.accumulateAndGet(shared.usedBytes(), Math::max);
                }
                buffer.release();
                assertThat(message.refCnt()).isEqualTo(1);
                message.release();
            }
            return 0;
        });

        assertThat(mostUsed.get()).isBetween(1_000L, 10_000L);
        assertThat(shared.usedBytes()).isZero();
    }

    private static long sum(List<Call> calls) {
        return calls.stream().mapToLong(call -> call.buffer.heldBytes()).sum();
    }

    private final class Call {
        final ReplayBuffer buffer = new ReplayBuffer(budget, CALL_BYTES);
        final List<byte[]> model = new ArrayList<>();

        void add(SplittableRandom random, List<Call> calls) {
            byte[] bytes = new byte[random.nextInt(300)];
            random.nextBytes(bytes);
            ByteBuf message =
                    (random.nextBoolean() ? allocator.directBuffer() : allocator.heapBuffer()).writeBytes(bytes);
            boolean fits =
                    buffer.heldBytes() + bytes.length <= CALL_BYTES && sum(calls) + bytes.length <= CHANNEL_BYTES;

            assertThat(buffer.tryAdd(message)).isEqualTo(fits);

            message.skipBytes(bytes.length);
            message.release();
            if (fits) {
                model.add(bytes);
            }
        }

        void replay() {
            List<byte[]> seen = new ArrayList<>();
            buffer.replayInto(new ReplayBuffer.Target() {
                @Override
                public void onMessage(ByteBuf framed) {
                    byte[] bytes = new byte[framed.readableBytes()];
                    framed.readBytes(bytes).release();
                    seen.add(bytes);
                }

                @Override
                public void onHalfClose() {
                    throw new AssertionError("there was no half-close");
                }
            });
            assertThat(seen).usingElementComparator(Arrays::compare).isEqualTo(model);
        }

        Call commit() {
            buffer.release();
            return new Call();
        }
    }
}
