package io.peregrine.jmh.gate;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.jmh.gate.report.ExitCodes;
import io.peregrine.testkit.Seeds;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RegressionGateProperties {
    private static final int ROUNDS = 80;
    private static final double MINIMUM = 0.05;
    private static final double NOISE_FACTOR = 2;

    /** Closer to the limit than this, rounding decides. */
    private static final double ROUNDING = 1e-9;

    @TempDir
    private Path directory;

    @Test
    void aSlowdownIsFoundIfAndOnlyIfItIsAboveTheNoiseFloor() throws IOException {
        SplittableRandom random = Seeds.random("a slowdown is found if and only if it is above the noise floor");
        for (int round = 0; round < ROUNDS; round++) {
            double noise = random.nextDouble(0.12);
            double slowdown = random.nextDouble(0.4);
            double allowance = Math.max(MINIMUM, NOISE_FACTOR * noise);
            if (Math.abs(slowdown - allowance) < ROUNDING) {
                continue;
            }
            record(scaled(1 - noise, 1, "low.json"), scaled(1 + noise, 1, "high.json"));

            int exitCode = check(scaled(1 + slowdown, 1, "now.json"));

            assertThat(exitCode)
                    .as("noise %s, slowdown %s", noise, slowdown)
                    .isEqualTo(slowdown > allowance ? ExitCodes.REGRESSION : ExitCodes.PASSED);
        }
    }

    @Test
    void theSpeedOfTheMachineChangesNothing() throws IOException {
        SplittableRandom random = Seeds.random("the speed of the machine changes nothing");
        for (int round = 0; round < ROUNDS; round++) {
            double noise = random.nextDouble(0.1);
            double slowdown = random.nextDouble(0.4);
            record(scaled(1 - noise, speed(random), "low.json"), scaled(1 + noise, speed(random), "high.json"));

            int here = check(scaled(1 + slowdown, 1, "here.json"));
            int elsewhere = check(scaled(1 + slowdown, speed(random), "elsewhere.json"));

            if (Math.abs(slowdown - Math.max(MINIMUM, NOISE_FACTOR * noise)) > ROUNDING) {
                assertThat(elsewhere)
                        .as("noise %s, slowdown %s", noise, slowdown)
                        .isEqualTo(here);
            }
        }
    }

    /** From a tenth to ten times as fast. */
    private static double speed(SplittableRandom random) {
        return Math.pow(10, random.nextDouble(-1, 1));
    }

    private String scaled(double benchmark, double machine, String name) throws IOException {
        return ResultsFile.quiet()
                .each("frame", score -> score * benchmark * machine)
                .each("cpu", score -> score * machine)
                .writeTo(directory, name);
    }

    private void record(String first, String second) {
        GateRun run = GateRun.of("record", "--calibration", "cpu", "--out", baseline(), first, second);
        assertThat(run.exitCode()).as(run.err()).isZero();
    }

    private int check(String results) {
        return GateRun.of("check", "--baseline", baseline(), results).exitCode();
    }

    private String baseline() {
        return directory.resolve("baseline.json").toString();
    }
}
