package io.peregrine.load.report;

import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;

/** Eleven rows from the fastest to the slowest call, equally far apart: ghz's picture of a run. */
final class LinearHistogram {
    private static final int STEPS = 10;

    private LinearHistogram() {}

    static List<Row> rows(Histogram histogram) {
        List<Row> rows = new ArrayList<>();
        if (histogram.getTotalCount() == 0) {
            return rows;
        }
        long lowest = histogram.getMinValue();
        long highest = histogram.getMaxValue();
        long counted = 0;
        for (int step = 0; step <= STEPS; step++) {
            long markNs = lowest + (highest - lowest) * step / STEPS;
            long upTo = step == STEPS ? histogram.getTotalCount() : histogram.getCountBetweenValues(0, markNs);
            rows.add(new Row(markNs, upTo - counted));
            counted = upTo;
        }
        return rows;
    }

    /**
     * @param markNs the upper end, inclusive, in nanoseconds
     * @param count calls above the previous mark and up to this one
     */
    record Row(long markNs, long count) {}
}
