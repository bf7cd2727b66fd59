package io.peregrine.grpcjava;

import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerCredentials;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * grpc-netty with a service of texts that sends back what it gets: messages, and metadata whose names begin with
 * {@code x-}, as headers and as trailers. {@code hang} is not answered, {@code fail} fails, and {@code many:n} is answered n
 * times. It tells of cancelled calls.
 */
final class EchoServer implements AutoCloseable {
    static final MethodDescriptor<String, String> UNARY = method(MethodDescriptor.MethodType.UNARY, "Unary");
    static final MethodDescriptor<String, String> CLIENT =
            method(MethodDescriptor.MethodType.CLIENT_STREAMING, "Client");
    static final MethodDescriptor<String, String> SERVER =
            method(MethodDescriptor.MethodType.SERVER_STREAMING, "Server");
    static final MethodDescriptor<String, String> BIDI = method(MethodDescriptor.MethodType.BIDI_STREAMING, "Bidi");

    private static final Set<MethodDescriptor<String, String>> METHODS = Set.of(UNARY, CLIENT, SERVER, BIDI);

    final BlockingQueue<String> cancelled = new LinkedBlockingQueue<>();
    final BlockingQueue<Metadata> received = new LinkedBlockingQueue<>();
    private final Server server;

    private EchoServer(ServerCredentials credentials, int port, Consumer<NettyServerBuilder> more) throws IOException {
        ServerServiceDefinition.Builder service = ServerServiceDefinition.builder("test.Echo");
        METHODS.forEach(method -> service.addMethod(method, new Handler()));
        NettyServerBuilder builder = NettyServerBuilder.forAddress(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), port), credentials)
                .maxInboundMetadataSize(1 << 20)
                .addService(service.build());
        more.accept(builder);
        this.server = builder.build().start();
    }

    static EchoServer start() throws IOException {
        return new EchoServer(InsecureServerCredentials.create(), 0, builder -> {});
    }

    static EchoServer start(ServerCredentials credentials) throws IOException {
        return new EchoServer(credentials, 0, builder -> {});
    }

    static EchoServer startOn(int port) throws IOException {
        return new EchoServer(InsecureServerCredentials.create(), port, builder -> {});
    }

    String target() {
        return "dns:///localhost:" + port();
    }

    int port() {
        return server.getPort();
    }

    @Override
    public void close() {
        try {
            server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    private static MethodDescriptor<String, String> method(MethodDescriptor.MethodType type, String name) {
        return MethodDescriptor.<String, String>newBuilder()
                .setType(type)
                .setFullMethodName("test.Echo/" + name)
                .setRequestMarshaller(new Texts())
                .setResponseMarshaller(new Texts())
                .build();
    }

    /** Texts in UTF-8, through streams of which nothing is known. */
    static class Texts implements MethodDescriptor.Marshaller<String> {
        @Override
        public InputStream stream(String text) {
            if (text.equals("unmarshallable")) {
                throw new IllegalArgumentException(text);
            }
            return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public String parse(InputStream stream) {
            try {
                return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }
    }

    private final class Handler implements ServerCallHandler<String, String> {
        @Override
        public ServerCall.Listener<String> startCall(ServerCall<String, String> call, Metadata headers) {
            received.add(headers);
            Metadata echoed = new Metadata();
            Metadata kept = new Metadata();
            kept.merge(headers);
            for (String name : kept.keys()) {
                if (!name.startsWith("x-")) {
                    kept.discardAll(keyOf(name));
                }
            }
            echoed.merge(kept);
            call.request(1);
            return new Echo(call, echoed);
        }

        private Metadata.Key<?> keyOf(String name) {
            return name.endsWith("-bin")
                    ? Metadata.Key.of(name, Metadata.BINARY_BYTE_MARSHALLER)
                    : Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
        }
    }

    private final class Echo extends ServerCall.Listener<String> {
        private final ServerCall<String, String> call;
        private final Metadata echoed;
        private final StringBuilder collected = new StringBuilder();
        private boolean headersSent;
        private boolean hangs;

        Echo(ServerCall<String, String> call, Metadata echoed) {
            this.call = call;
            this.echoed = echoed;
        }

        @Override
        public void onMessage(String message) {
            if (message.equals("hang")) {
                hangs = true;
                return;
            }
            if (message.equals("fail")) {
                hangs = true;
                call.close(Status.FAILED_PRECONDITION.withDescription("as you wish"), echoed);
                return;
            }
            if (call.getMethodDescriptor().getType().serverSendsOneMessage()) {
                collected.append(message);
            } else {
                int times = message.startsWith("many:") ? Integer.parseInt(message.substring(5)) : 1;
                for (int i = 0; i < times; i++) {
                    send(message);
                }
            }
            call.request(1);
        }

        private void send(String message) {
            if (!headersSent) {
                headersSent = true;
                Metadata headers = new Metadata();
                headers.merge(echoed);
                call.sendHeaders(headers);
            }
            call.sendMessage(message);
        }

        @Override
        public void onHalfClose() {
            if (hangs) {
                return;
            }
            if (call.getMethodDescriptor().getType().serverSendsOneMessage()) {
                send(collected.toString());
            }
            call.close(Status.OK, echoed);
        }

        @Override
        public void onCancel() {
            cancelled.add(call.getMethodDescriptor().getFullMethodName());
        }
    }
}
