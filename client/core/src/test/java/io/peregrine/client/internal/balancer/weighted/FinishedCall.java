package io.peregrine.client.internal.balancer.weighted;

import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.DoneInfo;
import io.peregrine.client.balancer.LoadReport;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How a call ended, as a policy is told. */
record FinishedCall(
        Status status,
        boolean isSent,
        long elapsedNs,
        long timeoutNs,
        @Nullable LoadReport loadReport) implements DoneInfo {
    static FinishedCall after(Duration elapsed) {
        return new FinishedCall(Status.OK, true, elapsed.toNanos(), Long.MAX_VALUE, null);
    }

    static FinishedCall with(LoadReport report) {
        return new FinishedCall(Status.OK, true, 1_000_000, Long.MAX_VALUE, report);
    }

    static FinishedCall unsent() {
        Status status = Status.of(StatusCode.UNAVAILABLE, "the subchannel was not ready any more");
        return new FinishedCall(status, false, 1_000_000, Long.MAX_VALUE, null);
    }

    FinishedCall failed(StatusCode code) {
        return new FinishedCall(Status.of(code, "failed"), isSent, elapsedNs, timeoutNs, loadReport);
    }

    FinishedCall withTimeout(Duration timeout) {
        return new FinishedCall(status, isSent, elapsedNs, timeout.toNanos(), loadReport);
    }

    @Override
    public Metadata trailers() {
        return Metadata.EMPTY;
    }

    @Override
    public boolean isResponded() {
        return isSent;
    }

    /** A report of a server that uses that much of its processors for that many calls. */
    static LoadReport load(double cpu, double queriesPerSecond) {
        return new LoadReport(cpu, 0, 0, queriesPerSecond, 0, Map.of(), Map.of(), Map.of());
    }
}
