package io.peregrine.jmh.gate;

import io.peregrine.jmh.gate.judgement.CalibrationRule;
import io.peregrine.jmh.gate.judgement.Series;
import io.peregrine.jmh.gate.judgement.Tolerance;
import io.peregrine.jmh.gate.results.JmhRun;
import java.io.PrintWriter;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/** The limits that both commands take; in percent where a share is meant. */
final class ToleranceOptions {
    private static final double PERCENT = 100;

    @Option(
            names = "--noise-factor",
            paramLabel = "K",
            defaultValue = "2",
            description = "Allow so many times the noise. Default: ${DEFAULT-VALUE}")
    private double noiseFactor;

    @Option(
            names = "--min-percent",
            paramLabel = "P",
            defaultValue = "5",
            description = "Allow at least so many percent, however low the noise. Default: ${DEFAULT-VALUE}")
    private double minPercent;

    @Option(
            names = "--max-noise-percent",
            paramLabel = "P",
            defaultValue = "30",
            description = "More noise than this leaves a benchmark undecided. Default: ${DEFAULT-VALUE}")
    private double maxNoisePercent;

    @Option(
            names = "--max-calibration-error-percent",
            paramLabel = "P",
            defaultValue = "10",
            description = "Believe no calibration whose median in a run may be off by more, by the standard error over"
                    + " its iterations. Default: ${DEFAULT-VALUE}")
    private double maxCalibrationErrorPercent;

    @Option(
            names = "--allocation-bytes",
            paramLabel = "B",
            defaultValue = "8",
            description = "Heap bytes that an operation may allocate more. Default: ${DEFAULT-VALUE}")
    private double allocationBytes;

    @Option(
            names = "--spare-runs",
            paramLabel = "N",
            defaultValue = "0",
            description = "Leave out up to so many files with a calibration that is not believed, instead of refusing"
                    + " all. Default: ${DEFAULT-VALUE}")
    private int spareRuns;

    Tolerance tolerance() {
        return new Tolerance(noiseFactor, minPercent / PERCENT, maxNoisePercent / PERCENT, allocationBytes);
    }

    double maxCalibrationError() {
        return maxCalibrationErrorPercent / PERCENT;
    }

    /** The runs without those that are not believed, if these are few enough to be spared; tells which are left out. */
    Series believed(List<JmhRun> runs, Collection<CalibrationRule> rules, PrintWriter console) {
        Series all = new Series(runs);
        Map<JmhRun, String> doubts = all.doubts(rules, maxCalibrationError());
        if (doubts.isEmpty() || doubts.size() > spareRuns || doubts.size() == runs.size()) {
            return all;
        }
        doubts.forEach((run, doubt) -> console.println("left out: " + run.file() + ": " + doubt));
        return new Series(runs.stream().filter(run -> !doubts.containsKey(run)).toList());
    }
}
