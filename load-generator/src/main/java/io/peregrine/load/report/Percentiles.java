package io.peregrine.load.report;

import java.util.List;
import org.HdrHistogram.Histogram;

/** The percentiles of a report: ghz's seven, and the tail that it leaves out. */
final class Percentiles {
    static final List<Double> ALL = List.of(10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99);

    /** A percentile that fewer calls than this lie above is a guess, and is marked as one. */
    private static final double FEW_SAMPLES = 10;

    private Percentiles() {}

    static boolean hasFewSamples(Histogram histogram, double percentile) {
        return histogram.getTotalCount() * (100 - percentile) / 100 < FEW_SAMPLES;
    }
}
