package io.peregrine.allocation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.buffer.AdaptiveByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import org.junit.jupiter.api.Test;

class BuffersTest {
    @Test
    void isAdaptiveUnlessThePropertySaysOtherwise() {
        assertThat(Buffers.choose(null).allocator()).isInstanceOf(AdaptiveByteBufAllocator.class);
        assertThat(Buffers.choose("adaptive").allocator()).isInstanceOf(AdaptiveByteBufAllocator.class);
        assertThat(Buffers.choose("pooled").allocator()).isInstanceOf(PooledByteBufAllocator.class);
    }

    @Test
    void refusesAnUnknownAllocatorByNameEachTime() {
        Buffers.Choice refused = Buffers.choose("Pooled");

        for (int i = 0; i < 2; i++) {
            assertThatIllegalArgumentException()
                    .isThrownBy(refused::allocator)
                    .withMessage("io.peregrine.allocator: Pooled (expected: pooled or adaptive)");
            assertThatIllegalArgumentException()
                    .isThrownBy(refused::metrics)
                    .withMessage("io.peregrine.allocator: Pooled (expected: pooled or adaptive)");
        }
    }

    @Test
    void isOneAllocatorWithDirectBuffersByDefault() {
        ByteBuf buffer = Buffers.allocator().buffer(100);

        assertThat(buffer.isDirect()).isTrue();
        assertThat(Buffers.allocator()).isSameAs(Buffers.allocator());
        assertThat(Buffers.allocator().isDirectBufferPooled()).isTrue();
        buffer.release();
    }

    @Test
    void countsTheDirectMemoryThatIsReserved() {
        // What other tests asked for, the allocator may keep.
        long heapBefore = Buffers.usedHeapBytes();
        ByteBuf buffer = Buffers.allocator().directBuffer(100_000);
        long direct = Buffers.usedDirectBytes();
        long heap = Buffers.usedHeapBytes();
        buffer.release();

        assertThat(direct).isGreaterThanOrEqualTo(100_000);
        assertThat(heap).isEqualTo(heapBefore);
    }
}
