package io.peregrine.jmh;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The echo server that all clients call: one given by the system property {@value #PROPERTY}, or the load
 * generator's, in a process of its own. Never in the process that is measured, where it would be counted.
 */
final class EchoServer implements AutoCloseable {
    /** The system property that names a running server as {@code host:port}. */
    static final String PROPERTY = "peregrine.server";

    private static final Pattern ADDRESS = Pattern.compile("[^\\s:]+:[1-9][0-9]*");

    private final String address;
    private final @Nullable Process process;

    private EchoServer(String address, @Nullable Process process) {
        this.address = address;
        this.process = process;
    }

    /** The address of a server that runs already. */
    static String givenAddress() {
        String given = System.getProperty(PROPERTY);
        if (given == null) {
            throw new IllegalStateException(
                    PROPERTY + ": not set (expected: host:port; java -jar benchmarks.jar starts a server and sets it)");
        }
        return given;
    }

    /** The given server, or a new one from this JVM's class path, which ends with this process at the latest. */
    static EchoServer givenOrStarted() throws IOException {
        return System.getProperty(PROPERTY) == null ? start() : new EchoServer(givenAddress(), null);
    }

    private static EchoServer start() throws IOException {
        ProcessBuilder command = new ProcessBuilder(
                System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
                "-XX:+UseSerialGC",
                "-Xmx256m",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "io.peregrine.load.Main",
                "serve",
                "--port",
                "0");
        Process process = command.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroy, "stop-echo-server"));
        BufferedReader output = process.inputReader();
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            Matcher matcher = ADDRESS.matcher(line);
            if (matcher.find()) {
                return new EchoServer(matcher.group(), process);
            }
        }
        process.destroy();
        throw new IOException("the echo server ended without printing its address");
    }

    /** Where it listens, as {@code host:port}. */
    String address() {
        return address;
    }

    @Override
    public void close() {
        if (process != null) {
            process.destroy();
        }
    }
}
