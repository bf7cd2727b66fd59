package io.peregrine.client.peers;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A server process, ended with the test. */
final class PeerProcess {
    private static final long SOON_S = 30;

    private final Process process;
    private final BufferedReader output;

    PeerProcess(String... command) throws IOException {
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** Skips the test unless the command runs and says that all is well. */
    static void assumeRuns(String what, String... command) throws InterruptedException {
        boolean runs;
        try {
            Process trial = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            runs = trial.waitFor(SOON_S, TimeUnit.SECONDS) && trial.exitValue() == 0;
            trial.destroyForcibly();
        } catch (IOException notInstalled) {
            runs = false;
        }
        assumeTrue(runs, what + " is not installed: " + Arrays.toString(command) + " does not run");
    }

    /** The next line that it prints. */
    String line() throws Exception {
        @Nullable
        String line = CompletableFuture.supplyAsync(() -> {
                    try {
                        return output.readLine();
                    } catch (IOException broken) {
                        throw new AssertionError(broken);
                    }
                })
                .get(SOON_S, TimeUnit.SECONDS);
        if (line == null) {
            throw new AssertionError("the peer ended (expected: a line of output)");
        }
        return line;
    }

    void say(String line) throws IOException {
        process.outputWriter(StandardCharsets.UTF_8).append(line).append('\n').flush();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    void close() throws IOException, InterruptedException {
        process.getOutputStream().close();
        process.destroy();
        if (!process.waitFor(SOON_S, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        output.close();
    }
}
