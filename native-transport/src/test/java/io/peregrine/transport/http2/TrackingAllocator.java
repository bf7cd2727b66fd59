package io.peregrine.transport.http2;

import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.List;

/** Remembers every buffer that it hands out, and can be told to run out of memory. */
final class TrackingAllocator extends AbstractByteBufAllocator {
    private final UnpooledByteBufAllocator unpooled = new UnpooledByteBufAllocator(true);
    private final List<ByteBuf> buffers = new ArrayList<>();
    private int largestBytes;
    private int leftBeforeFailure = Integer.MAX_VALUE;
    private boolean hasFailed;

    TrackingAllocator() {
        super(true);
    }

    /** The buffers that nobody has released yet. */
    List<ByteBuf> unreleased() {
        return buffers.stream().filter(buffer -> buffer.refCnt() > 0).toList();
    }

    /** The capacity of the buffers that nobody has released yet. */
    long usedBytes() {
        buffers.removeIf(buffer -> buffer.refCnt() == 0);
        return buffers.stream().mapToLong(ByteBuf::capacity).sum();
    }

    /** Whether the allocation that was to fail has been asked for. */
    boolean hasFailed() {
        return hasFailed;
    }

    /** Makes the allocation after the next {@code count} fail, and those behind it succeed again. */
    void failOnceAfter(int count) {
        leftBeforeFailure = count;
    }

    /** The largest capacity asked for so far. */
    int largestBytes() {
        return largestBytes;
    }

    @Override
    protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
        return track(unpooled.heapBuffer(initialCapacity, maxCapacity));
    }

    @Override
    protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
        return track(unpooled.directBuffer(initialCapacity, maxCapacity));
    }

    private ByteBuf track(ByteBuf buffer) {
        if (leftBeforeFailure == 0) {
            leftBeforeFailure = Integer.MAX_VALUE;
            hasFailed = true;
            buffer.release();
            throw new OutOfMemoryError("scripted");
        }
        if (leftBeforeFailure != Integer.MAX_VALUE) {
            leftBeforeFailure--;
        }
        buffers.add(buffer);
        largestBytes = Math.max(largestBytes, buffer.capacity());
        return buffer;
    }

    @Override
    public boolean isDirectBufferPooled() {
        return false;
    }
}
