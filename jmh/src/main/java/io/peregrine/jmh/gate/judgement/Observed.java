package io.peregrine.jmh.gate.judgement;

import io.peregrine.jmh.gate.results.Observations;
import org.jspecify.annotations.Nullable;

/**
 * What one or more runs showed of a subject.
 *
 * @param subject the subject
 * @param unit the unit in which JMH reported it
 * @param costsNs what an operation cost, run by run and fork by fork
 * @param ratios the same, divided by what the calibration cost in that run
 * @param errorShare the greatest of JMH's errors as a share of the score; NaN if JMH could not tell
 * @param bytesPerOperation heap bytes, if measured
 */
public record Observed(
        Subject subject,
        String unit,
        Observations costsNs,
        Observations ratios,
        double errorShare,
        @Nullable Observations bytesPerOperation) {

    /**
     * How far the ratio strays: by its own range if it was observed more than once, else JMH's error of the score,
     * which iterations of a single fork have to serve for.
     */
    public double noise() {
        if (ratios.count() > 1) {
            return ratios.noise();
        }
        return Double.isFinite(errorShare) ? errorShare : 0;
    }
}
