package io.peregrine.load.report;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.peregrine.load.measure.Measurements;
import io.peregrine.load.measure.StatusCodes;
import io.peregrine.load.run.LoadPlan;
import io.peregrine.load.run.LoopOutcome;
import java.util.Locale;
import org.HdrHistogram.Histogram;

/**
 * The report as JSON: ghz's fields under ghz's names, times in nanoseconds, so that what reads its output reads
 * this; and beside them what ghz does not have, under {@code peregrine}.
 */
public final class JsonDocument {
    private static final Gson GSON =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();
    private static final double NS_PER_S = 1e9;

    private JsonDocument() {}

    /** Formats a report, with a final line break. */
    public static String format(RunReport report) {
        Histogram latency = report.latency();
        JsonObject root = new JsonObject();
        root.addProperty("date", report.date().toString());
        root.addProperty("endReason", endReason(report.outcome()));
        root.add("options", options(report));
        root.addProperty("count", report.completed());
        root.addProperty("total", report.outcome().elapsedNs());
        root.addProperty("average", latency.getTotalCount() == 0 ? 0 : Math.round(latency.getMean()));
        root.addProperty("fastest", latency.getTotalCount() == 0 ? 0 : latency.getMinValue());
        root.addProperty("slowest", latency.getMaxValue());
        root.addProperty("rps", report.callsPerSecond());
        root.add("errorDistribution", errors(report.measurements()));
        root.add("statusCodeDistribution", statuses(report.measurements()));
        root.add("latencyDistribution", distribution(latency));
        root.add("histogram", histogram(latency));
        root.add("peregrine", extra(report));
        return GSON.toJson(root) + '\n';
    }

    private static String endReason(LoopOutcome outcome) {
        return switch (outcome.reason()) {
            case COUNT -> "normal";
            case DURATION -> "timeout";
            case INTERRUPTED -> "cancel";
        };
    }

    private static JsonObject options(RunReport report) {
        LoadPlan plan = report.plan();
        JsonObject options = new JsonObject();
        options.addProperty("host", report.target());
        options.addProperty("call", report.method());
        options.addProperty("total", plan.totalCalls());
        options.addProperty("durationNs", plan.durationNs());
        options.addProperty("concurrency", plan.callers());
        options.addProperty("connections", report.connections());
        options.addProperty("rps", plan.callsPerSecond());
        options.addProperty("maxOutstanding", plan.maxOutstanding());
        options.addProperty("blocking", plan.blocking());
        options.addProperty("requestBytes", report.requestBytes());
        return options;
    }

    private static JsonObject errors(Measurements measurements) {
        JsonObject errors = new JsonObject();
        measurements.errorTexts().forEach(errors::addProperty);
        return errors;
    }

    private static JsonObject statuses(Measurements measurements) {
        JsonObject statuses = new JsonObject();
        for (int code = 0; code < StatusCodes.COUNT; code++) {
            if (measurements.calls(code) > 0) {
                statuses.addProperty(StatusCodes.name(code), measurements.calls(code));
            }
        }
        return statuses;
    }

    private static JsonArray distribution(Histogram histogram) {
        JsonArray rows = new JsonArray();
        for (double percentile : Percentiles.ALL) {
            JsonObject row = new JsonObject();
            row.addProperty("percentage", percentile);
            row.addProperty("latency", histogram.getValueAtPercentile(percentile));
            rows.add(row);
        }
        return rows;
    }

    private static JsonArray histogram(Histogram latency) {
        JsonArray rows = new JsonArray();
        for (LinearHistogram.Row bucket : LinearHistogram.rows(latency)) {
            JsonObject row = new JsonObject();
            row.addProperty("mark", bucket.markNs() / NS_PER_S);
            row.addProperty("count", bucket.count());
            row.addProperty("frequency", (double) bucket.count() / latency.getTotalCount());
            rows.add(row);
        }
        return rows;
    }

    private static JsonObject extra(RunReport report) {
        LoopOutcome outcome = report.outcome();
        Measurements measurements = report.measurements();
        JsonObject extra = new JsonObject();
        extra.addProperty("loop", report.plan().openLoop() ? "open" : "closed");
        extra.addProperty("embedded", report.embedded());
        JsonObject calls = new JsonObject();
        calls.addProperty("scheduled", outcome.scheduled());
        calls.addProperty("ok", measurements.ok());
        calls.addProperty("failed", measurements.failed());
        calls.addProperty("unfinished", report.unfinished());
        calls.addProperty("notStarted", outcome.notStarted());
        calls.addProperty("deferred", outcome.deferred());
        extra.add("calls", calls);
        extra.addProperty("replyBytes", report.replyBytes());
        extra.add("service", distribution(measurements.service()));
        if (report.plan().openLoop()) {
            extra.add("response", distribution(measurements.response()));
            extra.add("lag", distribution(measurements.lag()));
            extra.addProperty("lagIsNotSmall", report.lagIsNotSmall());
        }
        JsonObject cost = new JsonObject();
        cost.addProperty("scope", report.usageScope());
        cost.addProperty("cpuNsPerCall", report.cpuNsPerCall());
        cost.addProperty("allocatedBytesPerCall", report.allocatedBytesPerCall());
        extra.add("cost", cost);
        JsonObject environment = new JsonObject();
        report.environment().forEach((name, value) -> environment.addProperty(name.toLowerCase(Locale.ROOT), value));
        extra.add("environment", environment);
        return extra;
    }
}
