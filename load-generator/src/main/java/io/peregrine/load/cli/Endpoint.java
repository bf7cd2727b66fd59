package io.peregrine.load.cli;

import io.peregrine.client.credentials.ChannelCredentials;
import io.peregrine.load.serve.EchoServer;
import io.peregrine.transport.http2.TransportOptions;
import org.jspecify.annotations.Nullable;

/**
 * Where calls go.
 *
 * @param target what {@code ClientConn.builder} takes
 * @param description the same for people
 * @param credentials plaintext or TLS
 * @param tls whether they are TLS
 * @param server the back end that this process started, or null for a target that the user named
 */
record Endpoint(
        String target,
        String description,
        ChannelCredentials credentials,
        boolean tls,
        @Nullable EchoServer server) implements AutoCloseable {
    /** The HTTP/2 settings of the connections: the client's defaults. */
    TransportOptions transport() {
        return TransportOptions.defaults();
    }

    boolean embedded() {
        return server != null;
    }

    /** Stops the embedded back end, if any. */
    @Override
    public void close() {
        if (server != null) {
            server.close();
        }
    }
}
