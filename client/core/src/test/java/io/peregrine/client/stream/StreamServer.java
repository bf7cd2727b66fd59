package io.peregrine.client.stream;

import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientConnBuilder;
import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.RawBytes;
import io.peregrine.client.credentials.InsecureCredentials;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A grpc-java server of raw bytes, in plaintext, that heeds back pressure, and makes some of its own. */
final class StreamServer implements AutoCloseable {
    /** Sends metadata, and each message back; reads on only when the last one was let out. */
    static final MethodDescriptor<byte[], byte[]> ECHO =
            MethodDescriptor.bidiStreaming("test.Streams/Echo", Marshallers.bytes(), Marshallers.bytes());

    /** Sends messages like the request, without end, as far as it is let. */
    static final MethodDescriptor<byte[], byte[]> FLOOD =
            MethodDescriptor.serverStreaming("test.Streams/Flood", Marshallers.bytes(), Marshallers.bytes());

    /** Reads nothing until {@link #admit}; answers the last message. */
    static final MethodDescriptor<byte[], byte[]> HOLD =
            MethodDescriptor.clientStreaming("test.Streams/Hold", Marshallers.bytes(), Marshallers.bytes());

    /** As {@link #ECHO}, for a method with one message each way. */
    static final MethodDescriptor<byte[], byte[]> SAY =
            MethodDescriptor.unary("test.Streams/Say", Marshallers.bytes(), Marshallers.bytes());

    private static final io.grpc.Metadata.Key<String> SERVER =
            io.grpc.Metadata.Key.of("x-server", io.grpc.Metadata.ASCII_STRING_MARSHALLER);

    private final Queue<ServerCall<byte[], byte[]>> held = new ConcurrentLinkedQueue<>();
    private final AtomicInteger flooded = new AtomicInteger();
    private final AtomicInteger cancelled = new AtomicInteger();
    private final Server server;

    private StreamServer() throws IOException {
        server = NettyServerBuilder.forAddress(InteropPair.loopback(0))
                .directExecutor()
                .maxInboundMessageSize(16 << 20)
                .addService(ServerServiceDefinition.builder("test.Streams")
                        .addMethod(RawBytes.method(ECHO), handler(this::echo))
                        .addMethod(RawBytes.method(FLOOD), handler(this::flood))
                        .addMethod(RawBytes.method(HOLD), handler(this::hold))
                        .addMethod(RawBytes.method(SAY), handler(this::echo))
                        .build())
                .build()
                .start();
    }

    static StreamServer start() throws IOException {
        return new StreamServer();
    }

    ClientConnBuilder builder() {
        return ClientConn.builder("127.0.0.1:" + server.getPort()).credentials(InsecureCredentials.create());
    }

    ClientConn connect() {
        return builder().build();
    }

    int port() {
        return server.getPort();
    }

    /** Reads on in the calls of {@link #HOLD}. */
    void admit() {
        for (ServerCall<byte[], byte[]> call = held.poll(); call != null; call = held.poll()) {
            call.request(Integer.MAX_VALUE);
        }
    }

    /** Messages sent by calls of {@link #FLOOD}. */
    int flooded() {
        return flooded.get();
    }

    /** Calls that ended otherwise than by this server. */
    int cancelled() {
        return cancelled.get();
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

    // ---- The methods -----------------------------------------------------------------------------------------

    private interface Behaviour {
        ServerCall.Listener<byte[]> begin(ServerCall<byte[], byte[]> call);
    }

    private static ServerCallHandler<byte[], byte[]> handler(Behaviour behaviour) {
        return (call, headers) -> behaviour.begin(call);
    }

    private class Counted extends ServerCall.Listener<byte[]> {
        @Override
        public void onCancel() {
            cancelled.incrementAndGet();
        }
    }

    private ServerCall.Listener<byte[]> echo(ServerCall<byte[], byte[]> call) {
        io.grpc.Metadata headers = new io.grpc.Metadata();
        headers.put(SERVER, "streams");
        call.sendHeaders(headers);
        call.request(1);
        return new Counted() {
            private boolean owesRequest;
            private boolean halfClosed;

            @Override
            public void onMessage(byte[] message) {
                call.sendMessage(message);
                owesRequest = true;
                onReady();
            }

            @Override
            public void onReady() {
                if (owesRequest && call.isReady()) {
                    owesRequest = false;
                    if (!halfClosed) {
                        call.request(1);
                    }
                }
            }

            @Override
            public void onHalfClose() {
                halfClosed = true;
                call.close(Status.OK, new io.grpc.Metadata());
            }
        };
    }

    private ServerCall.Listener<byte[]> flood(ServerCall<byte[], byte[]> call) {
        call.request(2);
        return new Counted() {
            private byte[] message;

            @Override
            public void onMessage(byte[] request) {
                message = request;
                call.sendHeaders(new io.grpc.Metadata());
                onReady();
            }

            @Override
            public void onReady() {
                while (message != null && call.isReady()) {
                    call.sendMessage(message);
                    flooded.incrementAndGet();
                }
            }
        };
    }

    private ServerCall.Listener<byte[]> hold(ServerCall<byte[], byte[]> call) {
        held.add(call);
        return new Counted() {
            private byte[] last = {};

            @Override
            public void onMessage(byte[] message) {
                last = message;
            }

            @Override
            public void onHalfClose() {
                call.sendHeaders(new io.grpc.Metadata());
                call.sendMessage(last);
                call.close(Status.OK, new io.grpc.Metadata());
            }
        };
    }
}
