package io.peregrine.allocation;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.jspecify.annotations.Nullable;

/**
 * The heap bytes that threads allocate, exact to the byte, for tests and gates.
 *
 * <p>The JVM counts for each thread what it took from its allocation buffer; it does not sample. Limits:
 * <ul>
 * <li>Only the Java heap is counted: neither direct buffers' memory nor what native code allocates.
 * <li>What the compiler removes is not allocated and not counted, so code may cost more until it is compiled.
 * <li>Class loading, linking of lambdas and the first runs in optimised code charge the thread once: on JDK 17 some
 *     2.5 KiB near the moment when C2 compiles a hot loop. One window can catch that; the least of several cannot,
 *     and still contains whatever the code allocates each time.
 * <li>A virtual thread has no counter; measure on a platform thread.
 * <li>Over all threads, those that ended between two points take their count with them, and other threads of the
 *     process are counted too.
 * </ul>
 *
 * <p>All methods may be called from any platform thread.
 */
public final class AllocationProbe {
    private static final int CALIBRATION_ROUNDS = 64;

    private AllocationProbe() {}

    /**
     * The bytes that the current thread has allocated since it started. Compare two values for the cost of what
     * ran between them; reading the counter costs no heap.
     *
     * @throws UnsupportedOperationException if this JVM does not count, or the thread is virtual
     */
    public static long allocatedBytes() {
        long bytes = counter().getCurrentThreadAllocatedBytes();
        if (bytes < 0) {
            throw new UnsupportedOperationException(
                    "thread: " + Thread.currentThread() + " has no allocation counter (expected: a platform thread)");
        }
        return bytes;
    }

    /**
     * The bytes that all live platform threads have allocated since they started. The call allocates two arrays of
     * one element for each thread, and counts them.
     *
     * @throws UnsupportedOperationException if this JVM does not count
     */
    public static long allocatedBytesOfAllThreads() {
        ThreadMXBean counter = counter();
        long sum = 0;
        for (long bytes : counter.getThreadAllocatedBytes(counter.getAllThreadIds())) {
            // -1 for a thread that ended after it was listed.
            sum += Math.max(0, bytes);
        }
        return sum;
    }

    /**
     * Runs the action once on the current thread and returns the bytes that the thread allocated meanwhile, less
     * what an empty action would show.
     *
     * @param action what to measure
     * @throws UnsupportedOperationException if this JVM does not count, or the thread is virtual
     */
    public static long measure(Runnable action) {
        return Math.max(0, rawMeasure(action) - OwnCost.BYTES);
    }

    private static long rawMeasure(Runnable action) {
        long before = allocatedBytes();
        action.run();
        return allocatedBytes() - before;
    }

    private static ThreadMXBean counter() {
        if (Counter.BEAN == null) {
            throw new UnsupportedOperationException("allocation counters: not supported by "
                    + System.getProperty("java.vm.name") + " (expected: a JVM with com.sun.management.ThreadMXBean"
                    + " and thread allocation counting switched on)");
        }
        return Counter.BEAN;
    }

    /** Resolved on first use, so that the class loads on a JVM without the counters. */
    private static final class Counter {
        static final @Nullable ThreadMXBean BEAN = find();

        private static @Nullable ThreadMXBean find() {
            if (ManagementFactory.getThreadMXBean() instanceof ThreadMXBean bean
                    && bean.isThreadAllocatedMemorySupported()
                    && bean.isThreadAllocatedMemoryEnabled()) {
                return bean;
            }
            return null;
        }
    }

    /** What the probe itself adds to a measurement: the least seen over some rounds, for the first pay for linking. */
    private static final class OwnCost {
        static final long BYTES = calibrate();

        private static long calibrate() {
            Runnable nothing = () -> {};
            long least = Long.MAX_VALUE;
            for (int round = 0; round < CALIBRATION_ROUNDS; round++) {
                least = Math.min(least, rawMeasure(nothing));
            }
            return least;
        }
    }
}
