package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.StreamFailure.Kind.CONNECTION_LOST;
import static io.peregrine.transport.http2.StreamFailure.Kind.DEADLINE_EXCEEDED;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.allocation.Buffers;
import io.peregrine.transport.http2.ClientTransport.StartResult;
import io.peregrine.transport.http2.FloodLimits.Budget;
import io.peregrine.transport.io.EventLoops;
import io.peregrine.transport.io.IoBackend;
import io.peregrine.transport.io.SocketTuning;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A real server that sends 48 MB of PINGs and reads nothing (HOSTILE.md 2.3, P2 and P7). */
class FloodIT {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int PINGS_IN_CHUNK = 4096;
    private static final int FLOOD_BYTES = 48 << 20;

    /** What is held is one read of the socket, see ReplyBacklogTest; the allocator reserves memory in chunks. */
    private static final long MAX_GROWTH_BYTES = 8 << 20;

    private final EventLoops loops = EventLoops.create(IoBackend.NIO, 1, "flood-it");

    @AfterEach
    void closeLoops() throws Exception {
        loops.close();
        loops.closeFuture().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    @Test
    void endsTheConnectionOfAServerThatFloodsWithPings() throws Exception {
        try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Connection connection = connect(listening.getLocalSocketAddress(), FloodLimits.defaults());
            try (Socket server = listening.accept()) {
                server.getOutputStream().write(Frames.settings());
                AwaitedStream call = start(connection.ready(), TransportStream.NO_DEADLINE);

                Thread flood = flood(server, new CountDownLatch(1));

                assertThat(call.awaitFailure(SOON).kind()).isEqualTo(CONNECTION_LOST);
                assertThat(connection.terminated.get(20, TimeUnit.SECONDS))
                        .contains("more than 1000 PING frames in 10 s (limit: FloodLimits.Budget.PING)");
                join(flood);
            }
        }
    }

    @Test
    void holdsItsMemoryAndItsDeadlinesAgainstAServerThatDoesNotRead() throws Exception {
        FloodLimits allPings =
                FloodLimits.builder().budget(Budget.PING, Integer.MAX_VALUE).build();
        try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Connection connection = connect(listening.getLocalSocketAddress(), allPings);
            Thread flood;
            try (Socket server = listening.accept()) {
                server.getOutputStream().write(Frames.settings());
                ClientTransport transport = connection.ready();
                long liveBefore = liveBytes();
                CountDownLatch sent = new CountDownLatch(1);
                flood = flood(server, sent);

                long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(3);
                StreamFailure failure = start(transport, deadlineNs).awaitFailure(SOON);
                long lateMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - deadlineNs);

                assertThat(failure.kind()).isEqualTo(DEADLINE_EXCEEDED);
                assertThat(lateMs).as("late by, in ms").isBetween(0L, SOON.toMillis());
                assertThat(sent.getCount()).as("floods taken in whole").isOne();
                assertThat(liveBytes() - liveBefore).as("growth in bytes").isLessThan(MAX_GROWTH_BYTES);
                transport.shutdownNow("done");
            }
            join(flood);
            connection.terminated.get(20, TimeUnit.SECONDS);
        }
    }

    /** Writes all PINGs, if it can: until the client stops reading, or closes. */
    private static Thread flood(Socket server, CountDownLatch sent) {
        byte[][] pings = new byte[PINGS_IN_CHUNK][];
        Arrays.fill(pings, Frames.ping("0102030405060708"));
        byte[] chunk = Frames.join(pings);
        Thread thread = new Thread(() -> {
            try {
                for (int written = 0; written < FLOOD_BYTES; written += chunk.length) {
                    server.getOutputStream().write(chunk);
                }
                sent.countDown();
            } catch (IOException closed) {
                assertThat(closed).isNotNull();
            }
        });
        thread.start();
        return thread;
    }

    private static void join(Thread flood) throws InterruptedException {
        flood.join(SOON.toMillis());
        assertThat(flood.isAlive()).as("still flooding").isFalse();
    }

    private static AwaitedStream start(ClientTransport transport, long deadlineNs) {
        AwaitedStream stream = AwaitedStream.sending(new byte[10], deadlineNs);
        assertThat(transport.start(stream)).isEqualTo(StartResult.ACCEPTED);
        return stream;
    }

    /** What the heap holds after a collection, and the direct memory of the allocator. */
    private static long liveBytes() {
        MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
        memory.gc();
        memory.gc();
        return memory.getHeapMemoryUsage().getUsed() + Buffers.usedDirectBytes();
    }

    private Connection connect(SocketAddress address, FloodLimits limits) {
        TransportOptions options =
                TransportOptions.builder().floodLimits(limits).build();
        Connection connection = new Connection();
        connection.transport = new Http2Connector(loops, SocketTuning.defaults(), options, null)
                .connect(address, "greeter.test", connection);
        return connection;
    }

    /** A transport and what became of it. */
    private static final class Connection implements TransportListener {
        private final CompletableFuture<Void> ready = new CompletableFuture<>();
        private final CompletableFuture<String> terminated = new CompletableFuture<>();
        private @Nullable ClientTransport transport;

        ClientTransport ready() throws Exception {
            ready.get(20, TimeUnit.SECONDS);
            return Objects.requireNonNull(transport);
        }

        @Override
        public void onReady() {
            ready.complete(null);
        }

        @Override
        public void onDraining(String reason) {}

        @Override
        public void onTerminated(String reason, @Nullable Throwable cause) {
            terminated.complete(reason);
        }

        @Override
        public void onReleased() {}
    }
}
