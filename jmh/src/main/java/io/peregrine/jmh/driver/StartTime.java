package io.peregrine.jmh.driver;

import io.peregrine.jmh.peer.ClientSetup;
import io.peregrine.jmh.peer.EchoClient;
import io.peregrine.jmh.peer.Payload;
import io.peregrine.jmh.peer.Peer;
import io.peregrine.jmh.peer.ServerTrust;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Measures the time from before a channel is built to its first response, its name looked up, connected and, over TLS,
 * shaken hands with: for many channels one after the other in a warm JVM, or for the first channel of many JVMs.
 */
public final class StartTime {
    /** For the JVM to have compiled the start, which takes some hundreds of channels. */
    private static final int WARM_UP_CHANNELS = 400;

    private static final String USAGE =
            "PEER warm|warm-shared|first COUNT HOST:PORT [--tls CERTIFICATE] [--warm-up CHANNELS]";
    private static final Set<String> OPTIONS = Set.of("--tls", "--warm-up");
    private static final double NS_PER_MS = 1e6;

    private StartTime() {}

    /**
     * Runs one measurement; exits with 2 if there is an argument that it does not know.
     *
     * @param args peer; {@code warm} for channels one after the other, each with credentials of its own, {@code
     *     warm-shared} where all have the same, so that a client may resume TLS sessions, {@code first} for JVMs one after
     *     the other; how many; {@code host:port}
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        try {
            Arguments arguments = Arguments.parse(USAGE, 4, 4, OPTIONS, args);
            switch (arguments.value(1)) {
                case "warm", "warm-shared" -> System.out.println(warm(arguments, Payload.ofBytes()));
                case "first" -> System.out.println(first(arguments));
                case "once" -> System.out.println(once(arguments, Payload.ofBytes()));
                default ->
                    throw new IllegalArgumentException("mode: " + arguments.value(1) + " (expected: " + USAGE + ')');
            }
        } catch (IllegalArgumentException refused) {
            System.err.println(refused.getMessage());
            System.exit(2);
        }
    }

    private static ClientSetup setup(Arguments arguments) {
        String certificate = arguments.option("--tls");
        if (certificate == null) {
            return ClientSetup.plaintext(arguments.value(3));
        }
        Path pem = Path.of(certificate);
        boolean shared = arguments.value(1).equals("warm-shared");
        return ClientSetup.of(arguments.value(3), shared ? ServerTrust.shared(pem) : ServerTrust.ofEach(pem));
    }

    private static <M> JsonLine warm(Arguments arguments, Payload<M> payload) {
        Peer peer = Peer.named(arguments.value(0));
        ClientSetup setup = setup(arguments);
        for (int i = arguments.option("--warm-up", WARM_UP_CHANNELS); i > 0; i--) {
            startNs(peer, setup, payload);
        }
        List<Double> ms = new ArrayList<>();
        for (int i = arguments.number(2); i > 0; i--) {
            ms.add(startNs(peer, setup, payload) / NS_PER_MS);
        }
        return figures(arguments, ms);
    }

    private static <M> long startNs(Peer peer, ClientSetup setup, Payload<M> payload) {
        long startedNs = System.nanoTime();
        try (EchoClient<M> client = peer.connect(setup, payload)) {
            client.call(payload.message());
            return System.nanoTime() - startedNs;
        }
    }

    /** Runs this program again, once for each first channel, with this JVM's own flags. */
    private static JsonLine first(Arguments arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(System.getProperty("java.home") + File.separator + "bin" + File.separator + "java");
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), StartTime.class.getName()));
        command.addAll(List.of(arguments.value(0), "once", "1", arguments.value(3)));
        String certificate = arguments.option("--tls");
        if (certificate != null) {
            command.addAll(List.of("--tls", certificate));
        }
        List<Double> ms = new ArrayList<>();
        List<Double> sinceJvmMs = new ArrayList<>();
        for (int i = arguments.number(2); i > 0; i--) {
            JsonLine line = fork(command);
            ms.add(line.number("ms").orElseThrow());
            sinceJvmMs.add(line.number("sinceJvmMs").orElseThrow());
        }
        return figures(arguments, ms).put("sinceJvmMs", Statistics.median(sinceJvmMs), 1);
    }

    private static JsonLine fork(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader output = process.inputReader()) {
            String line = output.readLine();
            process.waitFor();
            if (line == null) {
                throw new IOException("first channel: exit code " + process.exitValue() + " and no result");
            }
            return JsonLine.parse(line);
        }
    }

    /** The first channel of this JVM. */
    private static <M> JsonLine once(Arguments arguments, Payload<M> payload) {
        long startNs = startNs(Peer.named(arguments.value(0)), setup(arguments), payload);
        double sinceJvmMs = System.currentTimeMillis()
                - ManagementFactory.getRuntimeMXBean().getStartTime();
        return new JsonLine().put("ms", startNs / NS_PER_MS, 3).put("sinceJvmMs", sinceJvmMs, 0);
    }

    private static JsonLine figures(Arguments arguments, List<Double> ms) {
        return Results.newLine("StartTime", arguments.value(0), arguments.value(1), arguments.option("--tls") != null)
                .put("count", ms.size(), 0)
                .put("ms", Statistics.median(ms), 3)
                .put("msMin", Statistics.least(ms), 3)
                .put("msMax", Statistics.greatest(ms), 3);
    }
}
