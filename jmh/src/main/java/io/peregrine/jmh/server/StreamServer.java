package io.peregrine.jmh.server;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;

/**
 * The back end of the streaming benchmarks, a grpc-java server of raw bytes: the same for all clients, and in a
 * process of its own. Its methods are {@link #EXCHANGE}, {@link #RECEIVE} and {@link #SEND}.
 */
public final class StreamServer {
    /** The system property that names a running server as {@code host:port}. */
    public static final String PROPERTY = "peregrine.stream.server";

    /** Both ways: answers each message with itself. */
    public static final String EXCHANGE = "peregrine.load.Streams/Exchange";

    /** From the server: the request is {@link #order}. */
    public static final String RECEIVE = "peregrine.load.Streams/Receive";

    /** From the client: answers the end with the number of messages. */
    public static final String SEND = "peregrine.load.Streams/Send";

    private static final short ORDER_MARK = (short) 0xF553;
    private static final int WINDOW_BYTES = 1 << 20;

    private StreamServer() {}

    /** Serves on a free port of the loopback, which it prints, until the process is ended. */
    public static void main(String[] args) throws IOException, InterruptedException {
        InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        io.grpc.Server server = NettyServerBuilder.forAddress(anyPort)
                .directExecutor()
                .flowControlWindow(WINDOW_BYTES)
                .addService(ServerServiceDefinition.builder("peregrine.load.Streams")
                        .addMethod(method(EXCHANGE, MethodType.BIDI_STREAMING), handler(Exchange::new))
                        .addMethod(method(RECEIVE, MethodType.SERVER_STREAMING), handler(Receive::new))
                        .addMethod(method(SEND, MethodType.CLIENT_STREAMING), handler(Send::new))
                        .build())
                .build()
                .start();
        System.out.println("streams on 127.0.0.1:" + server.getPort());
        server.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
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

    /**
     * Asks {@link #RECEIVE} for so many messages of so many bytes. The two bytes at its front tell it from an echo, for
     * servers that do not look at the method.
     */
    public static byte[] order(int messages, int bytes) {
        return ByteBuffer.allocate(Short.BYTES + 2 * Integer.BYTES)
                .putShort(ORDER_MARK)
                .putInt(messages)
                .putInt(bytes)
                .array();
    }

    public static MethodDescriptor<byte[], byte[]> method(String name, MethodType type) {
        return MethodDescriptor.<byte[], byte[]>newBuilder()
                .setType(type)
                .setFullMethodName(name)
                .setRequestMarshaller(new ByteArrayMarshaller())
                .setResponseMarshaller(new ByteArrayMarshaller())
                .build();
    }

    /** Makes what listens to one call. */
    private interface ListenerFactory {
        ServerCall.Listener<byte[]> listenTo(ServerCall<byte[], byte[]> call);
    }

    private static ServerCallHandler<byte[], byte[]> handler(ListenerFactory factory) {
        return (call, headers) -> {
            call.sendHeaders(new Metadata());
            ServerCall.Listener<byte[]> listener = factory.listenTo(call);
            call.request(Integer.MAX_VALUE);
            return listener;
        };
    }

    private static final class Exchange extends ServerCall.Listener<byte[]> {
        private final ServerCall<byte[], byte[]> call;

        Exchange(ServerCall<byte[], byte[]> call) {
            this.call = call;
        }

        @Override
        public void onMessage(byte[] message) {
            call.sendMessage(message);
        }

        @Override
        public void onHalfClose() {
            call.close(Status.OK, new Metadata());
        }
    }

    /** Sends as long as the call is ready, so that the client's window is what bounds it. */
    private static final class Receive extends ServerCall.Listener<byte[]> {
        private final ServerCall<byte[], byte[]> call;
        private byte[] message = {};
        private int left;
        private boolean asked;

        Receive(ServerCall<byte[], byte[]> call) {
            this.call = call;
        }

        @Override
        public void onMessage(byte[] order) {
            ByteBuffer fields = ByteBuffer.wrap(order, Short.BYTES, order.length - Short.BYTES);
            left = fields.getInt();
            message = new byte[fields.getInt()];
        }

        @Override
        public void onHalfClose() {
            asked = true;
            onReady();
        }

        @Override
        public void onReady() {
            while (asked && left > 0 && call.isReady()) {
                call.sendMessage(message);
                left--;
                if (left == 0) {
                    call.close(Status.OK, new Metadata());
                }
            }
        }
    }

    private static final class Send extends ServerCall.Listener<byte[]> {
        private final ServerCall<byte[], byte[]> call;
        private int messages;

        Send(ServerCall<byte[], byte[]> call) {
            this.call = call;
        }

        @Override
        public void onMessage(byte[] message) {
            messages++;
        }

        @Override
        public void onHalfClose() {
            call.sendMessage(ByteBuffer.allocate(Integer.BYTES).putInt(messages).array());
            call.close(Status.OK, new Metadata());
        }
    }
}
