package io.peregrine.load.report;

import io.peregrine.load.measure.Measurements;
import io.peregrine.load.measure.ProcessUsage;
import io.peregrine.load.run.LoadPlan;
import io.peregrine.load.run.LoopOutcome;
import java.time.Instant;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * Everything that a run has to say; {@link TextSummary} and {@link JsonDocument} print it.
 *
 * @param date when the run began
 * @param target what was called, as the user named it or as the embedded back end is reached
 * @param embedded whether the back end ran in this process
 * @param method the full name of the method
 * @param connections the number of client connections
 * @param requestBytes the size of each request message
 * @param replyBytes the sum of the sizes of all reply messages
 * @param plan the load that was asked for
 * @param outcome what the loop did
 * @param measurements what was recorded
 * @param usage what the process used while the run was measured
 * @param environment what the figures depend on, name to value, in the order to print
 */
public record RunReport(
        Instant date,
        String target,
        boolean embedded,
        String method,
        int connections,
        int requestBytes,
        long replyBytes,
        LoadPlan plan,
        LoopOutcome outcome,
        Measurements measurements,
        ProcessUsage usage,
        Map<String, String> environment) {
    /** Lag is small against response times while its p99.9 is below this share of their median. */
    private static final double SMALL_LAG = 0.1;

    /** The times that the report leads with: response in open loop, service in closed loop. */
    public Histogram latency() {
        return plan.openLoop() ? measurements.response() : measurements.service();
    }

    /** Calls that were started and had not ended when the report was taken. */
    public long unfinished() {
        return outcome.started() - measurements.ok() - measurements.failed();
    }

    /** Calls that ended. */
    public long completed() {
        return measurements.ok() + measurements.failed();
    }

    /** Whether every scheduled call ended with OK. */
    public boolean allOk() {
        return measurements.ok() == outcome.scheduled();
    }

    /** Completed calls per second. */
    public double callsPerSecond() {
        return outcome.elapsedNs() == 0 ? 0 : completed() * 1e9 / outcome.elapsedNs();
    }

    /** Processor time of the process per completed call, in nanoseconds. */
    public double cpuNsPerCall() {
        return completed() == 0 ? 0 : (double) usage.cpuNs() / completed();
    }

    /** Heap bytes that the process allocated per completed call. */
    public double allocatedBytesPerCall() {
        return completed() == 0 ? 0 : (double) usage.allocatedBytes() / completed();
    }

    /** Whether calls started so late that the generator shows in the response times. */
    public boolean lagIsNotSmall() {
        return plan.openLoop()
                && completed() > 0
                && measurements.lag().getValueAtPercentile(99.9)
                        > SMALL_LAG * measurements.response().getValueAtPercentile(50);
    }

    /** What the figures per call include. */
    public String usageScope() {
        String scope = plan.openLoop()
                ? "whole process: client, JIT and generator, which spins before each start unless --wait park"
                : "whole process: client, JIT and generator";
        return embedded ? scope + "; and the embedded server" : scope;
    }
}
