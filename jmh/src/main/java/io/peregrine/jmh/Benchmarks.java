package io.peregrine.jmh;

import io.peregrine.jmh.server.EchoServer;
import io.peregrine.jmh.server.ServerProcess;
import io.peregrine.jmh.server.StreamServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * JMH with what all benchmarks here share: the JVM flags of {@code client.jvmargs}, the profilers of allocation and CPU
 * time, and the server processes, one of each for every fork. Takes JMH's own command line.
 */
public final class Benchmarks {
    private Benchmarks() {}

    /** Runs JMH. */
    public static void main(String[] args) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(args));
        if (!arguments.contains("-prof")) {
            arguments.addAll(List.of("-prof", "gc", "-prof", CpuProfiler.class.getName()));
        }
        try (EchoServer server = EchoServer.givenOrStarted();
                ServerProcess streams = ServerProcess.start(StreamServer.class.getName())) {
            // Prepended, for the benchmarks append flags of their own.
            arguments.add("-jvmArgsPrepend");
            arguments.add(clientFlags() + " -D" + EchoServer.PROPERTY + '=' + server.address() + " -D"
                    + StreamServer.PROPERTY + '=' + streams.address());
            org.openjdk.jmh.Main.main(arguments.toArray(new String[0]));
        }
    }

    private static String clientFlags() throws IOException {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(Benchmarks.class.getResourceAsStream("/client.jvmargs")),
                StandardCharsets.UTF_8))) {
            return lines.lines().collect(Collectors.joining(" "));
        }
    }
}
