package io.peregrine.allocation;

import static java.util.Objects.requireNonNull;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Bytes in an array that is used again after {@link #close}, for messages that are to cost no memory. Whoever has it
 * owns it, and nobody else may touch the array meanwhile; one that is never closed is garbage like any other object,
 * not a leak.
 *
 * <p>One thread at a time; it may be handed from thread to thread.
 */
public final class ReusableBytes implements AutoCloseable {
    /** Larger arrays are not kept: a pool holds them for good, up to a thousand for each of its shelves. */
    static final int MAX_KEPT_BYTES = 4 << 10;

    private static final int MIN_BYTES = 128;
    private static final ReusePool<ReusableBytes> POOL = new ReusePool<>(ReusableBytes::new);
    private static final VarHandle IN_USE;

    static {
        try {
            IN_USE = MethodHandles.lookup().findVarHandle(ReusableBytes.class, "inUse", boolean.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    private final ReusePool.Shelf<ReusableBytes> shelf;
    private byte[] array = new byte[MIN_BYTES];
    private int length;

    @SuppressWarnings("unused") // accessed through IN_USE
    private boolean inUse;

    private ReusableBytes(ReusePool.Shelf<ReusableBytes> shelf) {
        this.shelf = shelf;
    }

    /**
     * Returns bytes of the given length, whose contents are whatever was there before.
     *
     * @param length in bytes, 0 or more
     * @throws IllegalArgumentException if {@code length} is negative
     */
    public static ReusableBytes ofLength(int length) {
        if (length < 0) {
            throw new IllegalArgumentException("length: " + length + " (expected: 0 or more)");
        }
        ReusableBytes taken = POOL.take();
        if (taken.array.length < length) {
            taken.array = new byte[capacityFor(length)];
        }
        taken.length = length;
        IN_USE.set(taken, true);
        return taken;
    }

    /** Returns a copy of all bytes of {@code source}. */
    public static ReusableBytes copyOf(byte[] source) {
        ReusableBytes copy = ofLength(requireNonNull(source, "source").length);
        System.arraycopy(source, 0, copy.array, 0, source.length);
        return copy;
    }

    private static int capacityFor(int length) {
        return length > MAX_KEPT_BYTES ? length : Integer.highestOneBit(Math.max(length - 1, 1)) << 1;
    }

    /** Returns the array: the bytes are the first {@link #length} of it, and it may be longer. */
    public byte[] array() {
        return array;
    }

    /** Returns how many bytes of the array count. */
    public int length() {
        return length;
    }

    /**
     * Gives the array back. The caller forgets it.
     *
     * @throws IllegalStateException if that was done before and nobody has taken them since; if somebody has, it goes
     *     unnoticed, and takes the bytes from under them
     */
    @Override
    public void close() {
        if (!IN_USE.compareAndSet(this, true, false)) {
            throw new IllegalStateException("bytes: closed before (expected: one close by their owner)");
        }
        if (array.length <= MAX_KEPT_BYTES) {
            shelf.putBack(this);
        }
    }
}
