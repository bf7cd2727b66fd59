package io.peregrine.jmh.driver;

import java.util.Arrays;
import java.util.Collection;

/** What many runs of the same thing are summed up to. */
public final class Statistics {
    private Statistics() {}

    /**
     * The middle one, or the mean of the middle two.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static double median(Collection<Double> figures) {
        double[] sorted = sorted(figures);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /**
     * The least.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static double least(Collection<Double> figures) {
        return sorted(figures)[0];
    }

    /**
     * The greatest.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static double greatest(Collection<Double> figures) {
        double[] sorted = sorted(figures);
        return sorted[sorted.length - 1];
    }

    private static double[] sorted(Collection<Double> figures) {
        if (figures.isEmpty()) {
            throw new IllegalArgumentException("figures: none (expected: at least one)");
        }
        double[] sorted = figures.stream().mapToDouble(figure -> figure).toArray();
        Arrays.sort(sorted);
        return sorted;
    }
}
