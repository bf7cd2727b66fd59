package io.peregrine.grpcjava;

import io.grpc.ServerBuilder;
import io.grpc.ServerCredentials;
import io.grpc.census.InternalCensusTracingAccessor;
import io.grpc.netty.InternalNettyServerBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.testing.integration.AbstractInteropTest;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * grpc-java's own interop client cases over Peregrine's channel, against grpc-java's server: all of them, as they are.
 * They check the figures and traces of its census instrumentation, which its own channel finds on the class path; here
 * its interceptors are added. JUnit 4 is what they are written for.
 */
public abstract class GrpcJavaInterop extends AbstractInteropTest {
    private @Nullable ServerWithPort server;

    /** How the server secures its connections. */
    protected abstract ServerCredentials serverCredentials();

    /** The channel's builder with security; the rest is the same for all. */
    protected abstract PeregrineChannelBuilder channelTo(String host, int port);

    @Override
    protected final ServerBuilder<?> getServerBuilder() {
        NettyServerBuilder builder = NettyServerBuilder.forAddress(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), serverCredentials())
                .flowControlWindow(TEST_FLOW_CONTROL_WINDOW)
                .maxInboundMessageSize(MAX_MESSAGE_SIZE);
        InternalNettyServerBuilder.setStatsEnabled(builder, false);
        server = new ServerWithPort(builder.addStreamTracerFactory(createCustomCensusTracerFactory()));
        return server;
    }

    @Override
    protected final PeregrineChannelBuilder createChannelBuilder() {
        int port = Objects.requireNonNull(server, "server").port();
        return channelTo("localhost", port)
                .maxInboundMessageSize(MAX_MESSAGE_SIZE)
                .intercept(createCensusStatsClientInterceptor(), InternalCensusTracingAccessor.getClientInterceptor());
    }
}
