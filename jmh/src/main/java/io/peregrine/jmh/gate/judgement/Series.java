package io.peregrine.jmh.gate.judgement;

import io.peregrine.jmh.gate.results.BenchmarkId;
import io.peregrine.jmh.gate.results.JmhResult;
import io.peregrine.jmh.gate.results.JmhResult.Cost;
import io.peregrine.jmh.gate.results.JmhRun;
import io.peregrine.jmh.gate.results.Observations;
import io.peregrine.jmh.gate.results.UnusableInputException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Repeated runs of the same benchmarks. A run's costs are divided by the cost of the calibration in that run, so that
 * neither a slower machine nor one that slows down between two runs is seen in the ratios.
 *
 * @param runs at least one
 */
public record Series(List<JmhRun> runs) {

    /**
     * The subjects of all rules, in their order. A rule passes over a run that has neither its calibration nor anything
     * to compare with it, so that what needs other times of measuring may be run by itself.
     *
     * @param maxCalibrationError the {@link Observations#medianError} up to which a calibration is believed
     * @throws UnusableInputException if a calibration is missing, ambiguous or too noisy, or a score is unusable
     */
    public List<Observed> observe(Collection<CalibrationRule> rules, double maxCalibrationError) {
        Set<BenchmarkId> calibrations = calibrations(rules);
        Map<Subject, Collected> collected = new TreeMap<>();
        for (JmhRun run : runs) {
            for (CalibrationRule rule : rules) {
                List<JmhResult> benchmarks = rule.benchmarksIn(run, calibrations);
                if (!benchmarks.isEmpty()) {
                    JmhResult calibration = rule.calibrationIn(run).orElseThrow(() -> rule.missingIn(run));
                    Cost base = calibration.calibrationCost(rule.metric());
                    doubt(base, calibration.id(), run, maxCalibrationError).ifPresent(doubt -> {
                        throw new UnusableInputException(doubt);
                    });
                    benchmarks.forEach(result -> collect(result, rule.metric(), calibration.id(), base, collected));
                }
            }
        }
        return collected.entrySet().stream()
                .map(entry -> entry.getValue().observed(entry.getKey()))
                .toList();
    }

    private static void collect(
            JmhResult result, String metric, BenchmarkId calibration, Cost base, Map<Subject, Collected> collected) {
        collected
                .computeIfAbsent(
                        new Subject(result.id(), metric, calibration), unseen -> new Collected(result.unit(metric)))
                .add(result, result.cost(metric), base);
    }

    private Set<BenchmarkId> calibrations(Collection<CalibrationRule> rules) {
        Set<BenchmarkId> ids = new HashSet<>();
        for (CalibrationRule rule : rules) {
            List<BenchmarkId> found = runs.stream()
                    .flatMap(run -> rule.calibrationIn(run).stream())
                    .map(JmhResult::id)
                    .toList();
            if (found.isEmpty()) {
                throw rule.missingIn(runs.get(0));
            }
            ids.addAll(found);
        }
        return ids;
    }

    /**
     * Why runs are not believed: one sentence for each of those with a calibration that is too noisy. What was to be
     * compared has no part in it, so that to leave these out favours no outcome.
     *
     * @param maxCalibrationError as for {@link #observe}
     */
    public Map<JmhRun, String> doubts(Collection<CalibrationRule> rules, double maxCalibrationError) {
        Map<JmhRun, String> doubts = new LinkedHashMap<>();
        for (JmhRun run : runs) {
            for (CalibrationRule rule : rules) {
                rule.calibrationIn(run)
                        .flatMap(found ->
                                doubt(found.calibrationCost(rule.metric()), found.id(), run, maxCalibrationError))
                        .ifPresent(doubt -> doubts.put(run, doubt));
            }
        }
        return doubts;
    }

    /**
     * What a run counts by is the median of the calibration's iterations, so it is the median that has to be sure, not
     * each iteration. That the median moves from run to run is no reason to refuse: the ratios are there to cancel what
     * the machine does, and what they do not cancel is in their own noise.
     */
    private static Optional<String> doubt(Cost calibration, BenchmarkId id, JmhRun run, double maxError) {
        double error = new Observations(calibration.ofIterationsNs()).medianError();
        return error <= maxError
                ? Optional.empty()
                : Optional.of("calibration: the median of " + id.nameWithParams() + " may be off by "
                        + Text.percent(error) + " in " + run.file() + " (expected: at most " + Text.percent(maxError)
                        + "; measure on a quieter machine or longer)");
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
