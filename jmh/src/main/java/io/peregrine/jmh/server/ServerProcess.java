package io.peregrine.jmh.server;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A server in a process of its own, from this JVM's class path, which ends with this process at the latest. */
public final class ServerProcess implements AutoCloseable {
    private static final Pattern ADDRESS = Pattern.compile("[^\\s:]+:[1-9][0-9]*");

    private final String address;
    private final Process process;

    private ServerProcess(String address, Process process) {
        this.address = address;
        this.process = process;
    }

    /**
     * Starts it and waits until it has printed its address as {@code host:port}.
     *
     * @param mainClass with its arguments behind it
     */
    public static ServerProcess start(String... mainClass) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
                "-XX:+UseSerialGC",
                "-Xmx256m",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path")));
        command.addAll(List.of(mainClass));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroy, "stop-server"));
        BufferedReader output = process.inputReader();
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            Matcher matcher = ADDRESS.matcher(line);
            if (matcher.find()) {
                return new ServerProcess(matcher.group(), process);
            }
        }
        process.destroy();
        throw new IOException(mainClass[0] + " ended without printing its address");
    }

    /** Where it listens, as {@code host:port}. */
    public String address() {
        return address;
    }

    @Override
    public void close() {
        process.destroy();
    }
}
