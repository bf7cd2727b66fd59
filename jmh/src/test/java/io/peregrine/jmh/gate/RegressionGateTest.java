package io.peregrine.jmh.gate;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import io.peregrine.jmh.gate.report.ExitCodes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;

class RegressionGateTest {
    @TempDir
    private Path directory;

    private String baseline;

    @BeforeEach
    void record() throws IOException {
        baseline = directory.resolve("baseline.json").toString();
        GateRun recorded = recordFrom(ResultsFile.quiet());
        assertThat(recorded.err()).isEmpty();
        assertThat(recorded.exitCode()).isZero();
    }

    @Test
    void theSameFiguresPass() throws IOException {
        GateRun run = check(ResultsFile.quiet());

        assertThat(run.exitCode()).isEqualTo(ExitCodes.PASSED);
        assertThat(run.out()).contains("FramingBenchmark.frame{size=100}", "passed: 1 unchanged");
    }

    @Test
    void aDearerBenchmarkIsARegression() throws IOException {
        GateRun run = check(ResultsFile.quiet().each("frame", score -> score * 1.2));

        assertThat(run.exitCode()).isEqualTo(ExitCodes.REGRESSION);
        assertThat(run.out()).contains("dearer by 20.0 % (allowed: 5.0 %)");
    }

    @Test
    void anImprovementIsToldAndFailsWhenAsked() throws IOException {
        ResultsFile faster = ResultsFile.quiet().each("frame", score -> score / 2);
        assertThat(check(faster).exitCode()).isEqualTo(ExitCodes.PASSED);
        assertThat(check(faster).out()).contains("improved: cheaper by 50.0 %");

        assertThat(check(faster, "--fail-on", "improved").exitCode()).isEqualTo(ExitCodes.REGRESSION);
    }

    @Test
    void throughputIsWorseWhenItIsLess() throws IOException {
        recordFrom(ResultsFile.named("throughput.json").each("cpu", s -> 1).each("frame", s -> 2));

        ResultsFile slower =
                ResultsFile.named("throughput.json").each("cpu", s -> 1).each("frame", s -> 1);
        ResultsFile faster =
                ResultsFile.named("throughput.json").each("cpu", s -> 1).each("frame", s -> 4);
        assertThat(check(slower).out()).contains("dearer by 100.0 %");
        assertThat(check(faster).out()).contains("cheaper by 50.0 %");
    }

    @Test
    void anotherTimeUnitIsConverted() throws IOException {
        ResultsFile inMicroseconds =
                ResultsFile.quiet().each("frame", score -> score / 1000).each("cpu", score -> score / 1000);
        String file = inMicroseconds.writeTo(directory, "us.json");
        Files.writeString(Path.of(file), Files.readString(Path.of(file)).replace("ns/op", "us/op"));

        assertThat(GateRun.of("check", "--baseline", baseline, file).exitCode()).isEqualTo(ExitCodes.PASSED);
    }

    @Test
    void moreHeapForAnOperationIsARegressionThoughTheTimeIsNot() throws IOException {
        GateRun within = check(ResultsFile.quiet().eachAllocation(bytes -> bytes + 7));
        GateRun beyond = check(ResultsFile.quiet().eachAllocation(bytes -> bytes + 24));

        assertThat(within.exitCode()).isEqualTo(ExitCodes.PASSED);
        assertThat(beyond.exitCode()).isEqualTo(ExitCodes.REGRESSION);
        assertThat(beyond.out()).contains("allocates 24.00 B/op more (allowed: 8.000)");
    }

    @Test
    void heapThatWasNotMeasuredAgainIsUndecided() throws IOException {
        GateRun run = check(ResultsFile.quiet().with("secondaryMetrics", new JsonObject()));

        assertThat(run.exitCode()).isEqualTo(ExitCodes.CANNOT_JUDGE);
        assertThat(run.out()).contains("heap bytes were not measured (expected: -prof gc");
    }

