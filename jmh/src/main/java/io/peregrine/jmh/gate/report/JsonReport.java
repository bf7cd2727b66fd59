package io.peregrine.jmh.gate.report;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.peregrine.jmh.gate.judgement.Baseline;
import io.peregrine.jmh.gate.judgement.Comparison;
import io.peregrine.jmh.gate.judgement.Observed;
import io.peregrine.jmh.gate.judgement.Subject;
import io.peregrine.jmh.gate.judgement.Verdict;
import java.util.Locale;

/** A report for programs. Shares are fractions, not percent; ratios are without a unit. */
public final class JsonReport {
    private static final Gson GSON =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

    private JsonReport() {}

    /** The whole file. */
    public static String format(Report report) {
        JsonObject root = new JsonObject();
        root.addProperty("outcome", report.outcome());
        root.addProperty("exitCode", report.exitCode());
        JsonObject counts = new JsonObject();
        for (Verdict verdict : Verdict.values()) {
            counts.addProperty(name(verdict), report.count(verdict));
        }
        root.add("counts", counts);
        root.add("notes", GSON.toJsonTree(report.notes()));
        JsonArray comparisons = new JsonArray();
        report.comparisons().forEach(comparison -> comparisons.add(comparison(comparison)));
        root.add("comparisons", comparisons);
        return GSON.toJson(root) + '\n';
    }

    private static JsonObject comparison(Comparison comparison) {
        JsonObject json = new JsonObject();
        Subject subject = comparison.subject();
        json.addProperty("benchmark", subject.benchmark().name());
        json.add("params", GSON.toJsonTree(subject.benchmark().params()));
        json.addProperty("mode", subject.benchmark().mode());
        json.addProperty("threads", subject.benchmark().threads());
        json.addProperty("metric", subject.metric());
        json.addProperty("calibration", subject.calibration().nameWithParams());
        json.addProperty("verdict", name(comparison.verdict()));
        json.addProperty("reason", comparison.reason());
        Baseline.Entry expected = comparison.expected();
        if (expected != null) {
            json.add("baseline", figures(expected));
        }
        Observed observed = comparison.observed();
        if (observed != null) {
            json.add("now", figures(Baseline.Entry.of(observed)));
        }
        if (expected != null && observed != null) {
            json.addProperty("change", comparison.change());
            json.addProperty("allowance", comparison.allowance());
        }
        return json;
    }

    private static JsonObject figures(Baseline.Entry entry) {
        JsonObject json = new JsonObject();
        json.addProperty("ratio", entry.ratio());
        json.addProperty("noise", entry.noise());
        json.addProperty("observations", entry.observations());
        json.addProperty("costNs", entry.costNs());
        if (entry.bytesPerOperation() != null) {
            json.addProperty("bytesPerOperation", entry.bytesPerOperation());
        }
        return json;
    }

    private static String name(Verdict verdict) {
        return verdict.name().toLowerCase(Locale.ROOT);
    }
}
