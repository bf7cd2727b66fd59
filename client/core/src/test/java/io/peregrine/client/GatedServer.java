package io.peregrine.client;

import io.grpc.Attributes;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerTransportFilter;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** A grpc-java server, in plaintext, with one method that echoes and one that answers when the test says so. */
final class GatedServer implements AutoCloseable {
    static final MethodDescriptor<byte[], byte[]> ECHO =
            MethodDescriptor.unary("test.Gated/Echo", Marshallers.bytes(), Marshallers.bytes());
    static final MethodDescriptor<byte[], byte[]> WAIT =
            MethodDescriptor.unary("test.Gated/Wait", Marshallers.bytes(), Marshallers.bytes());

    /** Bound and not listening: connections to them are refused, and nobody else is given their ports. */
    private static final Map<Integer, Socket> RESERVED = new ConcurrentHashMap<>();

    private final Server server;
    private final int port;
    private final Queue<Runnable> answers = new ConcurrentLinkedQueue<>();
    private final Semaphore arrived = new Semaphore(0);

    /** How often each request came. */
    private final Map<ByteBuffer, Integer> arrivals = new ConcurrentHashMap<>();

    private final AtomicInteger connections = new AtomicInteger();

    private GatedServer(int wantedPort, Consumer<NettyServerBuilder> options) throws IOException {
        ServerServiceDefinition service = ServerServiceDefinition.builder("test.Gated")
                .addMethod(RawBytes.method(ECHO), ServerCalls.asyncUnaryCall((request, response) -> {
                    arrivals.merge(ByteBuffer.wrap(request), 1, Integer::sum);
                    answer(request, response);
                }))
                .addMethod(RawBytes.method(WAIT), ServerCalls.asyncUnaryCall((request, response) -> {
                    arrivals.merge(ByteBuffer.wrap(request), 1, Integer::sum);
                    answers.add(() -> answer(request, response));
                    arrived.release();
                }))
                .build();
        NettyServerBuilder builder = NettyServerBuilder.forAddress(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), wantedPort))
                .directExecutor()
                .addTransportFilter(new ServerTransportFilter() {
                    @Override
                    public Attributes transportReady(Attributes attributes) {
                        connections.incrementAndGet();
                        return attributes;
                    }
                })
                .addService(service);
        options.accept(builder);
        server = builder.build().start();
        this.port = server.getPort();
    }

    static GatedServer start() throws IOException {
        return startWith(builder -> {});
    }

    /** Starts on a port that another server of this test had, or on an unused one. */
    static GatedServer startOn(int port) throws IOException {
        Socket reserved = RESERVED.remove(port);
        if (reserved != null) {
            reserved.close();
        }
        return new GatedServer(port, builder -> {});
    }

    /** Starts with options of the test's own. */
    static GatedServer startWith(Consumer<NettyServerBuilder> options) throws IOException {
        return new GatedServer(0, options);
    }

    /** How many connections there were, handshakes done. */
    int connections() {
        return connections.get();
    }

    /** The requests that came, and how often each did. */
    Map<ByteBuffer, Integer> arrivals() {
        return Map.copyOf(arrivals);
    }

    /** A port on which nobody listens until {@link #startOn} does. */
    static int unusedPort() throws IOException {
        Socket reserved = new Socket();
        reserved.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        RESERVED.put(reserved.getLocalPort(), reserved);
        return reserved.getLocalPort();
    }

    /** The port, also after the shutdown. */
    int port() {
        return port;
    }

    String target() {
        return "dns:///127.0.0.1:" + port();
    }

    /** Returns when so many calls of {@link #WAIT} are waiting. */
    void awaitWaiting(int calls) throws InterruptedException {
        if (!arrived.tryAcquire(calls, 20, TimeUnit.SECONDS)) {
            throw new AssertionError("fewer than " + calls + " calls arrived within 20 s");
        }
    }

    /** Answers the calls that wait. */
    void release() {
        for (Runnable answer = answers.poll(); answer != null; answer = answers.poll()) {
            answer.run();
        }
    }

    /** Sends GOAWAY and lets calls finish. */
    void shutdown() {
        server.shutdown();
    }

    @Override
    public void close() throws IOException {
        server.shutdownNow();
        try {
            if (!server.awaitTermination(20, TimeUnit.SECONDS)) {
                throw new IOException("the server did not stop within 20 s");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while the server stopped");
        }
    }

    private static void answer(byte[] request, StreamObserver<byte[]> response) {
        response.onNext(request);
        response.onCompleted();
    }
}
