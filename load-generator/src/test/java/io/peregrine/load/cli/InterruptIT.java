package io.peregrine.load.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.load.Main;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Ctrl-C, as the terminal sends it. */
class InterruptIT {
    @Test
    void printsTheFullReportWithinTwoSecondsOfCtrlC() throws Exception {
        Process process = start("-z", "1h", "-c", "4");
        BufferedReader progress =
                new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
        assertThat(progress.readLine()).as("the run is under way").contains("calls");

        long interruptedNs = System.nanoTime();
        Process kill = new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start();
        String report = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(System.nanoTime() - interruptedNs).isLessThan(TimeUnit.SECONDS.toNanos(2));
        assertThat(report).contains("Summary:", "interrupted before the end of the plan", "Environment:");
        assertThat(process.exitValue()).isEqualTo(130);
        assertThat(kill.waitFor()).isZero();
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
