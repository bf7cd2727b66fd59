package io.peregrine.load.cli;

import io.peregrine.load.run.LoadPlan;
import io.peregrine.load.run.WaitStrategy;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How many calls, and when. */
final class LoadOptions {
    private static final long DEFAULT_CALLS = 200;
    private static final int MAX_CALLERS = 1_000_000;
    private static final double MAX_RATE = 1e9;

    @Option(
            names = {"-n", "--total"},
            paramLabel = "CALLS",
            description = "Number of calls. Default: 200, unless -z is given")
    private @Nullable Long total;

    @Option(
            names = {"-z", "--duration"},
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "Length of the run instead of a number of calls; calls in flight at its end are awaited")
    private @Nullable Duration duration;

    @Option(
            names = {"-c", "--concurrency"},
            paramLabel = "CALLERS",
            defaultValue = "50",
            description = "Closed loop: calls outstanding at any time. Default: ${DEFAULT-VALUE}")
    private int concurrency;

    @Option(
            names = "--blocking",
            description = "Closed loop: a thread that blocks for each caller, instead of calls that are re-issued "
                    + "from the callback on the event loop")
    private boolean blocking;

    @Option(
            names = {"-r", "--rps"},
            paramLabel = "RATE",
            defaultValue = "0",
            description = "Open loop at this total rate of calls per second; response times count from the intended "
                    + "start. Default: 0, closed loop")
    private double rate;

    @Option(names = "--async", hidden = true, description = "Accepted for ghz: a rate is always an open loop here")
    private boolean async;

    @Option(
            names = "--max-outstanding",
            paramLabel = "CALLS",
            defaultValue = "10000",
            description = "Open loop: calls outstanding at most. One that is due beyond it is counted as deferred, "
                    + "waits for a call to end and keeps its intended start. Default: ${DEFAULT-VALUE}")
    private int maxOutstanding;

    @Option(
            names = "--wait",
            paramLabel = "HOW",
            defaultValue = "hybrid",
            description = "Open loop: wait for a slot by park, spin, or hybrid (park, then spin for 100 us). "
                    + "Default: ${DEFAULT-VALUE}")
    private WaitStrategy wait = WaitStrategy.HYBRID;

    @Option(
            names = "--warm-up-time",
            paramLabel = "DURATION",
            defaultValue = "0",
            converter = DurationConverter.class,
            description = "The same load before the measured run, not recorded. Default: none")
    private Duration warmUp = Duration.ZERO;

    @Option(
            names = "--count-errors",
            description = "Include the times of failed calls in the latencies (they are always counted)")
    private boolean countErrors;

    LoadPlan plan() {
        Long calls = total;
        Duration length = duration;
        if (calls != null && length != null) {
            throw new UsageException(
                    "total: " + calls + ", duration: " + length.toMillis() + " ms (expected: -n or -z)");
        }
        check(calls == null || calls >= 1, "total", calls, "at least 1 call");
        check(length == null || !length.isZero(), "duration", length, "above 0");
        check(
                concurrency >= 1 && concurrency <= MAX_CALLERS,
                "concurrency",
                concurrency,
                "1.." + MAX_CALLERS + " callers");
        check(rate >= 0 && rate <= MAX_RATE, "rps", rate, "0 for a closed loop, or above 0 calls per second");
        check(
                maxOutstanding >= 1 && maxOutstanding <= MAX_CALLERS,
                "max-outstanding",
                maxOutstanding,
                "1.." + MAX_CALLERS + " calls");
        check(!async || rate > 0, "async", true, "only with -r");
        check(!blocking || rate == 0, "blocking", true, "only in a closed loop, without -r");
        long totalCalls = calls == null ? DEFAULT_CALLS : calls;
        return new LoadPlan(
                length == null ? totalCalls : LoadPlan.UNLIMITED,
                length == null ? LoadPlan.UNLIMITED : length.toNanos(),
                concurrency,
                blocking,
                rate,
                maxOutstanding);
    }

    Duration warmUp() {
        return warmUp;
    }

    WaitStrategy pacer() {
        return wait;
    }

    boolean countErrors() {
        return countErrors;
    }

    private static void check(boolean valid, String option, @Nullable Object value, String expected) {
        if (!valid) {
            throw new UsageException(option + ": " + value + " (expected: " + expected + ')');
        }
    }
}
