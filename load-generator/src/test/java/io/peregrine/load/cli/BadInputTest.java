package io.peregrine.load.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Wrong input gives one sentence that names the value and what was expected, exit code 2 and no stack trace. */
class BadInputTest {
    @TempDir
    private Path directory;

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            --frobnicate                        | argument: --frobnicate (expected: an option of this command, or one target); see --help
            run localhost:1 localhost:2         | argument: localhost:2 (expected: an option of this command, or one target); see --help
            -n                                  | Missing required parameter for option '--total' (CALLS); see --help
            -n 0                                | total: 0 (expected: at least 1 call)
            -n -5                               | total: -5 (expected: at least 1 call)
            -n many                             | many (expected: a whole number)
            -n 1.5                              | 1.5 (expected: a whole number)
            -c 0                                | concurrency: 0 (expected: 1..1000000 callers)
            -c 99999999999                      | 99999999999 (expected: a whole number of at most 2147483647)
            -r -1                               | rps: -1.0 (expected: 0 for a closed loop, or above 0 calls per second)
            -r NaN                              | rps: NaN (expected: 0 for a closed loop, or above 0 calls per second)
            -r fast                             | fast (expected: a number)
            -r 5 --blocking                     | blocking: true (expected: only in a closed loop, without -r)
            -r 5 --max-outstanding 0            | max-outstanding: 0 (expected: 1..1000000 calls)
            -n 5 -z 5s                          | total: 5, duration: 5000 ms (expected: -n or -z)
            -z 5                                | 5 (expected: a number and one of ns, us, ms, s, m, h
            -z 0                                | duration: PT0S (expected: above 0)
            -t -1s                              | -1s (expected: a number and one of ns, us, ms, s, m, h
            --connections 0                     | connections: 0 (expected: 1..10000)
            --call Echo                         | call: Echo (expected: package.Service/Method)
            --call a.B/C                        | call: a.B/C, no such service in the compiled-in descriptors (expected: one of [peregrine.load.Echo])
            --call peregrine.load.Echo/Nope     | call: peregrine.load.Echo/Nope, no such method (expected: one of [UnaryEcho]
            -d {                                | data: { (expected: a JSON object for peregrine.load.EchoMessage
            -d {"no":1}                         | data: {"no":1} (expected: a JSON object for peregrine.load.EchoMessage
            -d {} --size 5                      | request: 2 sources (expected: one of -d, -D, -b, -B, --size)
            -D /nonexistent/body                | data-file: /nonexistent/body (expected: a readable file)
            -B /nonexistent/body                | binary-file: /nonexistent/body (expected: a readable file)
            --size -1                           | size: -1 (expected: 0..
            -m [1]                              | metadata: [1] (expected: a JSON object of strings)
            -m {"a":{}}                         | metadata: a is {} (expected: a string)
            -m {"a-bin":"%"}                    | metadata: a-bin is % (expected: base64)
            --protoset /nonexistent/set         | protoset: /nonexistent/set (expected: a readable file)
            --insecure localhost:70000          | "70000" in "localhost:70000" (expected: 1..65535)
            --insecure nope:///localhost:1      | "nope:///localhost:1" has the unknown scheme "nope"
            --insecure localhost:x              | "localhost:x" (expected: 1..65535)
            --insecure --skipTLS localhost:1    | insecure: true with TLS options (expected: plaintext or TLS)
            --cacert x                          | target: none with options for one (expected: host:port, or only --tls)
            --tls localhost:1                   | tls: true with target localhost:1
            --cacert /nonexistent/ca localhost:1 | /nonexistent/ca
            --cert x localhost:1                | cert: x, key: null (expected: both or neither)
            --json /nonexistent/out             | json: /nonexistent/out (expected: a file in a writable directory)
            -O xml                              | (case-insensitive) but was 'xml'
            serve --port 70000                  | port: 70000 (expected: 0..65535)
            serve --port x                      | x (expected: a whole number)
            serve --response-size -1            | response-size: -1 (expected: 0..
            serve --threads 0                   | threads: 0 (expected: >= 1)
            serve --cert /nonexistent/c         | cert: /nonexistent/c, key: null (expected: both or neither)
            serve --cert /nonexistent/c --key k | cert: /nonexistent/c (expected: a readable PEM file)
            """)
    void isRefusedInOneSentence(String args, String sentence) {
        assertRefused(CommandLineRun.of(args.split(" ", -1)), sentence);
    }

    @Test
    void refusesFilesThatAreNotWhatTheyShouldBe() throws IOException {
        String text = Files.writeString(directory.resolve("file.txt"), "this is no certificate")
                .toString();

        assertRefused(CommandLineRun.of("--cacert", text, "localhost:1"), text);
        assertRefused(CommandLineRun.of("--cert", text, "--key", text, "localhost:1"), text);
        assertRefused(CommandLineRun.of("--protoset", text), text + " (expected: a FileDescriptorSet");
        assertRefused(CommandLineRun.of("-D", text), "data: this is no certificate (expected: a JSON object");
        assertRefused(CommandLineRun.of("serve", "--cert", text, "--key", text), text);
    }

    private static void assertRefused(CommandLineRun run, String sentence) {
        assertThat(run.err()).startsWith("peregrine-load: ").contains(sentence).hasLineCount(1);
        assertThat(run.err()).doesNotContain("Exception").doesNotContain("\tat ");
        assertThat(run.out()).isEmpty();
        assertThat(run.exitCode()).isEqualTo(ExitCodes.USAGE);
    }

    @Test
    void explainsEveryOptionOnDemand() {
        for (String command : new String[] {"run", "serve"}) {
            CommandLineRun help = CommandLineRun.of(command, "--help");

            assertThat(help.exitCode()).isZero();
            assertThat(help.out()).contains("Usage: peregrine-load " + command);
            assertThat(Arrays.stream(help.out().split("\n")))
                    .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
        }
    }
}
