package io.peregrine.client.balancer;

import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How a call ended, as a policy is told. A response came if it was sent, whatever it said. */
public record FinishedCall(
        Status status,
        boolean isSent,
        long elapsedNs,
        long timeoutNs,
        @Nullable LoadReport loadReport) implements DoneInfo {
    /** With OK, after a microsecond. */
    public static final FinishedCall OK = after(Duration.ofNanos(1_000));

    /** With UNAVAILABLE, as the server said. */
    public static final FinishedCall UNAVAILABLE = OK.failed(StatusCode.UNAVAILABLE);

    /** Before it was sent. */
    public static final FinishedCall UNSENT = new FinishedCall(
            Status.of(StatusCode.UNAVAILABLE, "the subchannel was not ready any more"),
            false,
            1_000_000,
            Long.MAX_VALUE,
            null);

    /** With OK, and took so long. */
    public static FinishedCall after(Duration elapsed) {
        return new FinishedCall(Status.OK, true, elapsed.toNanos(), Long.MAX_VALUE, null);
    }

    /** With OK after a millisecond, and a report. */
    public static FinishedCall with(LoadReport report) {
        return new FinishedCall(Status.OK, true, 1_000_000, Long.MAX_VALUE, report);
    }

    /** As this one, but with that status. */
    public FinishedCall failed(StatusCode code) {
        return new FinishedCall(Status.of(code, "failed"), isSent, elapsedNs, timeoutNs, loadReport);
    }

    /** As this one, but of a call that had so much time. */
    public FinishedCall withTimeout(Duration timeout) {
        return new FinishedCall(status, isSent, elapsedNs, timeout.toNanos(), loadReport);
    }

    /** Tells the listener of the pick, if it has one. */
    public void tell(PickResult picked) {
        DoneListener listener = picked.doneListener();
        if (listener != null) {
            listener.onDone(this);
        }
    }

    /** A report of a server that uses that much of its processors for that many calls. */
    public static LoadReport load(double cpu, double queriesPerSecond) {
        return new LoadReport(cpu, 0, 0, queriesPerSecond, 0, Map.of(), Map.of(), Map.of());
    }

    @Override
    public Metadata trailers() {
        return Metadata.EMPTY;
    }

    @Override
    public boolean isResponded() {
        return isSent;
    }
}
