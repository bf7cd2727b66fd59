package io.peregrine.jmh.gate.results;

import java.util.List;
import org.openjdk.jmh.util.ListStatistics;

/**
 * One figure, observed several times.
 *
 * @param values at least one
 */
public record Observations(List<Double> values) {
    /** Half of the range: so far is the farther of two values from their middle. */
    private static final double HALF = 0.5;

    /**
     * In a normal distribution the quartiles are 1.349 standard deviations apart, and the error of the median is
     * sqrt(pi / 2) of one over the root of the count.
     */
    private static final double QUARTILES_TO_ERROR = Math.sqrt(Math.PI / 2) / 1.349;

    /** Refuses to be empty. */
    public Observations {
        if (values.isEmpty()) {
            throw new IllegalArgumentException("values: none (expected: at least one)");
        }
        values = List.copyOf(values);
    }

    /** How many there are. */
    public int count() {
        return values.size();
    }

    /** Half are less, half are more. */
    public double median() {
        return statistics().getPercentile(50);
    }

    /** Half the distance between the least and the greatest value; 0 for a single one. */
    public double halfRange() {
        ListStatistics statistics = statistics();
        return HALF * (statistics.getMax() - statistics.getMin());
    }

    /** {@link #halfRange} as a share of the median. */
    public double noise() {
        return halfRange() / median();
    }

    /**
     * The standard error of the median, as a share of it: how far the median would stray if as many were observed again
     * and again. Estimated from the distance between the quartiles, so that one pause in many iterations does not make it
     * great. 0 for a single value, of which nothing is known.
     */
    public double medianError() {
        ListStatistics statistics = statistics();
        double quartiles = statistics.getPercentile(75) - statistics.getPercentile(25);
        return QUARTILES_TO_ERROR * quartiles / Math.sqrt(count()) / median();
    }

    private ListStatistics statistics() {
        return new ListStatistics(
                values.stream().mapToDouble(Double::doubleValue).toArray());
    }
}
