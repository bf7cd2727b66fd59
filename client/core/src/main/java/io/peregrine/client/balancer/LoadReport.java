package io.peregrine.client.balancer;

import java.util.Map;

/**
 * What a server says of its load (Open Request Cost Aggregation, {@code xds.data.orca.v3.OrcaLoadReport}; gRFC A51,
 * SPEC WR-7). Immutable. What a server left out is 0, or absent in the maps.
 *
 * @param cpuUtilization of the machine or container; 1 is all of it, and more is possible
 * @param memoryUtilization of the machine or container, 0 to 1
 * @param applicationUtilization as the application itself measures it; more than 1 is possible
 * @param queriesPerSecond calls that it serves each second
 * @param errorsPerSecond calls that it fails each second
 * @param requestCost what this call cost, by names of the application's
 * @param utilization of other resources, 0 to 1, by names of the application's
 * @param namedMetrics whatever else it measures
 */
public record LoadReport(
        double cpuUtilization,
        double memoryUtilization,
        double applicationUtilization,
        double queriesPerSecond,
        double errorsPerSecond,
        Map<String, Double> requestCost,
        Map<String, Double> utilization,
        Map<String, Double> namedMetrics) {
    /** Copies the maps. */
    public LoadReport {
        requestCost = Map.copyOf(requestCost);
        utilization = Map.copyOf(utilization);
        namedMetrics = Map.copyOf(namedMetrics);
    }
}
