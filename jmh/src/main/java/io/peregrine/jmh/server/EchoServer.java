package io.peregrine.jmh.server;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The echo server that all clients call: one given by the system property {@value #PROPERTY}, or the load
 * generator's, in a process of its own. Never in the process that is measured, where it would be counted.
 */
public final class EchoServer implements AutoCloseable {
    /** The system property that names a running server as {@code host:port}. */
    public static final String PROPERTY = "peregrine.server";

    private final String address;
    private final @Nullable ServerProcess process;

    private EchoServer(String address, @Nullable ServerProcess process) {
        this.address = address;
        this.process = process;
    }

    /** The address of a server that runs already. */
    public static String givenAddress() {
        String given = System.getProperty(PROPERTY);
        if (given == null) {
            throw new IllegalStateException(
                    PROPERTY + ": not set (expected: host:port; java -jar benchmarks.jar starts a server and sets it)");
        }
        return given;
    }

    /** The given server, or a new one. */
    public static EchoServer givenOrStarted() throws IOException {
        if (System.getProperty(PROPERTY) != null) {
            return new EchoServer(givenAddress(), null);
        }
        ServerProcess started = ServerProcess.start("io.peregrine.load.Main", "serve", "--port", "0");
        return new EchoServer(started.address(), started);
    }

    /** Where it listens, as {@code host:port}. */
    public String address() {
        return address;
    }

    @Override
    public void close() {
        if (process != null) {
            process.close();
        }
    }
}
