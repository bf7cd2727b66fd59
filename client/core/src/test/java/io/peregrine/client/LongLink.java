package io.peregrine.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.DelayQueue;
import java.util.concurrent.Delayed;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A link to a server on the loopback interface that takes its time in both directions, counts what it carries, and can
 * lose everything from one moment on without anybody being told.
 */
final class LongLink implements AutoCloseable {
    private static final int CHUNK_BYTES = 64 << 10;

    /** The header of a PING that is no acknowledgement (RFC 9113 §6.7), and the payload by which windows grow. */
    private static final byte[] PROBE = {0, 0, 8, 6, 0, 0, 0, 0, 0, 2, 4, 0x10, 0x10, 9, 0xe, 7, 7};

    private final ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final List<Thread> threads = new CopyOnWriteArrayList<>();
    private final AtomicInteger probes = new AtomicInteger();
    private final int serverPort;
    private final long oneWayNs;
    private volatile boolean cut;

    LongLink(int serverPort, Duration oneWay) throws IOException {
        this.serverPort = serverPort;
        this.oneWayNs = oneWay.toNanos();
        run("long-link-acceptor", this::acceptAll);
    }

    String target() {
        return "dns:///127.0.0.1:" + listening.getLocalPort();
    }

    /** The PINGs of clients that look for the bandwidth-delay product. */
    int probes() {
        return probes.get();
    }

    /** How many connections went over it. */
    int connections() {
        return sockets.size() / 2;
    }

    /** From now on nothing arrives anywhere, and no connection is closed. */
    void cut() {
        cut = true;
    }

    @Override
    public void close() throws IOException {
        listening.close();
        for (Socket socket : sockets) {
            socket.close();
        }
        for (Thread thread : threads) {
            thread.interrupt();
        }
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while the link closed");
        }
    }

    private interface Work {
        void run() throws IOException, InterruptedException;
    }

    private void run(String name, Work work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (IOException | InterruptedException ended) {
                        if (!listening.isClosed() && ended instanceof IOException broken) {
                            throw new UncheckedIOException(broken);
                        }
                    }
                },
                name);
        threads.add(thread);
        thread.start();
    }

    private void acceptAll() throws IOException {
        while (!listening.isClosed()) {
            Socket client = listening.accept();
            Socket server = new Socket(InetAddress.getLoopbackAddress(), serverPort);
            sockets.addAll(List.of(client, server));
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            carry(client, server);
            carry(server, client);
        }
    }

    private void carry(Socket from, Socket to) {
        DelayQueue<Chunk> underWay = new DelayQueue<>();
        run("long-link-reader", () -> read(from.getInputStream(), underWay));
        run("long-link-writer", () -> write(underWay, to));
    }

    private void read(InputStream in, DelayQueue<Chunk> underWay) throws IOException {
        int matched = 0;
        long order = 0;
        int length;
        do {
            byte[] octets = new byte[CHUNK_BYTES];
            length = in.read(octets);
            for (int i = 0; i < length; i++) {
                matched = octets[i] == PROBE[matched] ? matched + 1 : octets[i] == 0 ? Math.min(matched, 2) : 0;
                if (matched == PROBE.length) {
                    probes.incrementAndGet();
                    matched = 0;
                }
            }
            underWay.add(new Chunk(
                    ByteBuffer.wrap(octets, 0, Math.max(0, length)),
                    length < 0,
                    System.nanoTime() + oneWayNs,
                    order++));
        } while (length >= 0);
    }

    private void write(DelayQueue<Chunk> underWay, Socket to) throws IOException, InterruptedException {
        WritableByteChannel out = Channels.newChannel(to.getOutputStream());
        for (Chunk chunk = underWay.take(); !chunk.last; chunk = underWay.take()) {
            if (!cut) {
                out.write(chunk.octets);
            }
        }
        if (!cut) {
            to.shutdownOutput();
        }
    }

    /** Octets that arrive at a time, or the end of them. */
    private record Chunk(ByteBuffer octets, boolean last, long arrivesAtNs, long order) implements Delayed {
        @Override
        public long getDelay(TimeUnit unit) {
            return unit.convert(arrivesAtNs - System.nanoTime(), TimeUnit.NANOSECONDS);
        }

        @Override
        public int compareTo(Delayed other) {
            return Long.compare(order, ((Chunk) other).order);
        }
    }
}
