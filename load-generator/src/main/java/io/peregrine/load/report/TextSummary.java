package io.peregrine.load.report;

import io.peregrine.load.measure.Measurements;
import io.peregrine.load.measure.StatusCodes;
import io.peregrine.load.run.LoopOutcome;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** The report for people, in the layout of ghz's summary, with what ghz leaves out. */
public final class TextSummary {
    private static final int BAR_CHARS = 40;
    private static final int SPECTRUM_TICKS = 5;
    private static final double NS_PER_MS = 1e6;

    private final RunReport report;
    private final StringBuilder out = new StringBuilder();

    private TextSummary(RunReport report) {
        this.report = report;
    }

    /**
     * Formats a report.
     *
     * @param spectrum whether to append the "Detailed Percentile spectrum", as wrk2 prints it
     */
    public static String format(RunReport report, boolean spectrum) {
        TextSummary summary = new TextSummary(report);
        summary.overview();
        summary.account();
        if (report.latency().getTotalCount() > 0) {
            summary.histogram();
            summary.distribution();
        }
        summary.statuses();
        summary.cost();
        summary.environment();
        if (spectrum) {
            summary.spectrum();
        }
        return summary.out.toString();
    }

    private void overview() {
        Histogram latency = report.latency();
        line("");
        line("Summary:");
        field("Target", report.target());
        field("Method", report.method() + ", request " + Quantities.bytes(report.requestBytes()));
        field("Load", load());
        field("Count", Long.toString(report.completed()));
        field("Total", Quantities.seconds(report.outcome().elapsedNs()));
        field("Slowest", Quantities.ms(latency.getMaxValue()));
        field("Fastest", Quantities.ms(latency.getTotalCount() == 0 ? 0 : latency.getMinValue()));
        field("Average", Quantities.ms(latency.getTotalCount() == 0 ? 0 : Math.round(latency.getMean())));
        field("Requests/sec", Quantities.rate(report.callsPerSecond()));
    }

    private String load() {
        String connections = report.connections() + (report.connections() == 1 ? " connection" : " connections");
        if (report.plan().openLoop()) {
            return "open loop, " + Quantities.rate(report.plan().callsPerSecond()) + " calls/s, at most "
                    + report.plan().maxOutstanding() + " outstanding, " + connections;
        }
        return "closed loop, " + report.plan().callers() + (report.plan().blocking() ? " blocking" : " async")
                + " callers, " + connections;
    }

    private void account() {
        LoopOutcome outcome = report.outcome();
        Measurements calls = report.measurements();
        line("");
        line("Calls:");
        line("  scheduled " + outcome.scheduled() + " = " + calls.ok() + " ok + " + calls.failed() + " failed + "
                + report.unfinished() + " unfinished + " + outcome.notStarted() + " not started");
        if (report.plan().openLoop()) {
            String saturation = outcome.deferred() + outcome.notStarted() == 0
                    ? ""
                    : ": due while " + report.plan().maxOutstanding()
                            + " calls were outstanding, so started late; the target or this process is saturated";
            line("  deferred " + outcome.deferred() + saturation);
        }
        if (outcome.reason() == LoopOutcome.EndReason.INTERRUPTED) {
            line("  interrupted before the end of the plan");
        }
    }

    private void histogram() {
        line("");
        line(
                report.plan().openLoop()
                        ? "Response time histogram (from the intended start):"
                        : "Response time histogram (closed loop: from the actual start, stalls are under-reported):");
        List<LinearHistogram.Row> rows = LinearHistogram.rows(report.latency());
        long largest = rows.stream().mapToLong(LinearHistogram.Row::count).max().orElse(1);
        for (LinearHistogram.Row row : rows) {
            int bar = (int) Math.round((double) row.count() * BAR_CHARS / Math.max(1, largest));
            line(String.format(
                    Locale.ROOT,
                    "  %10.3f %-12s|%s",
                    row.markNs() / NS_PER_MS,
                    "[" + row.count() + "]",
                    "∎".repeat(bar)));
        }
    }

    private void distribution() {
        line("");
        line(
                report.plan().openLoop()
                        ? "Latency distribution (response from the intended start; service from the actual start; lag between):"
                        : "Latency distribution (closed loop):");
        for (double percentile : Percentiles.ALL) {
            line(percentileRow(percentile));
        }
        if (report.lagIsNotSmall()) {
            line("  Note: lag p99.9 is not small against response p50: this process started calls late,"
                    + " so the response times include its own delay.");
        }
    }

    private String percentileRow(double percentile) {
        Histogram latency = report.latency();
        String row = String.format(
                Locale.ROOT,
                "  %5s %% in %s",
                Quantities.percentage(percentile),
                Quantities.ms(latency.getValueAtPercentile(percentile)));
        if (report.plan().openLoop()) {
            Measurements times = report.measurements();
            row += "  (service " + Quantities.ms(times.service().getValueAtPercentile(percentile)) + ", lag "
                    + Quantities.ms(times.lag().getValueAtPercentile(percentile)) + ')';
        }
        return Percentiles.hasFewSamples(latency, percentile) ? row + "  (rests on fewer than 10 calls)" : row;
    }

    private void statuses() {
        Measurements calls = report.measurements();
        line("");
        line("Status code distribution:");
        for (int code = 0; code < StatusCodes.COUNT; code++) {
            if (calls.calls(code) > 0) {
                line(String.format(Locale.ROOT, "  [%s]   %d responses", StatusCodes.name(code), calls.calls(code)));
            }
        }
        if (calls.errorTexts().isEmpty()) {
            return;
        }
        line("");
        line("Error distribution:");
        calls.errorTexts().entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .forEach(error -> line("  [" + error.getValue() + "]   " + error.getKey()));
    }

    private void cost() {
        line("");
        line("Cost per call (" + report.usageScope() + "):");
        field("CPU", Quantities.us(report.cpuNsPerCall()));
        field("Allocated", Quantities.bytes(Math.round(report.allocatedBytesPerCall())));
    }

    private void environment() {
        line("");
        line("Environment:");
        report.environment().forEach(this::field);
    }

    private void spectrum() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream print = new PrintStream(bytes, false, StandardCharsets.UTF_8);
        report.latency().outputPercentileDistribution(print, SPECTRUM_TICKS, NS_PER_MS);
        print.flush();
        line("");
        line("  Detailed Percentile spectrum (ms):");
        out.append(bytes.toString(StandardCharsets.UTF_8));
    }

    private void field(String name, String value) {
        line(String.format(Locale.ROOT, "  %-14s %s", name + ':', value));
    }

    private void line(String text) {
        out.append(text).append('\n');
    }
}
