package io.peregrine.client.balancer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Numbers that go up by one for each caller, for pickers that let results take turns. Safe for use by any number of threads,
 * which do not disturb one another: each counts in a cell of the processors' caches of its own, unless there are more
 * threads than cells. So a single thread sees each number once, in order, and several see a sequence each.
 */
public final class Rotation {
    private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(long[].class);

    /** 128 bytes apart: a cache line, and the one that is fetched with it. */
    private static final int SPACING = 16;

    private static final int CELLS = cells();

    private final long[] cells = new long[(CELLS + 1) * SPACING];

    /** Starts at random numbers, so that many clients do not all begin with the same server. */
    public Rotation() {
        SplittableRandom random =
                new SplittableRandom(ThreadLocalRandom.current().nextLong());
        for (int i = 1; i <= CELLS; i++) {
            cells[i * SPACING] = random.nextInt(Integer.MAX_VALUE);
        }
    }

    /** The next number of the calling thread; 0 or more. */
    public long next() {
        int cell = (int) Thread.currentThread().getId() & (CELLS - 1);
        return (long) CELL.getAndAdd(cells, (cell + 1) * SPACING, 1L) & Long.MAX_VALUE;
    }

    /** The next number below {@code bound}, which is positive; a turn is out of order once in two thousand million. */
    public int next(int bound) {
        return ((int) next() & Integer.MAX_VALUE) % bound;
    }

    /** A picker that lets results take turns; at least one. */
    public static Picker over(List<PickResult> results) {
        if (results.size() == 1) {
            return new FixedPicker(results.get(0));
        }
        return new Turns(results.toArray(PickResult[]::new));
    }

    private static int cells() {
        int wanted = Math.min(64, 2 * Runtime.getRuntime().availableProcessors());
        return Integer.highestOneBit(Math.max(1, wanted * 2 - 1));
    }

    private static final class Turns implements Picker {
        private final PickResult[] results;
        private final Rotation rotation = new Rotation();

        /**
         * 2^64 by the number of results, rounded up: with it, two multiplications give the remainder of a number of 32 bits, in
         * a quarter of the time of a division (Lemire, Kaser and Kurz, "Faster remainder by direct computation", 2019).
         */
        private final long reciprocal;

        Turns(PickResult[] results) {
            this.results = results;
            this.reciprocal = Long.divideUnsigned(-1, results.length) + 1;
        }

        @Override
        public PickResult pick(PickInfo info) {
            long fraction = reciprocal * (rotation.next() & 0xFFFF_FFFFL);
            // The upper half of the product of the fraction, which has no sign, and the number of results.
            int n = results.length;
            int drawn = (int) (Math.multiplyHigh(fraction, n) + ((fraction >> 63) & n));
            return results[info.untried(results, drawn)];
        }
    }
}
