package io.peregrine.load.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.peregrine.load.measure.CallRecorder;
import io.peregrine.load.measure.ProcessUsage;
import io.peregrine.load.run.LoadPlan;
import io.peregrine.load.run.LoopOutcome;
import io.peregrine.load.run.LoopOutcome.EndReason;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReportTest {
    private static final long MS = 1_000_000L;
    private static final LoadPlan OPEN = new LoadPlan(1_000, LoadPlan.UNLIMITED, 50, false, 100, 20);
    private static final LoadPlan CLOSED = new LoadPlan(1_000, LoadPlan.UNLIMITED, 50, false, 0, 20);

    private final CallRecorder recorder = new CallRecorder(false);

    @Test
    void accountsForEveryScheduledCall() {
        recordOk(900);
        recorder.openLoopCall(14, MS, MS);
        recorder.errorText("connection refused");

        RunReport report = report(OPEN, new LoopOutcome(1_000, 950, 30, 10_000 * MS, EndReason.INTERRUPTED));

        assertThat(report.measurements().ok()
                        + report.measurements().failed()
                        + report.unfinished()
                        + report.outcome().notStarted())
                .isEqualTo(report.outcome().scheduled());
        assertThat(TextSummary.format(report, false))
                .contains("scheduled 1000 = 900 ok + 1 failed + 49 unfinished + 50 not started")
                .contains("deferred 30")
                .contains("interrupted before the end")
                .contains("[OK]   900 responses")
                .contains("[Unavailable]   1 responses")
                .contains("[1]   connection refused");
    }

    @Test
    void printsRowsUpToTheTailAndTheSpectrumOnDemand() {
        recordOk(1_000);
        RunReport report = report(OPEN, new LoopOutcome(1_000, 1_000, 0, 10_000 * MS, EndReason.COUNT));

        String text = TextSummary.format(report, true);

        assertThat(text)
                .contains("     50 % in 5.0", "   99.9 % in 9.9", "  99.99 % in")
                .contains("99.99 % in 10.002 ms  (service 10.002 ms, lag 0.001 ms)  (rests on fewer than 10 calls)")
                .contains("Value     Percentile TotalCount 1/(1-Percentile)")
                .contains("#[Mean    =")
                .contains("Requests/sec:  100.00");
        assertThat(TextSummary.format(report, false)).doesNotContain("1/(1-Percentile)");
    }

    @Test
    void labelsAClosedLoopAsSuch() {
        recorder.closedLoopCall(0, MS);

        String text = TextSummary.format(report(CLOSED, new LoopOutcome(1, 1, 0, 10 * MS, EndReason.COUNT)), false);

        assertThat(text)
                .contains("closed loop, 50 async callers, 2 connections")
                .contains("Response time histogram (closed loop: from the actual start, stalls are under-reported)")
                .contains("Latency distribution (closed loop):")
                .doesNotContain("lag");
    }

    @Test
    void saysInOneLineWhenTheGeneratorItselfWasLate() {
        for (int i = 0; i < 1_000; i++) {
            recorder.lag(MS);
            recorder.openLoopCall(0, 2 * MS, MS);
        }

        String text =
                TextSummary.format(report(OPEN, new LoopOutcome(1_000, 1_000, 0, 10_000 * MS, EndReason.COUNT)), false);

        assertThat(text.lines().filter(line -> line.contains("lag p99.9 is not small against response p50")))
                .hasSize(1);
    }

    @Test
    void reportsARunWithoutAnyCall() {
        RunReport report = report(OPEN, new LoopOutcome(1_000, 0, 0, 0, EndReason.INTERRUPTED));

        assertThat(TextSummary.format(report, true)).contains("= 0 ok + 0 failed + 0 unfinished + 1000 not started");
        assertThat(JsonParser.parseString(JsonDocument.format(report)).isJsonObject())
                .isTrue();
    }

    @Test
    void writesGhzFieldsWithTimesInNanoseconds() {
        recordOk(1_000);
        RunReport report = report(OPEN, new LoopOutcome(1_000, 1_000, 0, 10_000 * MS, EndReason.COUNT));

        JsonObject json = JsonParser.parseString(JsonDocument.format(report)).getAsJsonObject();

        assertThat(json.get("count").getAsLong()).isEqualTo(1_000);
        assertThat(json.get("total").getAsLong()).isEqualTo(10_000 * MS);
        assertThat(json.get("endReason").getAsString()).isEqualTo("normal");
        assertThat(json.getAsJsonObject("statusCodeDistribution").get("OK").getAsLong())
                .isEqualTo(1_000);
        JsonArray rows = json.getAsJsonArray("latencyDistribution");
        assertThat(rows).hasSize(9);
        assertThat(rows.get(2).getAsJsonObject().get("latency").getAsLong()).isBetween(5 * MS, 5 * MS + MS / 100);
        long counted = 0;
        for (var row : json.getAsJsonArray("histogram")) {
            counted += row.getAsJsonObject().get("count").getAsLong();
        }
        assertThat(counted).isEqualTo(1_000);
        assertThat(json.getAsJsonObject("peregrine")
                        .getAsJsonObject("calls")
                        .get("scheduled")
                        .getAsLong())
                .isEqualTo(1_000);
        assertThat(json.getAsJsonObject("peregrine").getAsJsonArray("lag")).hasSize(9);
    }

    /** Response times of 10 us, 20 us, ... up to {@code calls} times 10 us. */
    private void recordOk(int calls) {
        for (int i = 1; i <= calls; i++) {
            recorder.lag(1_000);
            recorder.openLoopCall(0, i * 10_000L, i * 10_000L);
        }
    }

    private RunReport report(LoadPlan plan, LoopOutcome outcome) {
        return new RunReport(
                Instant.EPOCH,
                "localhost:1",
                true,
                "a.B/C",
                2,
                100,
                1_000,
                plan,
                outcome,
                recorder.total(),
                new ProcessUsage(MS, 1_000),
                Map.of("JVM", "test"));
    }
}
