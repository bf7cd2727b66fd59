package io.peregrine.transport.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The choice of the backend in JVMs of their own, because it is made once and natives are loaded once. */
final class IoFallBackIT {
    private static final long PROCESS_LIMIT_S = 60;

    /** What the forked JVM runs: prints the selection, or the sentence of its refusal. */
    static final class PrintSelection {
        private PrintSelection() {}

        public static void main(String[] args) {
            try {
                IoSelection selection = IoBackend.selection();
                System.out.println(selection.backend() + " | " + selection.reason());
            } catch (IllegalStateException e) {
                System.out.println("refused | " + e.getMessage());
            }
        }
    }

    @Test
    void fallsBackToNioWithAWarningWhenNativesAreSwitchedOff() throws Exception {
        assumeThat(System.getProperty("os.name")).startsWith("Linux");

        String output = run("-Dio.netty.transport.noNative=true");

        assertThat(output)
                .contains("NIO | nio: part of every JDK; epoll: not available, because Native transport was explicit")
                .contains("WARNING: I/O backend nio: part of every JDK; epoll: not available");
    }

    @Test
    void fallsBackToNioWhenTheJvmDeniesNativeAccess() throws Exception {
        assumeThat(System.getProperty("os.name")).startsWith("Linux");
        assumeThat(Runtime.version().feature()).isGreaterThanOrEqualTo(24);

        String output = run("--illegal-native-access=deny");

        assertThat(output)
                .contains("NIO | nio: part of every JDK; epoll: not available, because the JVM denies native access"
                        + " (start it with --enable-native-access=ALL-UNNAMED)");
    }

    @Test
    void refusesAForcedBackendThatIsNotAvailable() throws Exception {
        String output = run("-Dio.netty.transport.noNative=true", "-Dio.peregrine.io=epoll");

        assertThat(output)
                .contains("refused | -Dio.peregrine.io=epoll cannot be followed: epoll: not available, because");
    }

    @Test
    void isQuietAboutTheNativeBackend() throws Exception {
        assumeThat(System.getProperty("os.name")).startsWith("Linux");
        assumeThat(System.getProperty("os.arch")).isIn("amd64", "aarch64");

        String output = run("--enable-native-access=ALL-UNNAMED");

        assertThat(output)
                .contains("EPOLL | epoll: the native library is loaded")
                .doesNotContain("I/O backend");
    }

    private static String run(String... jvmArguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(jvmArguments));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), PrintSelection.class.getName()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(PROCESS_LIMIT_S, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        return output;
    }
}
