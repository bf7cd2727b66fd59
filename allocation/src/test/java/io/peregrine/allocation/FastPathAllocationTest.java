package io.peregrine.allocation;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The allocation budget of the hot path is zero; it is exact, because an unpooled heap buffer is never tracked. */
class FastPathAllocationTest {
    private static final int WARM_UP_ROUNDS = 20_000;
    private static final int ROUNDS = 1_000;

    private final MessageDeframer deframer = new MessageDeframer(Buffers.allocator(), 1024);
    private final ByteBuf data = Unpooled.buffer();
    private long seenBytes;

    /** Lets every message escape: one that did not could be an object that the compiler removed. */
    @SuppressWarnings("unused") // written so that the compiler must assume a reader
    private volatile @Nullable ByteBuf escaped;

    private final MessageDeframer.Sink sink = (message, compressed) -> {
        escaped = message;
        seenBytes += message.readableBytes();
    };

    @Test
    void handsOutMessagesThatLieInOneFrameWithoutAllocating() {
        for (int i = 0; i < 3; i++) {
            data.writeByte(0).writeInt(100).writeZero(100);
        }
        deframeRounds(WARM_UP_ROUNDS);
        assertThat(seenBytes).isEqualTo(300L * WARM_UP_ROUNDS);

        long allocatedBytes = LeastAllocation.of(() -> deframeRounds(ROUNDS));

        assertThat(allocatedBytes).isZero();
    }

    private void deframeRounds(int rounds) {
        for (int round = 0; round < rounds; round++) {
            data.readerIndex(0);
            deframer.deframe(data, sink);
        }
    }
}
