package io.peregrine.jmh.gate.judgement;

import io.peregrine.jmh.gate.results.BenchmarkId;
import io.peregrine.jmh.gate.results.JmhResult;
import java.util.Comparator;

/**
 * What is compared from run to run: one metric of a benchmark beside its calibration.
 *
 * @param benchmark the benchmark
 * @param metric {@code score}, or the name of another metric
 * @param calibration the benchmark by whose cost its own is divided
 */
public record Subject(BenchmarkId benchmark, String metric, BenchmarkId calibration) implements Comparable<Subject> {
    private static final Comparator<Subject> ORDER = Comparator.comparing(Subject::benchmark)
            .thenComparing(Subject::metric)
            .thenComparing(Subject::calibration);

    /** The benchmark without its package, and the metric unless it is the score. */
    public String label() {
        return benchmark.shortName() + (metric.equals(JmhResult.SCORE) ? "" : ':' + metric);
    }

    @Override
    public int compareTo(Subject other) {
        return ORDER.compare(this, other);
    }
}
