package io.peregrine.jmh.gate;

import java.util.List;
import org.openjdk.jmh.util.ListStatistics;

/**
 * One figure, observed several times.
 *
 * @param values at least one
 */
record Observations(List<Double> values) {
    /** Half of the range: so far is the farther of two values from their middle. */
    private static final double HALF = 0.5;

    Observations {
        if (values.isEmpty()) {
            throw new IllegalArgumentException("values: none (expected: at least one)");
        }
        values = List.copyOf(values);
    }

    int count() {
        return values.size();
    }

    double median() {
        return statistics().getPercentile(50);
    }

    /** Half the distance between the least and the greatest value; 0 for a single one. */
    double halfRange() {
        ListStatistics statistics = statistics();
        return HALF * (statistics.getMax() - statistics.getMin());
    }

    /** {@link #halfRange} as a share of the median. */
    double noise() {
        return halfRange() / median();
    }

    /**
     * Half the distance between the quartiles as a share of the median: a single value far off does not make it great,
     * as one pause in many iterations should not.
     */
    double quartileNoise() {
        ListStatistics statistics = statistics();
        return HALF * (statistics.getPercentile(75) - statistics.getPercentile(25)) / median();
    }

    private ListStatistics statistics() {
        return new ListStatistics(
                values.stream().mapToDouble(Double::doubleValue).toArray());
    }
}
