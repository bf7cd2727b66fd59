package io.peregrine.client.internal.balancer.weighted;

import io.peregrine.client.balancer.Rotation;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Chooses among endpoints in proportion to their weights, evenly spread (SPEC WR-5, WR-6). Immutable; safe for use by any
 * number of threads, without a lock.
 *
 * <p>Numbers go up by one; number {@code s} asks endpoint {@code s mod n} in generation {@code s / n}. It takes its turn if
 * {@code weight · generation}, counted modulo the greatest weight, passes a multiple of that in this generation: so an
 * endpoint of the greatest weight takes each turn, one of half of it every other one. Each endpoint counts from an offset
 * of its own, or all would take their turns in the same generations.
 *
 * <p>The numbers are those of a {@link Rotation}, where each thread counts for itself in one of some cells. Shares hold for
 * each cell's numbers, since they hold for any run of numbers wherever it starts: after {@code k} generations an endpoint has
 * had {@code k · weight / greatest} turns, but for one. So they hold for the sum of all cells, but for one turn each.
 *
 * <p>Since no weight is more than ten times the mean, one turn in ten is taken at least: a choice asks two or three
 * endpoints of usual weights, and ten on average in the worst case. Slow start may make that a hundred, while all endpoints
 * but one are new.
 */
final class StrideScheduler {
    /** The greatest weight after scaling. */
    private static final int GREATEST = 65_535;

    /** Half of it: what neighbours are apart. */
    private static final int OFFSET = GREATEST / 2;

    /** A hundredth, which is the smallest share beside the greatest that the bounds of weights leave. */
    private static final int LEAST = GREATEST / 100;

    private static final double MOST_OF_MEAN = 10;
    private static final double LEAST_OF_MEAN = 0.1;

    private final int size;

    /** 2^64 by the size, rounded up: the upper half of its product with a number of 32 bits is the quotient (as in Rotation). */
    private final long reciprocal;

    /** Scaled to {@link #GREATEST}; null if all are the same. */
    private final char @Nullable [] scaled;

    private StrideScheduler(int size, char @Nullable [] scaled) {
        this.size = size;
        this.reciprocal = Long.divideUnsigned(-1, size) + 1;
        this.scaled = scaled;
    }

    /**
     * By these weights, each brought into a tenth to ten times the mean, so that none starves and a choice is bounded.
     *
     * @param weights 0 or less for one that is not known: it has the mean of the others
     * @param factors what to multiply by after that; more than 0, up to 1
     */
    static StrideScheduler of(double[] weights, double[] factors) {
        double[] shares = shares(weights);
        for (int i = 0; i < shares.length; i++) {
            shares[i] *= factors[i];
        }
        return new StrideScheduler(shares.length, scale(shares));
    }

    /** The endpoint whose turn it is. */
    int next(Rotation rotation) {
        char[] weights = scaled;
        if (weights == null) {
            return rotation.next(size);
        }
        while (true) {
            long number = rotation.next() & 0xFFFF_FFFFL;
            long generation = Math.multiplyHigh(reciprocal, number) + (reciprocal >> 63 & number);
            int index = (int) (number - generation * size);
            int weight = weights[index];
            long turn = weight * generation + (long) OFFSET * index;
            if (turn % GREATEST >= GREATEST - weight) {
                return index;
            }
        }
    }

    /** Whether both choose alike. */
    boolean isLike(StrideScheduler other) {
        return size == other.size && Arrays.equals(scaled, other.scaled);
    }

    /** Whether all have the same share. */
    boolean isEven() {
        return scaled == null;
    }

    private static double[] shares(double[] weights) {
        // The mean first, and relative to the greatest: the sum of large numbers may be infinite.
        double greatest = Arrays.stream(weights).max().orElse(0);
        double[] shares = new double[weights.length];
        double sum = 0;
        int known = 0;
        for (int i = 0; i < weights.length; i++) {
            if (weights[i] > 0) {
                shares[i] = weights[i] / greatest;
                sum += shares[i];
                known++;
            }
        }
        double mean = known == 0 ? 1 : sum / known;
        for (int i = 0; i < shares.length; i++) {
            double share = weights[i] > 0 ? shares[i] : mean;
            shares[i] = Math.max(mean * LEAST_OF_MEAN, Math.min(mean * MOST_OF_MEAN, share));
        }
        return shares;
    }

    private static char @Nullable [] scale(double[] shares) {
        double greatest = Arrays.stream(shares).max().orElse(1);
        char[] scaled = new char[shares.length];
        boolean even = true;
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = (char) Math.max(LEAST, Math.round(shares[i] / greatest * GREATEST));
            even &= scaled[i] == GREATEST;
        }
        return even ? null : scaled;
    }
}
