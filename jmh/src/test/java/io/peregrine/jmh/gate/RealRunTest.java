package io.peregrine.jmh.gate;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.jmh.gate.report.ExitCodes;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** The gate on what JMH measures here and now. Its limits are wide: the machine may be busy. */
class RealRunTest {
    private static final int SLOWDOWN = 8;

    @TempDir
    private Path directory;

    @AfterEach
    void restore() {
        TunableBenchmark.tokens = TunableBenchmark.TOKENS;
    }

    @Test
    void aBenchmarkThatWasMadeSlowerFailsTheGate() throws RunnerException {
        String baseline = directory.resolve("baseline.json").toString();
        GateRun recorded = GateRun.of(
                "record",
                "--calibration=TunableBenchmark.calibration",
                "--out=" + baseline,
                "--max-noise-percent=200",
                "--max-calibration-error-percent=200",
                measure("1.json"),
                measure("2.json"));
        assertThat(recorded.exitCode()).as(recorded.err()).isEqualTo(ExitCodes.PASSED);

        TunableBenchmark.tokens *= SLOWDOWN;
        GateRun checked = check(baseline, measure("slower.json"));

        assertThat(checked.out()).contains("regressed: dearer by");
        assertThat(checked.exitCode()).isEqualTo(ExitCodes.REGRESSION);
    }

    private static GateRun check(String baseline, String results) {
        // No multiple of the noise: on a busy machine it would hide even this slowdown.
        return GateRun.of(
                "check",
                "--baseline=" + baseline,
                "--noise-factor=0",
                "--min-percent=150",
                "--max-noise-percent=10000",
                "--max-calibration-error-percent=200",
                results);
    }

    /** In this process, for a tenth of a second each, without JMH's lock, which another run may hold. */
    private String measure(String name) throws RunnerException {
        System.setProperty("jmh.ignoreLock", "true");
        Path file = directory.resolve(name);
        new Runner(new OptionsBuilder()
                        .include(TunableBenchmark.class.getName())
                        .forks(0)
                        .warmupIterations(3)
                        .warmupTime(TimeValue.milliseconds(20))
                        .measurementIterations(5)
                        .measurementTime(TimeValue.milliseconds(20))
                        .verbosity(VerboseMode.SILENT)
                        .resultFormat(ResultFormatType.JSON)
                        .result(file.toString())
                        .build())
                .run();
        return file.toString();
    }
}
