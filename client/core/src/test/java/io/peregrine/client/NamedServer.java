package io.peregrine.client;

import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

/** A grpc-java server, in plaintext, that answers each call with its name. */
public final class NamedServer implements AutoCloseable {
    /** The method to call. */
    public static final MethodDescriptor<byte[], byte[]> WHO =
            MethodDescriptor.unary("greeter.Greeter/Who", Marshallers.bytes(), Marshallers.bytes());

    private final Server server;

    /** Started, on a port of its own. */
    public NamedServer(String name) throws IOException {
        server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .addService(ServerServiceDefinition.builder(WHO.serviceName())
                        .addMethod(RawBytes.method(WHO), ServerCalls.asyncUnaryCall((request, answer) -> {
                            answer.onNext(name.getBytes(StandardCharsets.UTF_8));
                            answer.onCompleted();
                        }))
                        .build())
                .build()
                .start();
    }

    /** The port of 127.0.0.1. */
    public int port() {
        return server.getPort();
    }

    @Override
    public void close() {
        server.shutdownNow();
    }
}