    @Test
    void aBaselineOfNothingIsRefused() throws IOException {
        GateRun run = recordFrom(ResultsFile.quiet(), "--calibration", "cpu", "--for", "absent");

        assertThat(run.exitCode()).isEqualTo(ExitCodes.CANNOT_JUDGE);
        assertThat(run.err()).contains("results: nothing beside the calibration matches (expected: at least one");
    }

    @Test
    void nothingInCommonIsNoPass() throws IOException {
        GateRun run = check(ResultsFile.quiet().with("threads", new JsonPrimitive(2)));

        assertThat(run.exitCode()).isEqualTo(ExitCodes.CANNOT_JUDGE);
        assertThat(run.out()).contains("1 missing, 1 new");
        assertThat(check(ResultsFile.quiet().with("threads", new JsonPrimitive(2)), "--fail-on", "missing,new")
                        .exitCode())
                .isEqualTo(ExitCodes.REGRESSION);
    }

    @Test
    void aRunWithANoisyCalibrationIsLeftOutIfItCanBeSpared() throws IOException {
        int[] iteration = {0};
        String noisy = ResultsFile.quiet()
                .each("cpu", score -> score * (1 + iteration[0]++ % 2))
                .each("frame", score -> score * 9)
                .writeTo(directory, "noisy.json");

        GateRun run = check(ResultsFile.quiet(), "--spare-runs", "1", noisy);

        assertThat(run.exitCode()).isEqualTo(ExitCodes.PASSED);
        assertThat(run.out()).contains("left out: " + noisy, "may be off by", "passed: 1 unchanged");
        assertThat(check(ResultsFile.quiet(), noisy).exitCode())
                .as("none to spare")
                .isEqualTo(ExitCodes.CANNOT_JUDGE);
        assertThat(GateRun.of("check", "--baseline", baseline, "--spare-runs", "1", noisy)
                        .exitCode())
                .as("nothing would be left")
                .isEqualTo(ExitCodes.CANNOT_JUDGE);
    }

    @Test
    void aNoisyCalibrationIsNoPass() throws IOException {
        int[] iteration = {0};
        GateRun run = check(ResultsFile.quiet().each("cpu", score -> score * (1 + iteration[0]++ % 2)));

        assertThat(run.exitCode()).isEqualTo(ExitCodes.CANNOT_JUDGE);
        assertThat(run.err())
                .startsWith(
                        "regression-gate: calibration: the median of io.peregrine.jmh.CalibrationBenchmark.cpu may be off by")
                .contains("(expected: at most 10.0 %");
    }

    @Test
    void aMissingCalibrationIsNoPass() throws IOException {
        GateRun run = check(ResultsFile.quiet().without("cpu"));

        assertThat(run.exitCode()).isEqualTo(ExitCodes.CANNOT_JUDGE);
        assertThat(run.err())
                .contains("calibration: CalibrationBenchmark.cpu matches no benchmark in ")
                .contains("(expected: exactly one of io.peregrine.jmh.FramingBenchmark.frame{size=100})");
    }

    @Test
    void whatHasACalibrationOfItsOwnMayBeMeasuredInARunOfItsOwn() throws IOException {
        String frames = ResultsFile.quiet().writeTo(directory, "frames.json");
        String calls = calls().writeTo(directory, "calls.json");
        GateRun recorded = GateRun.of(recordBoth(frames, calls));
        assertThat(recorded.err()).isEmpty();

        String slower = calls().each("call", score -> score * 1.2).writeTo(directory, "slower.json");
        GateRun checked = GateRun.of("check", "--baseline", baseline, frames, slower);

        assertThat(checked.out()).contains("CallBenchmark.call", "dearer by 20.0 %", "1 unchanged, 1 regressed");
    }

    @Test
    void aRunWithoutTheCalibrationOfWhatItHasIsRefused() throws IOException {
        String frames = ResultsFile.quiet().writeTo(directory, "frames.json");
        String calls = calls().without("loopback").writeTo(directory, "calls.json");
        String whole = calls().writeTo(directory, "whole.json");

        assertRefused("calibration: loopback matches no benchmark in " + calls, recordBoth(frames, whole, calls));
        assertRefused("calibration: loopback matches no benchmark in " + frames, recordBoth(frames));
    }

