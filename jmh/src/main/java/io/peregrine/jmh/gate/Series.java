package io.peregrine.jmh.gate;

import io.peregrine.jmh.gate.JmhResult.Cost;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Repeated runs of the same benchmarks. A run's costs are divided by the cost of the calibration in that run, so that
 * neither a slower machine nor one that slows down between two runs is seen in the ratios.
 *
 * @param runs at least one
 */
record Series(List<JmhRun> runs) {

    /**
     * The subjects of all rules, in their order.
     *
     * @param maxCalibrationNoise the {@link Observations#quartileNoise} up to which a calibration is believed
     * @throws UnusableInputException if a calibration is missing, ambiguous or too noisy, or a score is unusable
     */
    List<Observed> observe(Collection<CalibrationRule> rules, double maxCalibrationNoise) {
        Set<BenchmarkId> calibrations = calibrations(rules);
        Map<Subject, Collected> collected = new TreeMap<>();
        for (JmhRun run : runs) {
            for (CalibrationRule rule : rules) {
                JmhResult calibration = run.calibration(rule);
                Cost base = calibration.calibrationCost(rule.metric());
                requireQuiet(base, calibration.id(), run, maxCalibrationNoise);
                for (JmhResult result : run.results()) {
                    if (result.id().matches(rule.benchmarksPattern()) && !calibrations.contains(result.id())) {
                        Subject subject = new Subject(result.id(), rule.metric(), calibration.id());
                        collected
                                .computeIfAbsent(subject, of -> new Collected(result.unit(of.metric())))
                                .add(result, result.cost(rule.metric()), base);
                    }
                }
            }
        }
        return collected.entrySet().stream()
                .map(entry -> entry.getValue().observed(entry.getKey()))
                .toList();
    }

    private Set<BenchmarkId> calibrations(Collection<CalibrationRule> rules) {
        Set<BenchmarkId> ids = new HashSet<>();
        for (JmhRun run : runs) {
            for (CalibrationRule rule : rules) {
                ids.add(run.calibration(rule).id());
            }
        }
        return ids;
    }

    private static void requireQuiet(Cost calibration, BenchmarkId id, JmhRun run, double maxNoise) {
        double noise = new Observations(calibration.ofIterationsNs()).quartileNoise();
        if (noise > maxNoise) {
            throw new UnusableInputException("calibration: " + id.nameWithParams() + " strays by " + Text.percent(noise)
                    + " in " + run.file() + " (expected: at most " + Text.percent(maxNoise)
                    + "; measure on a quieter machine or longer)");
        }
    }

    /** What the runs so far showed of one subject. */
    private static final class Collected {
        private final String unit;
        private final List<Double> costsNs = new ArrayList<>();
        private final List<Double> ratios = new ArrayList<>();
        private final List<Double> bytes = new ArrayList<>();
        private double errorShare = Double.NaN;

        private Collected(String unit) {
            this.unit = unit;
        }

        private void add(JmhResult result, Cost cost, Cost calibration) {
            List<Double> ofForks = cost.ofForksNs();
            for (int fork = 0; fork < ofForks.size(); fork++) {
                costsNs.add(ofForks.get(fork));
                ratios.add(ofForks.get(fork) / base(calibration.ofForksNs(), fork, ofForks.size()));
            }
            bytes.addAll(result.bytesPerOperation());
            errorShare = Double.isNaN(errorShare) ? cost.errorShare() : Math.max(errorShare, cost.errorShare());
        }

        /** Fork by fork where both have as many, so that the calibration's own noise is part of the ratio's. */
        private static double base(List<Double> ofForksNs, int fork, int forks) {
            return ofForksNs.size() == forks ? ofForksNs.get(fork) : new Observations(ofForksNs).median();
        }

        private Observed observed(Subject subject) {
            return new Observed(
                    subject,
                    unit,
                    new Observations(costsNs),
                    new Observations(ratios),
                    errorShare,
                    bytes.isEmpty() ? null : new Observations(bytes));
        }
    }
}
