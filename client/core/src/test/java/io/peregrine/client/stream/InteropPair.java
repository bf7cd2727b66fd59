package io.peregrine.client.stream;

import io.grpc.netty.NettyServerBuilder;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientConnBuilder;
import io.peregrine.client.InteropServer;
import io.peregrine.client.credentials.ChannelCredentials;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.credentials.TlsCredentials;
import io.peregrine.transport.io.EventLoops;
import io.peregrine.transport.io.IoBackend;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/** gRPC's interop test service on grpc-java's server, and what connects to it over one I/O back end. */
final class InteropPair implements AutoCloseable {
    private static final int MAX_MESSAGE_BYTES = 16 << 20;

    /** What the two ends speak below HTTP/2. */
    enum Security {
        PLAINTEXT,
        TLS
    }

    private final InteropServer server;
    private final ChannelCredentials credentials;
    private final EventLoops loops;

    InteropPair(IoBackend backend, Security security) throws Exception {
        this(backend, security, NettyServerBuilder.forAddress(loopback(0)));
    }

    /** A pair whose server was begun by the caller. */
    InteropPair(IoBackend backend, Security security, NettyServerBuilder builder) throws Exception {
        server = InteropServer.on(builder, security == Security.TLS);
        credentials = security == Security.TLS
                ? TlsCredentials.builder().trust(server.certificatePem()).build()
                : InsecureCredentials.create();
        loops = EventLoops.create(backend, 1, "interop");
    }

    /** Every back end of this machine, in plaintext and TLS. */
    static Stream<Arguments> transports() {
        return Stream.of(IoBackend.values())
                .filter(IoBackend::isAvailable)
                .flatMap(backend -> Stream.of(Security.values()).map(security -> Arguments.of(backend, security)));
    }

    static InetSocketAddress loopback(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    int port() {
        return server.port();
    }

    ClientConnBuilder builder() {
        return ClientConn.builder(server.target())
                .credentials(credentials)
                .eventLoops(loops)
                .maxInboundMessageBytes(MAX_MESSAGE_BYTES);
    }

    ClientConn connect() {
        return builder().build();
    }

    @Override
    public void close() throws IOException {
        loops.close();
        server.close();
    }
}
