package io.peregrine.jmh.gate;

import io.peregrine.jmh.gate.judgement.Baseline;
import io.peregrine.jmh.gate.judgement.Verdict;
import io.peregrine.jmh.gate.report.JsonReport;
import io.peregrine.jmh.gate.report.JunitReport;
import io.peregrine.jmh.gate.report.Report;
import io.peregrine.jmh.gate.report.TableReport;
import io.peregrine.jmh.gate.results.JmhRun;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Compares runs with a baseline. */
@Command(
        name = "check",
        mixinStandardHelpOptions = true,
        description = "Compares runs of JMH with a baseline; several runs count by their median.")
final class CheckCommand implements Callable<Integer> {
    private static final Map<Failing, Verdict> VERDICTS = new EnumMap<>(
            Map.of(Failing.IMPROVED, Verdict.IMPROVED, Failing.MISSING, Verdict.MISSING, Failing.NEW, Verdict.NEW));

    @Spec
    private CommandSpec spec;

    @Option(names = "--baseline", paramLabel = "FILE", required = true, description = "What record has written")
    private Path baseline;

    @Option(
            names = "--fail-on",
            paramLabel = "VERDICT",
            split = ",",
            description = "Let these fail as well: improved, missing, new")
    private List<Failing> failOn = List.of();

    @Option(names = "--json", paramLabel = "FILE", description = "Write the report as JSON, too")
    private @Nullable Path json;

    @Option(names = "--junit", paramLabel = "FILE", description = "Write the report as JUnit XML, too")
    private @Nullable Path junit;

    @Mixin
    private ToleranceOptions limits;

    @Parameters(arity = "1..*", paramLabel = "RESULTS", description = "Files that JMH wrote with -rf json -rff FILE")
    private List<Path> results;

    @Override
    public Integer call() throws IOException {
        Set<Verdict> failing = EnumSet.noneOf(Verdict.class);
        failOn.forEach(chosen -> failing.add(VERDICTS.get(chosen)));
        PrintWriter console = spec.commandLine().getOut();
        Baseline expected = Baseline.read(baseline);
        Report report = Report.of(
                expected,
                limits.believed(JmhRun.readAll(results), expected.rules(), console),
                limits.tolerance(),
                limits.maxCalibrationError(),
                failing);
        console.print(TableReport.format(report));
        console.flush();
        if (json != null) {
            Files.writeString(json, JsonReport.format(report));
        }
        if (junit != null) {
            JunitReport.write(report, junit);
        }
        return report.exitCode();
    }

    /** What may be asked to count as a failure, besides a regression. */
    enum Failing {
        /** So that the baseline is kept up to date. */
        IMPROVED,
        /** So that nobody drops a benchmark unseen. */
        MISSING,
        /** So that none stays without a baseline. */
        NEW
    }
}
