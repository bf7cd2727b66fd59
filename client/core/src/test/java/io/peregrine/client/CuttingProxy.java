package io.peregrine.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A relay on a loopback port to another one, which a test can cut: with a RST, in the middle of whatever goes on. */
final class CuttingProxy implements AutoCloseable {
    private static final int BUFFER_BYTES = 16 * 1024;

    private final ServerSocket listening;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final Set<Socket> frozen = ConcurrentHashMap.newKeySet();
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
    private final AtomicInteger accepted = new AtomicInteger();
    private volatile int serverPort;

    CuttingProxy(int serverPort) throws IOException {
        this.serverPort = serverPort;
        this.listening = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
        run("accept", this::accept);
    }

    int port() {
        return listening.getLocalPort();
    }

    /** How many connections there were. */
    int accepted() {
        return accepted.get();
    }

    /** New connections go there from now on. */
    void relayTo(int newServerPort) {
        serverPort = newServerPort;
    }

    /** Lets nothing through any more on the connections that there are, and tells nobody; later ones work. */
    void freeze() {
        frozen.addAll(sockets);
    }

    /** Resets every connection. */
    void cut() {
        sockets.forEach(CuttingProxy::reset);
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listening.accept();
                accepted.incrementAndGet();
                relay(client);
            }
        } catch (IOException closed) {
            cut();
        }
    }

    private void relay(Socket client) {
        sockets.add(client);
        Socket server = new Socket();
        try {
            server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), serverPort));
        } catch (IOException refused) {
            end(client, server);
            return;
        }
        sockets.add(server);
        run("up", () -> copy(client, server));
        run("down", () -> copy(server, client));
    }

    /** Until either side closes or is cut; then both are. */
    private void copy(Socket from, Socket to) {
        byte[] buffer = new byte[BUFFER_BYTES];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                if (!frozen.contains(from)) {
                    out.write(buffer, 0, count);
                }
            }
        } catch (IOException cut) {
            reset(to);
        }
        end(from, to);
    }

    private void end(Socket one, Socket other) {
        sockets.remove(one);
        sockets.remove(other);
        close(one);
        close(other);
    }

    private static void reset(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
        } catch (IOException closedAlready) {
            return;
        }
        close(socket);
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException notOpen) {
            throw new AssertionError(notOpen);
        }
    }

    private void run(String part, Runnable work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } finally {
                        threads.remove(Thread.currentThread());
                    }
                },
                "cutting-proxy-" + part);
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listening.close();
        cut();
        try {
            for (Thread thread : threads) {
                thread.join(10_000);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
