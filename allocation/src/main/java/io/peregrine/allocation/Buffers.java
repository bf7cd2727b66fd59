package io.peregrine.allocation;

import io.netty.buffer.AdaptiveByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.internal.PlatformDependent;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * The one place that chooses the allocator of the library: pooled, direct by default, and of our own, so that its
 * metrics are the library's memory and not that of everything in the process that uses Netty.
 *
 * <p>The choice is Netty's adaptive allocator. Requests are encoded on the caller's thread and released on an event
 * loop, and there the pooled allocator has neither a thread cache nor a recycler: it allocates at least 104 bytes of
 * heap for each buffer, more than the whole budget of a call, where the adaptive one allocates none. The system
 * property {@value #PROPERTY} ({@code pooled} or {@code adaptive}) overrides the choice; it is read once.
 *
 * <p>In a JVM whose largest heap is 512 MiB or less, Netty's adaptive allocator saves memory at the cost of time:
 * buffers above 16 896 bytes then cost 296 bytes of heap and at least ten times as long. Give such a process
 * {@code -Dio.netty.allocator.lowMemory=false} when speed matters more.
 *
 * <p>All methods may be called from any thread.
 */
public final class Buffers {
    /** The system property that overrides the choice of allocator: {@code pooled} or {@code adaptive}. */
    public static final String PROPERTY = "io.peregrine.allocator";

    private static final boolean UNSAFE = PlatformDependent.hasUnsafe();

    /** In bytes: a word takes some nanoseconds, a view that is kept hardly any. */
    private static final int MAX_BY_WORDS = 128;

    private static final VarHandle WORDS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final Choice CHOICE = choose(System.getProperty(PROPERTY));

    private Buffers() {}

    /**
     * The allocator for every buffer of the library; always the same one.
     *
     * @throws IllegalArgumentException if {@value #PROPERTY} has an unknown value
     */
    public static ByteBufAllocator allocator() {
        return CHOICE.allocator();
    }

    /**
     * The direct memory that the allocator has reserved, in bytes: what is in use and what it keeps for reuse.
     *
     * @throws IllegalArgumentException if {@value #PROPERTY} has an unknown value
     */
    public static long usedDirectBytes() {
        return CHOICE.metrics().metric().usedDirectMemory();
    }

    /**
     * The heap memory that the allocator has reserved, in bytes; 0 unless somebody asks it for heap buffers.
     *
     * @throws IllegalArgumentException if {@value #PROPERTY} has an unknown value
     */
    public static long usedHeapBytes() {
        return CHOICE.metrics().metric().usedHeapMemory();
    }

    static Choice choose(@Nullable String name) {
        if (name == null || name.equals("adaptive")) {
            AdaptiveByteBufAllocator adaptive = new AdaptiveByteBufAllocator(true);
            return new Chosen(adaptive, adaptive);
        }
        if (name.equals("pooled")) {
            PooledByteBufAllocator pooled = new PooledByteBufAllocator(true);
            return new Chosen(pooled, pooled);
        }
        return new Refused(PROPERTY + ": " + name + " (expected: pooled or adaptive)");
    }

    /**
     * The outcome of reading the property. A refusal is kept and thrown at each use: thrown while the class
     * initialises, its sentence would be seen once and a NoClassDefFoundError ever after.
     */
    sealed interface Choice {
        ByteBufAllocator allocator();

        ByteBufAllocatorMetricProvider metrics();
    }

    private record Chosen(ByteBufAllocator allocator, ByteBufAllocatorMetricProvider metrics) implements Choice {}

    private record Refused(String reason) implements Choice {
        @Override
        public ByteBufAllocator allocator() {
            throw new IllegalArgumentException(reason);
        }

        @Override
        public ByteBufAllocatorMetricProvider metrics() {
            throw new IllegalArgumentException(reason);
        }
    }

    /**
     * Moves readable bytes into an array, as {@link ByteBuf#readBytes(byte[], int, int)} does. Where Netty has no Unsafe,
     * which is so on JDK 25, that makes a view of the buffer for each call, of 64 bytes. Here short messages go through
     * no view, and long ones through the one that the buffer keeps. The buffer is the caller's own, as its indices are.
     */
    public static void read(ByteBuf from, byte[] to, int offset, int length) {
        if (UNSAFE || from.nioBufferCount() != 1) {
            from.readBytes(to, offset, length);
        } else if (length > MAX_BY_WORDS) {
            from.internalNioBuffer(from.readerIndex(), length).get(to, offset, length);
            from.skipBytes(length);
        } else {
            readByWords(from, to, offset, offset + length);
        }
    }

    private static void readByWords(ByteBuf from, byte[] to, int offset, int end) {
        int i = offset;
        for (; i <= end - Long.BYTES; i += Long.BYTES) {
            WORDS.set(to, i, from.readLongLE());
        }
        for (; i < end; i++) {
            to[i] = from.readByte();
        }
    }
}
