package io.peregrine.jmh.gate;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.jmh.gate.report.ExitCodes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.CommandLineOptions;

/** Does what docs/guides/regression-gate.md says, with its own commands; only JMH's times are shorter. */
class RegressionGateGuideTest {
    private static final Path GUIDE = Path.of("..", "docs", "guides", "regression-gate.md");
    private static final Path BENCHMARK = Path.of("src", "test", "java", "com", "example", "SortBenchmark.java");
    private static final Pattern FILE = Pattern.compile("[\\w-]+\\.(json|xml)");
    private static final String JMH = "java -jar target/benchmarks.jar ";
    private static final String GATE = "GATE ";

    /** The machine may be busy: here it is the commands that count. */
    private static final List<String> ANY_NOISE =
            List.of("--max-noise-percent=10000", "--max-calibration-error-percent=10000");

    @TempDir
    private Path directory;

    private String guide;

    @BeforeEach
    void read() throws IOException {
        guide = Files.readString(GUIDE);
    }

    @Test
    void theGuideShowsTheBenchmarkThatIsRunHere() throws IOException {
        assertThat(guide).contains("```java\n" + Files.readString(BENCHMARK) + "```");
    }

    @Test
    void theCommandsOfTheGuideRecordAndCheck() throws Exception {
        System.setProperty("jmh.ignoreLock", "true");
        List<String> runs = commands(JMH).toList();
        assertThat(runs).hasSize(3);
        for (String run : runs) {
            measure(run);
        }

        List<Integer> exitCodes =
                commands(GATE).map(command -> gate(command).exitCode()).toList();

        assertThat(exitCodes).containsExactly(ExitCodes.PASSED, ExitCodes.PASSED);
        assertThat(directory.resolve("report.json")).content().contains("SortBenchmark.sort");
        assertThat(directory.resolve("report.xml")).content().contains("SortBenchmark");
    }

    private Stream<String> commands(String prefix) {
        return guide.lines().filter(line -> line.startsWith(prefix)).map(line -> line.substring(prefix.length()));
    }

    /** In this process and for a hundredth of the time. */
    private void measure(String command) throws Exception {
        String shorter = inDirectory(command).replace("-f 1", "-f 0").replace("1s", "10ms");
        new Runner(new CommandLineOptions((shorter + " -v SILENT").split(" "))).run();
    }

    private GateRun gate(String command) {
        List<String> args = Stream.concat(Stream.of(inDirectory(command).split(" ")), ANY_NOISE.stream())
                .toList();
        GateRun run = GateRun.of(args.toArray(String[]::new));
        assertThat(run.err()).isEmpty();
        return run;
    }

    private String inDirectory(String command) {
        return FILE.matcher(command)
                .replaceAll(file -> directory.resolve(file.group()).toString());
    }
}