    /** The same figures under names of which no rule for frames takes any. */
    private static ResultsFile calls() throws IOException {
        return ResultsFile.quiet()
                .renamed("CalibrationBenchmark.cpu", "CalibrationBenchmark.loopback")
                .renamed("FramingBenchmark.frame", "CallBenchmark.call");
    }

    private String[] recordBoth(String... results) {
        List<String> args = new ArrayList<>(List.of("record", "--out", baseline));
        args.addAll(List.of("--calibration", "cpu", "--for", "frame", "--calibration", "loopback", "--for", "call"));
        args.addAll(List.of(results));
        return args.toArray(String[]::new);
    }

    @Test
    void aNoisyBenchmarkIsUndecided() throws IOException {
        int[] iteration = {0};
        GateRun run = check(ResultsFile.quiet().each("frame", score -> score * (iteration[0]++ < 3 ? 1 : 2.5)));

        assertThat(run.exitCode()).isEqualTo(ExitCodes.CANNOT_JUDGE);
        assertThat(run.out()).contains("undecided: strays by");
    }

    @Test
    void severalRunsCountByTheirMedian() throws IOException {
        ResultsFile slow = ResultsFile.quiet().each("frame", score -> score * 1.5);
        String[] args = {
            "check",
            "--baseline",
            baseline,
            ResultsFile.quiet().writeTo(directory, "1.json"),
            slow.writeTo(directory, "2.json"),
            ResultsFile.quiet().writeTo(directory, "3.json"),
            "--noise-factor=0"
        };

        assertThat(GateRun.of(args).exitCode()).isEqualTo(ExitCodes.PASSED);
    }

    @Test
    void aBaselineNeedsTwoObservations() throws IOException {
        JsonArray oneFork = JsonParser.parseString("[[500.0]]").getAsJsonArray();
        JsonObject metric = new JsonObject();
        metric.addProperty("score", 500);
        metric.addProperty("scoreError", "NaN");
        metric.addProperty("scoreUnit", "ns/op");
        metric.add("rawData", oneFork);

        GateRun run = recordFrom(ResultsFile.quiet().with("primaryMetric", metric));

        assertThat(run.exitCode()).isEqualTo(ExitCodes.CANNOT_JUDGE);
        assertThat(run.err()).contains("observed once: FramingBenchmark.frame{size=100}", "(expected: at least 2 runs");
    }

    @Test
    void percentilesOfSampledTimesMayBeCompared() throws IOException {
        String first = ResultsFile.named("sampled.json").writeTo(directory, "1.json");
        String second = ResultsFile.named("sampled.json").writeTo(directory, "2.json");

        GateRun recorded =
                GateRun.of("record", "--calibration", "cpu", "--metric", "p99", "--out", baseline, first, second);
        GateRun checked = GateRun.of("check", "--baseline", baseline, first);

        assertThat(recorded.out()).contains("FramingBenchmark.frame{size=100}:p99");
        assertThat(checked.exitCode()).isEqualTo(ExitCodes.PASSED);
    }

    @Test
    void theJsonReportSaysWhatThePrintedOneSays() throws IOException {
        Path json = directory.resolve("report.json");
        check(ResultsFile.quiet().each("frame", score -> score * 1.2), "--json", json.toString());

        JsonObject report = JsonParser.parseString(Files.readString(json)).getAsJsonObject();
        JsonObject comparison = report.getAsJsonArray("comparisons").get(0).getAsJsonObject();
        assertThat(report.get("exitCode").getAsInt()).isEqualTo(ExitCodes.REGRESSION);
        assertThat(report.getAsJsonObject("counts").get("regressed").getAsInt()).isOne();
        assertThat(comparison.get("verdict").getAsString()).isEqualTo("regressed");
        assertThat(comparison.get("change").getAsDouble()).isCloseTo(0.2, within());
        assertThat(comparison.getAsJsonObject("now").get("ratio").getAsDouble()).isCloseTo(0.6, within());
    }

