package io.peregrine.load.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.peregrine.load.Main;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Ctrl-C, as the terminal sends it. */
class InterruptIT {
    @Test
    void printsTheFullReportSoonAfterCtrlC() throws Exception {
        assumeFalse(isInterruptIgnored(), "SIGINT is ignored here, as in a job that a shell put into the background");
        Process process = start("-z", "1h", "-c", "4");
        process.onExit().orTimeout(1, TimeUnit.MINUTES).exceptionally(late -> process.destroyForcibly());
        BufferedReader progress =
                new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
        assertThat(progress.readLine()).as("the run is under way").contains("calls");

        long interruptedNs = System.nanoTime();
        Process kill = new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start();
        String report = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        // Of an hour; how soon exactly is held on virtual time, for a busy machine starts and ends a JVM when it can.
        assertThat(System.nanoTime() - interruptedNs).isLessThan(TimeUnit.SECONDS.toNanos(20));
        assertThat(report).contains("Summary:", "interrupted before the end of the plan", "Environment:");
        assertThat(process.exitValue()).isEqualTo(130);
        assertThat(kill.waitFor()).isZero();
    }

    /** Children inherit it; Linux tells by a mask in which SIGINT, number 2, is the second bit. */
    private static boolean isInterruptIgnored() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return false;
        }
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("SigIgn:"))
                .map(line -> line.substring("SigIgn:".length()).strip())
                .anyMatch(mask -> (Long.parseUnsignedLong(mask, 16) & 2) != 0);
    }

    private static Process start(String... args) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName());
        builder.command().addAll(List.of(args));
        return builder.start();
    }
}
