package io.peregrine.client.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.StatusCode;
import io.peregrine.testkit.Seeds;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Ten back ends are stopped, frozen, slowed and restarted, at most three at once, under up to 1 000 calls a second without
 * retries, a part of what the machine has just carried: no call is lost that the rules do not allow to be lost, and latency is what it was soon after. A few calls to
 * a back end without trouble tell when the machine itself had none to spare.
 *
 * <p>{@code -Dfleet.plots=DIRECTORY} leaves a plot of each run there, and {@code -Dfleet.seconds=N} makes the times of
 * trouble longer.
 */
class FleetIT {
    private static final Duration CALM_BEFORE = Duration.ofSeconds(1);
    private static final Duration CALM_AFTER = Duration.ofSeconds(4);
    private static final Duration RECOVERY = Duration.ofMillis(2500);
    private static final Duration WINDOW = Duration.ofMillis(250);

    /** A call may meet what was, for a moment, after it was over: connections that are lost are noticed, and made anew. */
    private static final Duration AFTERMATH = Duration.ofSeconds(1);

    private static final double RECOVERED_MS = 50;

    /** A machine that lets a call to a healthy back end take that long has no time for the others either. */
    private static final Duration PATIENCE = Duration.ofMillis(100);

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "round_robin       | {\"round_robin\":{}}",
                "peak_ewma         | {\"peak_ewma\":{}}",
                "outlier_detection | {\"outlier_detection\":{\"interval\":\"0.5s\",\"baseEjectionTime\":\"0.5s\","
                        + "\"maxEjectionPercent\":30,\"failurePercentageEjection\":{\"threshold\":50,"
                        + "\"minimumHosts\":5,\"requestVolume\":5},\"childPolicy\":[{\"round_robin\":{}}]}}"
            })
    void noCallIsLostThatNeedNotBeAndLatencyRecovers(String policy, String json) throws Exception {
        long seed = Seeds.next(policy + " over ten back ends in trouble");
        Duration trouble = Duration.ofSeconds(Integer.getInteger("fleet.seconds", 3));

        FleetRun.Result result = new FleetRun(json, new SplittableRandom(seed)).run(CALM_BEFORE, trouble, CALM_AFTER);

        Windows windows = Windows.of(result.startNs(), result.calls(), WINDOW);
        Windows witness = Windows.of(result.startNs(), result.witness(), WINDOW);
        plot(policy + ", seed " + seed, "fleet-" + policy, result, windows);
        long recoveredNs = result.calmNs() + RECOVERY.toNanos();
        long endNs = result.calmNs() + CALM_AFTER.toNanos();
        double p99Ms = windows.usualP99Ms(recoveredNs, endNs);
        double ofTheMachineMs = witness.usualP99Ms(recoveredNs, endNs);
        System.out.printf(
                "%s: %d calls, %d failed; p99 %.1f ms before, %.1f ms in trouble, %.1f ms %s after (machine: %.1f ms)%n",
                policy,
                result.calls().size(),
                result.calls().stream().filter(call -> !call.isOk()).count(),
                windows.usualP99Ms(result.startNs(), result.troubleNs()),
                windows.usualP99Ms(result.troubleNs(), result.calmNs()),
                p99Ms,
                RECOVERY,
                ofTheMachineMs);
        assertThat(result.calls().stream()
                        .filter(call -> !call.isOk())
                        .filter(call -> !result.isMachineToBlame(call, PATIENCE))
                        .map(call -> notAllowed(call, result.backends()))
                        .filter(reason -> reason != null))
                .isEmpty();
        assertThat(p99Ms).as("ms, p99 " + RECOVERY + " after").isLessThan(RECOVERED_MS + 2 * ofTheMachineMs);
    }

    /** Why a call may not fail as it did; null if it may. */
    private static @Nullable String notAllowed(CallRecord call, List<Backend> backends) {
        Backend peer = backends.stream()
                .filter(backend -> backend.address().equals(call.peer()))
                .findFirst()
                .orElse(null);
        if (peer == null) {
            return "no back end: " + call.failure();
        }
        long fromNs = call.intendedNs() - AFTERMATH.toNanos();
        boolean allowed = call.code() == StatusCode.UNAVAILABLE
                ? peer.had(Backend.Trouble.STOPPED, fromNs, call.endNs())
                : call.code() == StatusCode.DEADLINE_EXCEEDED && peer.had(Backend.Trouble.FROZEN, fromNs, call.endNs());
        return allowed ? null : peer.episodes() + ": " + call.failure();
    }

    private static void plot(String what, String file, FleetRun.Result result, Windows windows) throws Exception {
        String directory = System.getProperty("fleet.plots");
        if (directory != null) {
            String title = what + ": " + FleetRun.BACKENDS + " back ends, " + result.callsPerSecond()
                    + " calls/s, deadline " + FleetRun.DEADLINE.toMillis() + " ms, no retries";
            FleetPlot.write(Path.of(directory, file + ".svg"), title, result, windows);
        }
    }
}
