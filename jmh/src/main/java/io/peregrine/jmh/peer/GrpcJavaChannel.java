package io.peregrine.jmh.peer;

import io.grpc.netty.NettyChannelBuilder;

/** A channel of grpc-java on Netty and epoll, to one address. */
public final class GrpcJavaChannel {
    private static final int TUNED_WINDOW_BYTES = 1 << 20;

    private GrpcJavaChannel() {}

    /** As it comes; callbacks on its own pool of threads, unless the setup names an executor. */
    static NettyChannelBuilder withDefaults(ClientSetup setup) {
        NettyChannelBuilder builder = NettyChannelBuilder.forTarget(setup.address());
        ServerTrust trust = setup.trust();
        if (trust == null) {
            builder.usePlaintext();
        } else {
            builder.sslContext(trust.forGrpcJava());
        }
        if (setup.callbackExecutor() != null) {
            builder.executor(setup.callbackExecutor());
        }
        return builder;
    }

    /** Callbacks on the event loop, unless the setup names an executor, and a window that no estimator moves. */
    public static NettyChannelBuilder tuned(ClientSetup setup) {
        NettyChannelBuilder builder = withDefaults(setup).flowControlWindow(TUNED_WINDOW_BYTES);
        return setup.callbackExecutor() == null ? builder.directExecutor() : builder;
    }
}
