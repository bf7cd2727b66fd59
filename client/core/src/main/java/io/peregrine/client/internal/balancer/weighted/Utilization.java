package io.peregrine.client.internal.balancer.weighted;

import io.peregrine.client.balancer.LoadReport;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * How loaded a server is by its report, and so how much one endpoint can carry beside others (SPEC WR-2, gRFC A58, A114).
 * What a server reports is not believed to be a number, positive or finite. Immutable.
 */
final class Utilization {
    private final List<Metric> metrics;
    private final double errorPenalty;

    /** One number of a report; 0 if it is not there. */
    @FunctionalInterface
    private interface Metric extends ToDoubleFunction<LoadReport> {}

    /**
     * By these metrics.
     *
     * @param names as gRFC A114 has them; those that name nothing are ignored
     * @param errorPenalty what a share of 1 of failed calls adds; 0 or more
     */
    Utilization(List<String> names, double errorPenalty) {
        this.metrics = names.stream()
                .map(Utilization::metric)
                .filter(known -> known != null)
                .toList();
        this.errorPenalty = errorPenalty;
    }

    /** The calls that the server would carry in a second with a utilization of 1; 0 if the report does not say. */
    double weightOf(LoadReport report) {
        double load = of(report);
        double queries = report.queriesPerSecond();
        if (!(load > 0) || !(queries > 0)) {
            return 0;
        }
        double errors = report.errorsPerSecond();
        double penalty = errors > 0 ? errors / queries * errorPenalty : 0;
        double weight = queries / (load + penalty);
        return weight > 0 && weight <= Double.MAX_VALUE ? weight : 0;
    }

    private double of(LoadReport report) {
        double greatest = 0;
        for (Metric metric : metrics) {
            double value = metric.applyAsDouble(report);
            if (value > greatest) {
                greatest = value;
            }
        }
        if (greatest > 0) {
            return greatest;
        }
        double application = report.applicationUtilization();
        return application > 0 ? application : report.cpuUtilization();
    }

    private static @Nullable Metric metric(String name) {
        return switch (name) {
            case "application_utilization" -> LoadReport::applicationUtilization;
            case "cpu_utilization" -> LoadReport::cpuUtilization;
            case "mem_utilization" -> LoadReport::memoryUtilization;
            default -> metricInMap(name);
        };
    }

    private static @Nullable Metric metricInMap(String name) {
        int dot = name.indexOf('.');
        String key = name.substring(dot + 1);
        return switch (dot < 0 ? "" : name.substring(0, dot)) {
            case "named_metrics" -> report -> in(report.namedMetrics(), key);
            case "utilization" -> report -> in(report.utilization(), key);
            default -> null;
        };
    }

    private static double in(Map<String, Double> values, String key) {
        return values.getOrDefault(key, 0.0);
    }
}
