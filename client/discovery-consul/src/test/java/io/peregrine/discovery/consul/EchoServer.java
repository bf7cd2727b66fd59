package io.peregrine.discovery.consul;

import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.peregrine.client.Marshallers;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

/** A back end that answers each call with its name. */
final class EchoServer implements AutoCloseable {
    /** The method to call. */
    static final io.peregrine.client.MethodDescriptor<byte[], byte[]> WHO =
            io.peregrine.client.MethodDescriptor.unary("greeter.Greeter/Who", Marshallers.bytes(), Marshallers.bytes());

    private static final MethodDescriptor<byte[], byte[]> METHOD = MethodDescriptor.<byte[], byte[]>newBuilder()
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName(WHO.fullName())
            .setRequestMarshaller(new Bytes())
            .setResponseMarshaller(new Bytes())
            .build();

    private final Server server;

    EchoServer(String name) throws IOException {
        server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .addService(ServerServiceDefinition.builder(WHO.serviceName())
                        .addMethod(METHOD, ServerCalls.asyncUnaryCall((request, answer) -> {
                            answer.onNext(name.getBytes(StandardCharsets.UTF_8));
                            answer.onCompleted();
                        }))
                        .build())
                .build()
                .start();
    }

    int port() {
        return server.getPort();
    }

    @Override
    public void close() {
        server.shutdownNow();
    }

    private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }
    }
}