    @Test
    void theJunitReportHasAFailureForARegression() throws Exception {
        Path xml = directory.resolve("report.xml");
        check(ResultsFile.quiet().each("frame", score -> score * 1.2), "--junit", xml.toString());

        Element suite = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(xml.toFile())
                .getDocumentElement();
        assertThat(suite.getAttribute("failures")).isEqualTo("1");
        assertThat(((Element) suite.getElementsByTagName("failure").item(0)).getAttribute("message"))
                .contains("dearer by 20.0 %");
    }

    @Test
    void anotherJdkIsToldButDoesNotFail() throws IOException {
        GateRun run = check(ResultsFile.quiet().with("jdkVersion", new JsonPrimitive("25.0.1")));

        assertThat(run.exitCode()).isEqualTo(ExitCodes.PASSED);
        assertThat(run.out()).contains("note: JDK 25.0.1, the baseline is of 17");
    }

    @Test
    void unusableInputIsNamedInOneSentence() throws IOException {
        String results = ResultsFile.quiet().writeTo(directory, "results.json");
        String text = Files.writeString(directory.resolve("text"), "no JSON").toString();
        String empty = Files.writeString(directory.resolve("empty"), "[]").toString();

        assertRefused("baseline: absent cannot be read: no such file", "check", "--baseline", "absent", results);
        assertRefused("baseline: " + text + " cannot be read", "check", "--baseline", text, results);
        assertRefused("lacks a field", "check", "--baseline", results.replace("results.json", "object"), results);
        assertRefused("has none (expected: results of JMH", "check", "--baseline", baseline, empty);
        assertRefused("cannot be read: ", "check", "--baseline", baseline, text);
        assertRefused(
                "calibration: ( (expected: a regular expression",
                "record",
                "--calibration",
                "(",
                "--out",
                "x",
                results);
        assertRefused("matches 2 benchmarks", "record", "--calibration", ".", "--out", "x", results);
        assertRefused("metric: p99 of", "record", "--calibration", "cpu", "--metric", "p99", "--out", "x", results);
        assertRefused(
                "unit of gc.count", "record", "--calibration", "cpu", "--metric", "gc.count", "--out", "x", results);
        assertRefused("-1 (expected: a number of at least 0)", "check", "--min-percent=-1", "--baseline", "x", results);
        assertRefused("is given twice", "check", "--baseline", baseline, results, results);
        assertRefused("Missing required", "check");
        String nowhere = directory.resolve("absent/report.json").toString();
        assertRefused(
                "file: " + nowhere + ": no such file or directory (expected: one that can be written)",
                "check",
                "--baseline",
                baseline,
                "--json",
                nowhere,
                results);
    }

    private void assertRefused(String reason, String... args) throws IOException {
        Files.writeString(directory.resolve("object"), "{}");
        GateRun run = GateRun.of(args);
        assertThat(run.exitCode()).isEqualTo(ExitCodes.CANNOT_JUDGE);
        assertThat(run.err()).startsWith("regression-gate: ").contains(reason);
        assertThat(run.err().strip().lines()).hasSize(1);
    }

    private GateRun recordFrom(ResultsFile results, String... rules) throws IOException {
        List<String> args = new ArrayList<>(List.of("record", "--out", baseline));
        args.addAll(rules.length == 0 ? List.of("--calibration", "CalibrationBenchmark.cpu") : List.of(rules));
        args.add(results.writeTo(directory, "recorded.json"));
        return GateRun.of(args.toArray(String[]::new));
    }

    private GateRun check(ResultsFile results, String... options) throws IOException {
        List<String> args = new ArrayList<>(List.of("check", "--baseline", baseline));
        args.addAll(List.of(options));
        args.add(results.writeTo(directory, "checked.json"));
        return GateRun.of(args.toArray(String[]::new));
    }

    private static Offset<Double> within() {
        return Offset.offset(1e-9);
    }
}
