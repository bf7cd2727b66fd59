package io.peregrine.client.hostile;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/2 server that does what its script says, frame by frame, and writes down what it gets. Each connection has a
 * thread, which reads and runs the script; a test may send from its own thread as well.
 *
 * <p>It knows as little of HTTP/2 as it can: what it counts are frames, so that nothing is hidden from a test.
 */
final class HostileServer implements AutoCloseable {
    private static final long DEADLINE_S = 20;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<HostileConnection> connections = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final ServerSocket listening;
    private final Script script;
    private int requests;
    private @Nullable Throwable fault;

    private HostileServer(Script script, int backlog) throws IOException {
        this.script = script;
        this.listening = new ServerSocket();
        // Small buffers, so that a side that does not read is soon noticed.
        listening.setReceiveBufferSize(64 << 10);
        listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), backlog);
    }

    /** A server that follows the script. */
    static HostileServer start(Script script) throws IOException {
        HostileServer server = new HostileServer(script, 50);
        server.run("acceptor", server::acceptAll);
        return server;
    }

    /** A port that listens, and whose accept queue is full: SYNs to it are dropped. */
    static HostileServer blackHole(List<Socket> fillers) throws IOException {
        HostileServer server = new HostileServer(stream -> {}, 1);
        try {
            while (fillers.size() < 8) {
                Socket filler = new Socket();
                fillers.add(filler);
                filler.connect(server.address(), 300);
            }
            throw new IOException("the accept queue is never full");
        } catch (SocketTimeoutException full) {
            return server;
        }
    }

    InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), listening.getLocalPort());
    }

    String target() {
        return "dns:///127.0.0.1:" + listening.getLocalPort();
    }

    /** How many HEADERS frames opened a stream, over all connections. */
    int requests() {
        return locked(() -> requests);
    }

    /** How many connections were accepted. */
    int connections() {
        return locked(connections::size);
    }

    /** The n-th connection, from 1, as soon as it is there. */
    HostileConnection connection(int number) throws InterruptedException {
        await(number + " connections", () -> connections.size() >= number);
        return locked(() -> connections.get(number - 1));
    }

    void awaitRequests(int count) throws InterruptedException {
        await(count + " requests", () -> requests >= count);
    }

    /** Waits for what the connections' threads bring about; the condition is looked at under the lock. */
    void await(String what, BooleanSupplier condition) throws InterruptedException {
        lock.lock();
        try {
            long leftNs = TimeUnit.SECONDS.toNanos(DEADLINE_S);
            while (!condition.getAsBoolean()) {
                if (leftNs <= 0) {
                    throw new AssertionError("no " + what + " within " + DEADLINE_S + " s; requests: " + requests
                            + ", connections: " + connections);
                }
                leftNs = changed.awaitNanos(leftNs);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Changes what tests wait for. */
    void change(Runnable step) {
        lock.lock();
        try {
            step.run();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    <T> T locked(Supplier<T> read) {
        lock.lock();
        try {
            return read.get();
        } finally {
            lock.unlock();
        }
    }

    /** The next request's number, from 1. */
    int nextRequest() {
        change(() -> requests++);
        return requests();
    }

    Script script() {
        return script;
    }

    /** Runs part of a script beside the thread that reads. */
    void run(String name, Task task) {
        Thread thread = new Thread(() -> runTask(task), "hostile-" + name);
        thread.setDaemon(true);
        change(() -> threads.add(thread));
        thread.start();
    }

    private void runTask(Task task) {
        try {
            task.run();
        } catch (IOException expected) {
            // The client, or the script itself, cut the connection: that is what these servers are for.
            System.getLogger(HostileServer.class.getName())
                    .log(System.Logger.Level.TRACE, "a hostile connection ended", expected);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error thrown) {
            change(() -> fault = thrown);
        }
    }

    private void acceptAll() throws IOException {
        while (!listening.isClosed()) {
            Socket socket;
            try {
                socket = listening.accept();
            } catch (SocketException closed) {
                return;
            }
            socket.setTcpNoDelay(true);
            HostileConnection[] accepted = new HostileConnection[1];
            change(() -> {
                accepted[0] = new HostileConnection(this, socket, connections.size() + 1);
                connections.add(accepted[0]);
            });
            run("connection-" + accepted[0].number(), accepted[0]::serve);
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
        locked(() -> List.copyOf(connections)).forEach(HostileConnection::abandon);
        try {
            for (Thread thread : locked(() -> List.copyOf(threads))) {
                thread.interrupt();
                thread.join(TimeUnit.SECONDS.toMillis(DEADLINE_S));
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while the server stopped");
        }
        Throwable thrown = fault;
        if (thrown != null) {
            throw new AssertionError("a script failed", thrown);
        }
    }

    /** Part of a script. */
    interface Task {
        void run() throws IOException, InterruptedException;
    }

    /** What the server does; each step runs on the connection's thread. */
    interface Script {
        /** The connection is there, and nothing was read from it. */
        default void onAccept(HostileConnection connection) throws IOException, InterruptedException {}

        /** The client's preface and its first SETTINGS were read. */
        default void onPreface(HostileConnection connection) throws IOException, InterruptedException {
            connection.settings();
            connection.settingsAck();
        }

        /** HEADERS opened a stream. */
        default void onHeaders(HostileStream stream) throws IOException, InterruptedException {}

        /** DATA was read; by default the connection's window is opened again, and that of the stream is not. */
        default void onData(HostileStream stream, int bytes) throws IOException, InterruptedException {
            if (bytes > 0) {
                stream.connection().windowUpdate(0, bytes);
            }
        }

        /** END_STREAM was read. */
        void onRequest(HostileStream stream) throws IOException, InterruptedException;
    }
}
