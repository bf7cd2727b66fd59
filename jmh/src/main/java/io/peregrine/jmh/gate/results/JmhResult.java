package io.peregrine.jmh.gate.results;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** One benchmark in JMH's JSON, under JMH's own names; what JMH leaves out is null. */
public record JmhResult(
        @Nullable String benchmark,
        @Nullable String mode,
        int threads,
        @Nullable String jdkVersion,
        @Nullable String vmName,
        @Nullable String vmVersion,
        @Nullable List<String> jvmArgs,
        @Nullable Map<String, String> params,
        @Nullable Metric primaryMetric,
        @Nullable Map<String, Metric> secondaryMetrics) {
    /** The name under which a rule asks for the score itself. */
    public static final String SCORE = "score";

    /** The profiler {@code gc}'s heap bytes for an operation, which are exact and the same on any machine. */
    private static final String ALLOCATION = "gc.alloc.rate.norm";

    private static final String SAMPLE_MODE = "sample";

    /** Whether all that the gate needs is there. */
    boolean isComplete() {
        return benchmark != null
                && mode != null
                && primaryMetric != null
                && primaryMetric.scoreUnit != null
                && threads > 0;
    }

    /** What tells it from others. */
    public BenchmarkId id() {
        assert isComplete();
        return new BenchmarkId(benchmark, new TreeMap<>(params == null ? Map.of() : params), mode, threads);
    }

    /**
     * What an operation costs by a metric.
     *
     * @param name {@value #SCORE}, a percentile of the sampled times such as {@code p99.9}, or a profiler's metric
     */
    public Cost cost(String name) {
        String of = name + " of " + id();
        if (name.equals(SCORE)) {
            return primaryMetric.cost(of);
        }
        Metric secondary = secondaryMetrics == null ? null : secondaryMetrics.get(name);
        if (secondary != null) {
            return secondary.cost(of);
        }
        Double percentile = SAMPLE_MODE.equals(mode) ? primaryMetric.percentile(name) : null;
        if (percentile == null) {
            throw new UnusableInputException("metric: " + of + " is not in the results (expected: " + SCORE
                    + (SAMPLE_MODE.equals(mode) ? ", a percentile such as p99" : "") + " or one of "
                    + (secondaryMetrics == null ? "no others" : new TreeMap<>(secondaryMetrics).keySet()) + ")");
        }
        double costNs = MetricUnit.parse(primaryMetric.scoreUnit, of).costNs(percentile, of);
        return new Cost(List.of(costNs), List.of(costNs), Double.NaN);
    }

    /** The cost of a calibration for a metric: by the same metric if it was measured, else by the score. */
    public Cost calibrationCost(String name) {
        boolean measured = secondaryMetrics != null && secondaryMetrics.containsKey(name);
        return cost(measured ? name : SCORE);
    }

    /** The heap bytes for an operation in each fork; empty if they were not measured. */
    public List<Double> bytesPerOperation() {
        Metric allocation = secondaryMetrics == null ? null : secondaryMetrics.get(ALLOCATION);
        return allocation == null ? List.of() : allocation.ofForks();
    }

    /** The unit of the metric, as JMH writes it. */
    public String unit(String name) {
        Metric secondary = secondaryMetrics == null ? null : secondaryMetrics.get(name);
        return String.valueOf((secondary == null ? primaryMetric : secondary).scoreUnit);
    }

    /**
     * What an operation costs.
     *
     * @param ofForksNs the median of each fork
     * @param ofIterationsNs each iteration of all forks
     * @param errorShare JMH's error of the score as a share of it, NaN if JMH could not tell
     */
    public record Cost(List<Double> ofForksNs, List<Double> ofIterationsNs, double errorShare) {}

    /** A score with what it was made from; {@code rawData} has a row for each fork, and is null for sampled times. */
    public record Metric(
            double score,
            double scoreError,
            @Nullable String scoreUnit,
            @Nullable Map<String, Double> scorePercentiles,
            @Nullable List<List<Double>> rawData) {

        private Cost cost(String of) {
            MetricUnit unit = MetricUnit.parse(String.valueOf(scoreUnit), of);
            List<Double> iterations = new ArrayList<>();
            for (List<Double> fork : rows()) {
                fork.forEach(value -> iterations.add(unit.costNs(value, of)));
            }
            return new Cost(
                    ofForks().stream().map(value -> unit.costNs(value, of)).toList(),
                    iterations,
                    Math.abs(scoreError / score));
        }

        private List<Double> ofForks() {
            return rows().stream().map(fork -> new Observations(fork).median()).toList();
        }

        private List<List<Double>> rows() {
            List<List<Double>> rows = rawData == null
                    ? List.of()
                    : rawData.stream().filter(fork -> !fork.isEmpty()).toList();
            return rows.isEmpty() ? List.of(List.of(score)) : rows;
        }

        /** The percentile named {@code p99.9}; null if there is none. JMH has 0, 50, 90, 95, 99 and so on. */
        private @Nullable Double percentile(String name) {
            if (scorePercentiles == null || !name.matches("p\\d+(\\.\\d+)?")) {
                return null;
            }
            return scorePercentiles.get(String.valueOf(Double.parseDouble(name.substring(1))));
        }
    }
}
