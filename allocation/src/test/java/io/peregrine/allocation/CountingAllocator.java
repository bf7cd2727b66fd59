package io.peregrine.allocation;

import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.List;

/**
 * An unpooled allocator that remembers what it gave away, so that a test can ask whether all of it came back, and
 * that can be told to fail.
 */
final class CountingAllocator extends AbstractByteBufAllocator {
    private final List<ByteBuf> allocated = new ArrayList<>();
    private final List<Integer> requestedCapacities = new ArrayList<>();
    private int allocationsLeft = Integer.MAX_VALUE;

    CountingAllocator() {
        super(true);
    }

    List<ByteBuf> allocated() {
        return allocated;
    }

    /** The initial capacities of the buffers asked for, less those of composites, in order. */
    List<Integer> requestedCapacities() {
        return requestedCapacities;
    }

    long reservedBytes() {
        return allocated.stream()
                .filter(buffer -> !(buffer instanceof CompositeByteBuf) && buffer.refCnt() > 0)
                .mapToLong(ByteBuf::capacity)
                .sum();
    }

    boolean allReleased() {
        return allocated.stream().allMatch(buffer -> buffer.refCnt() == 0);
    }

    void forget() {
        allocated.clear();
        requestedCapacities.clear();
    }

    /** Makes every allocation after the next {@code count} fail. */
    void failAfter(int count) {
        allocationsLeft = count;
    }

    @Override
    protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
        throw new AssertionError("heap buffer of " + initialCapacity + " bytes (expected: direct buffers only)");
    }

    @Override
    protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
        requestedCapacities.add(initialCapacity);
        return remember(UnpooledByteBufAllocator.DEFAULT.directBuffer(initialCapacity, maxCapacity));
    }

    @Override
    public CompositeByteBuf compositeDirectBuffer(int maxNumComponents) {
        return remember(super.compositeDirectBuffer(maxNumComponents));
    }

    @Override
    public boolean isDirectBufferPooled() {
        return false;
    }

    private <B extends ByteBuf> B remember(B buffer) {
        if (allocationsLeft == 0) {
            buffer.release();
            throw new OutOfMemoryError("allocation refused by the test");
        }
        allocationsLeft--;
        allocated.add(buffer);
        return buffer;
    }
}
