package io.peregrine.load.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.peregrine.load.serve.EchoServer;
import io.peregrine.load.serve.ServeOptions;
import io.peregrine.load.serve.ServerIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole runs over real sockets. */
class RunIT {
    @TempDir
    private Path directory;

    @Test
    void callsTheEmbeddedServerWithoutATargetAndSaysSo() {
        CommandLineRun run = CommandLineRun.of("-n", "5000", "-c", "20", "--no-progress");

        assertThat(run.out())
                .contains("none named: peregrine echo back end on 127.0.0.1:", "(plaintext), embedded in this process")
                .contains("scheduled 5000 = 5000 ok + 0 failed + 0 unfinished + 0 not started")
                .contains("[OK]   5000 responses");
        assertThat(run.err()).isEmpty();
        assertThat(run.exitCode()).isZero();
    }

    @Test
    void callsTheEmbeddedServerOverTls() {
        JsonObject report = report("-n", "500", "-c", "5", "--tls");

        assertCalls(report, 500, 500, 0);
        assertThat(environment(report, "tls")).isNotEqualTo("none (plaintext)");
    }

    @Test
    void spreadsBlockingCallersOverConnections() {
        JsonObject report = report("-n", "2000", "-c", "6", "--blocking", "--connections", "3");

        assertCalls(report, 2_000, 2_000, 0);
        assertThat(report.getAsJsonObject("options").get("connections").getAsInt())
                .isEqualTo(3);
    }

    @Test
    void keepsTheRateOfAnOpenLoopAfterAWarmUp() {
        JsonObject report = report("-r", "500", "-z", "1s", "--warm-up-time", "300ms");

        assertCalls(report, 500, 500, 0);
        // A busy machine is late with the last of them; that it never is on virtual time is held there.
        assertThat(report.get("rps").getAsDouble()).isBetween(1.0, 501.0);
        assertThat(report.getAsJsonObject("peregrine").getAsJsonArray("response"))
                .hasSize(9);
    }

    @Test
    void returnsEveryByteOfTheRequest() {
        JsonObject small = report("-n", "10", "-c", "2", "-d", "{\"payload\": \"aGVsbG8=\"}");
        JsonObject large = report("-n", "4", "-c", "2", "--size", String.valueOf(4 << 20));

        assertThat(extra(small).get("replyBytes").getAsLong()).isEqualTo(10 * 7L);
        assertThat(extra(large).get("replyBytes").getAsLong()).isGreaterThan(4 * (4L << 20));
        assertCalls(large, 4, 4, 0);
    }

    @Test
    void callsANamedTargetWithMetadataAuthorityAndCertificates() throws IOException {
        ServerIdentity identity = ServerIdentity.selfSigned();
        try (EchoServer server = EchoServer.start(ServeOptions.embedded().withTls(identity.context()))) {
            String target = "dns:///127.0.0.1:" + server.address().getPort();

            JsonObject trusted = report(
                    target, "-n", "20", "-c", "2", "--cacert", identity.caPem().toString(), "--cname", "localhost");
            JsonObject unverified = report(target, "-n", "20", "-c", "2", "--skipTLS", "-m", "{\"x-a\": \"b\"}");
            JsonObject unknown = report(target, "-n", "4", "-c", "2", "-t", "2s");

            assertCalls(trusted, 20, 20, 0);
            assertCalls(unverified, 20, 20, 0);
            assertCalls(unknown, 4, 0, 4);
        }
    }

    @Test
    void exitsWithOneAndTheStatusWhenCallsFail() {
        CommandLineRun run = CommandLineRun.of("--insecure", "localhost:1", "-n", "7", "-c", "2", "--no-progress");

        assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILED);
        assertThat(run.out())
                .contains("scheduled 7 = 0 ok + 7 failed + 0 unfinished + 0 not started")
                .contains("[Unavailable]   7 responses")
                .contains("127.0.0.1:1");
    }

    @Test
    void writesTheSameReportAsJsonToAFile() throws IOException {
        Path file = directory.resolve("report.json");

        CommandLineRun run =
                CommandLineRun.of("-n", "300", "-c", "3", "--latency", "--no-progress", "--json", file.toString());

        assertThat(run.out()).contains("Detailed Percentile spectrum");
        assertCalls(JsonParser.parseString(Files.readString(file)).getAsJsonObject(), 300, 300, 0);
    }

    @Test
    void honoursTheDeadlineOfEachCall() throws IOException {
        try (EchoServer server = EchoServer.start(new ServeOptions("127.0.0.1", 0, 5_000_000_000L, -1, 1, null))) {
            JsonObject report = report(
                    "--insecure", "127.0.0.1:" + server.address().getPort(), "-n", "6", "-c", "3", "-t", "100ms");

            assertCalls(report, 6, 0, 6);
            assertThat(report.getAsJsonObject("statusCodeDistribution")
                            .get("DeadlineExceeded")
                            .getAsLong())
                    .isEqualTo(6);
        }
    }

    private static JsonObject report(String... args) {
        String[] all = new String[args.length + 3];
        System.arraycopy(args, 0, all, 3, args.length);
        all[0] = "-O";
        all[1] = "json";
        all[2] = "--no-progress";
        return JsonParser.parseString(CommandLineRun.of(all).out()).getAsJsonObject();
    }

    private static void assertCalls(JsonObject report, long scheduled, long ok, long failed) {
        JsonObject calls = extra(report).getAsJsonObject("calls");
        assertThat(calls.get("scheduled").getAsLong()).isEqualTo(scheduled);
        assertThat(calls.get("ok").getAsLong()).isEqualTo(ok);
        assertThat(calls.get("failed").getAsLong()).isEqualTo(failed);
        assertThat(calls.get("unfinished").getAsLong()).isZero();
        assertThat(calls.get("notStarted").getAsLong()).isZero();
    }

    private static JsonObject extra(JsonObject report) {
        return report.getAsJsonObject("peregrine");
    }

    private static String environment(JsonObject report, String name) {
        return extra(report).getAsJsonObject("environment").get(name).getAsString();
    }
}
