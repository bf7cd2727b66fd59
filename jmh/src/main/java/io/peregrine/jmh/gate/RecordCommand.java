package io.peregrine.jmh.gate;

import io.peregrine.jmh.gate.judgement.Baseline;
import io.peregrine.jmh.gate.judgement.CalibrationRule;
import io.peregrine.jmh.gate.judgement.Environment;
import io.peregrine.jmh.gate.judgement.Text;
import io.peregrine.jmh.gate.judgement.Tolerance;
import io.peregrine.jmh.gate.report.ExitCodes;
import io.peregrine.jmh.gate.report.TableReport;
import io.peregrine.jmh.gate.results.JmhResult;
import io.peregrine.jmh.gate.results.JmhRun;
import io.peregrine.jmh.gate.results.UnusableInputException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes a baseline from repeated runs. */
@Command(
        name = "record",
        mixinStandardHelpOptions = true,
        description = "Writes a baseline from repeated runs of JMH: several files, several forks, or both.")
final class RecordCommand implements Callable<Integer> {
    private static final int MIN_OBSERVATIONS = 2;
    private static final String NOW = "now";

    @Spec
    private CommandSpec spec;

    @ArgGroup(exclusive = false, multiplicity = "1..*")
    private List<CalibrationOptions> calibrations;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "The baseline to write")
    private Path out;

    @Option(names = "--date", paramLabel = "DATE", description = "Note a date; \"" + NOW + "\" for today's")
    private @Nullable String date;

    @Option(names = "--commit", paramLabel = "ID", description = "Note what was measured")
    private @Nullable String commit;

    @Mixin
    private ToleranceOptions limits;

    @Parameters(arity = "1..*", paramLabel = "RESULTS", description = "Files that JMH wrote with -rf json -rff FILE")
    private List<Path> results;

    @Override
    public Integer call() throws IOException {
        List<JmhRun> runs = JmhRun.readAll(results);
        List<CalibrationRule> rules =
                calibrations.stream().map(CalibrationOptions::rule).toList();
        Tolerance tolerance = limits.tolerance();
        PrintWriter console = spec.commandLine().getOut();
        List<Baseline.Entry> entries =
                limits.believed(runs, rules, console).observe(rules, limits.maxCalibrationError()).stream()
                        .map(Baseline.Entry::of)
                        .toList();
        requireUsable(entries, tolerance.maxNoiseShare());
        String noted = NOW.equals(date) ? LocalDate.now().toString() : date;
        Baseline baseline = new Baseline(Baseline.FORMAT, Environment.of(runs.get(0), noted, commit), rules, entries);
        baseline.write(out);
        console.print(TableReport.format(baseline, tolerance));
        console.println("recorded: " + entries.size() + " in " + out + ", " + baseline.environment());
        return ExitCodes.PASSED;
    }

    /** A baseline that could find nothing is not written. */
    private static void requireUsable(List<Baseline.Entry> entries, double maxNoise) {
        if (entries.isEmpty()) {
            throw new UnusableInputException("results: nothing beside the calibration matches (expected: at least one"
                    + " benchmark that --for finds)");
        }
        refuseThose(
                entries.stream()
                        .filter(entry -> entry.observations() < MIN_OBSERVATIONS)
                        .toList(),
                "observed once",
                "at least " + MIN_OBSERVATIONS + " runs or forks, from which the noise is known");
        refuseThose(
                entries.stream().filter(entry -> entry.noise() > maxNoise).toList(),
                "too noisy",
                "at most " + Text.percent(maxNoise)
                        + "; measure on a quieter machine or longer, leave it out by --for, or raise"
                        + " --max-noise-percent");
    }

    private static void refuseThose(List<Baseline.Entry> entries, String what, String expected) {
        if (!entries.isEmpty()) {
            throw new UnusableInputException(what + ": "
                    + entries.stream()
                            .map(entry -> entry.subject().label() + " (" + Text.percent(entry.noise()) + ")")
                            .collect(Collectors.joining(", "))
                    + " (expected: " + expected + ")");
        }
    }

    /** One calibration and what it is for; may be given again with another one. */
    static final class CalibrationOptions {
        @Option(
                names = "--calibration",
                paramLabel = "REGEX",
                required = true,
                description = "Found in the name of exactly one benchmark, as in "
                        + "a.b.ParserBenchmark.parse{size=100}: the one by whose cost others are divided")
        private String calibration;

        @Option(
                names = "--for",
                paramLabel = "REGEX",
                defaultValue = "",
                description = "Found in the names of those others. Default: all that are no calibration")
        private String benchmarks;

        @Option(
                names = "--metric",
                paramLabel = "NAME",
                defaultValue = JmhResult.SCORE,
                description = "Compare this metric of theirs: score, p99 and the like in mode sample,"
                        + " or one of a profiler that is a time for an operation. Default: ${DEFAULT-VALUE}")
        private String metric;

        private CalibrationRule rule() {
            return new CalibrationRule(calibration, benchmarks, metric);
        }
    }
}
