package io.peregrine.grpcjava;

import io.grpc.ForwardingServerBuilder;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A server's builder that tells where the server it made listens, which grpc-java's tests keep to themselves. */
final class ServerWithPort extends ForwardingServerBuilder<ServerWithPort> {
    private final ServerBuilder<?> delegate;
    private @Nullable Server made;

    ServerWithPort(ServerBuilder<?> delegate) {
        this.delegate = delegate;
    }

    @Override
    protected ServerBuilder<?> delegate() {
        return delegate;
    }

    @Override
    public Server build() {
        made = super.build();
        return made;
    }

    int port() {
        return Objects.requireNonNull(made, "made").getPort();
    }
}
