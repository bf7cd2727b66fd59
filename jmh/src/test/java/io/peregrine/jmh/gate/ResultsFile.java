package io.peregrine.jmh.gate;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.DoubleUnaryOperator;

/** A file that JMH wrote, to be changed before a test reads it. */
final class ResultsFile {
    private final JsonArray results;

    private ResultsFile(JsonArray results) {
        this.results = results;
    }

    /** One of {@code run-1.json}, {@code run-2.json}, {@code throughput.json} and {@code sampled.json}. */
    static ResultsFile named(String name) throws IOException {
        try (var stream = ResultsFile.class.getResourceAsStream(name)) {
            return new ResultsFile(
                    new Gson().fromJson(new String(stream.readAllBytes(), StandardCharsets.UTF_8), JsonArray.class));
        }
    }

    /** Two forks without noise: the calibration costs 1 000 ns and all else 500 ns. */
    static ResultsFile quiet() throws IOException {
        return named("run-1.json").each("cpu", score -> 1000).each("frame", score -> 500);
    }

    /** Changes each iteration of a method's score. */
    ResultsFile each(String method, DoubleUnaryOperator change) {
        for (JsonElement result : results) {
            if (result.getAsJsonObject().get("benchmark").getAsString().endsWith('.' + method)) {
                change(metric(result, "primaryMetric"), change);
            }
        }
        return this;
    }

    /** Changes each iteration of the heap bytes of all benchmarks. */
    ResultsFile eachAllocation(DoubleUnaryOperator change) {
        for (JsonElement result : results) {
            change(metric(result, "secondaryMetrics").getAsJsonObject("gc.alloc.rate.norm"), change);
        }
        return this;
    }

    /** Sets a field of each benchmark. */
    ResultsFile with(String field, JsonElement value) {
        results.forEach(result -> result.getAsJsonObject().add(field, value));
        return this;
    }

    /** Gives a benchmark another class and method. */
    ResultsFile renamed(String from, String to) {
        for (JsonElement result : results) {
            JsonObject fields = result.getAsJsonObject();
            fields.addProperty(
                    "benchmark", fields.get("benchmark").getAsString().replace(from, to));
        }
        return this;
    }

    /** Takes a method's results out. */
    ResultsFile without(String method) {
        JsonArray kept = new JsonArray();
        for (JsonElement result : results) {
            if (!result.getAsJsonObject().get("benchmark").getAsString().endsWith('.' + method)) {
                kept.add(result);
            }
        }
        return new ResultsFile(kept);
    }

    String writeTo(Path directory, String name) throws IOException {
        return Files.writeString(directory.resolve(name), new Gson().toJson(results))
                .toString();
    }

    private static JsonObject metric(JsonElement result, String name) {
        return result.getAsJsonObject().getAsJsonObject(name);
    }

    private static void change(JsonObject metric, DoubleUnaryOperator change) {
        for (JsonElement fork : metric.getAsJsonArray("rawData")) {
            JsonArray iterations = fork.getAsJsonArray();
            for (int i = 0; i < iterations.size(); i++) {
                iterations.set(
                        i,
                        new JsonPrimitive(change.applyAsDouble(iterations.get(i).getAsDouble())));
            }
        }
    }
}
