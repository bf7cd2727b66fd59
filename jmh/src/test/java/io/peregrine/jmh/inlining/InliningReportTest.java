package io.peregrine.jmh.inlining;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.inlined.CompiledProgram;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the report says of a real log of this JVM. */
class InliningReportTest {
    private static final long DEADLINE_SECONDS = 60;

    @TempDir
    private static Path directory;

    private static Path log;

    @BeforeAll
    static void compile() throws Exception {
        log = directory.resolve("compilation.log");
        Process java = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UnlockDiagnosticVMOptions",
                        "-XX:+LogCompilation",
                        "-XX:LogFile=" + log,
                        "-Xbatch",
                        "-cp",
                        Path.of(CompiledProgram.class
                                        .getProtectionDomain()
                                        .getCodeSource()
                                        .getLocation()
                                        .toURI())
                                .toString(),
                        CompiledProgram.class.getName())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("out").toFile())
                .start();
        assertThat(java.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(java.exitValue()).isZero();
    }

    @Test
    void aCallWithThreeClassesOfReceiversIsMegamorphicAndOneWithOneIsNot() throws IOException {
        assertThat(CompilationLog.read(log).refusals().stream().filter(Refusal::isMegamorphic))
                .isNotEmpty()
                .allSatisfy(call -> {
                    assertThat(call.caller()).hasToString("CompiledProgram.anyOf");
                    assertThat(call.callee()).hasToString("IntUnaryOperator.applyAsInt");
                });
    }

    @Test
    void whatC2CompiledOrInlinedIsToldWithItsSize() throws IOException {
        CompilationLog read = CompilationLog.read(log);
        MethodName inlined = new MethodName(CompiledProgram.class.getName(), "theOne");

        assertThat(read.compiled()).contains(inlined);
        assertThat(read.bytes().get(inlined)).containsExactly(8);
    }

    @Test
    void aMegamorphicCallFailsUnlessItIsAllowed() throws IOException {
        Path document =
                Files.writeString(directory.resolve("A.md"), "## The hot path\n`CompiledProgram.anyOf`\n## x\n");

        InliningReport refused = report(document, "# nothing");
        InliningReport accepted =
                report(document, "CompiledProgram.anyOf -> IntUnaryOperator.applyAsInt : three operators, on purpose");

        assertThat(refused.format(35, 325)).contains("failed: CompiledProgram.anyOf -> IntUnaryOperator.applyAsInt");
        assertThat(accepted.format(35, 325)).endsWith("passed\n");
    }

    @Test
    void aMethodOverTheLimitFails() throws IOException {
        Path document = Files.writeString(directory.resolve("B.md"), "## The hot path\n`CompiledProgram.main`\n## x\n");

        assertThat(report(document, "").format(5, 10))
                .contains("TOO LARGE")
                .containsPattern("failed: CompiledProgram.main has \\d+ bytes \\(expected: at most 10\\)");
    }

    @Test
    void anAllowedCallNeedsAReason() {
        assertThatThrownBy(() -> report(Path.of("none"), "A.b -> C.d"))
                .hasMessageEndingWith("line 1: A.b -> C.d (expected: Caller.method -> Callee.method : reason)");
    }

    @Test
    void theWalkOfTheArchitectureDocumentIsRead() throws IOException {
        assertThat(HotPath.read(Path.of("..", "docs", "ARCHITECTURE.md")).methods())
                .contains("UnaryCall.start", "FrameWriter.headers");
    }

    private static InliningReport report(Path document, String allowed) throws IOException {
        Path file = Files.writeString(directory.resolve("allowed"), allowed);
        AllowedCalls calls = AllowedCalls.read(file);
        InliningReport report = new InliningReport(HotPath.read(document), calls);
        report.add(CompilationLog.read(log));
        return report;
    }
}
