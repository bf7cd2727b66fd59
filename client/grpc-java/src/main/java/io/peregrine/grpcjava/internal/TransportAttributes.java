package io.peregrine.grpcjava.internal;

import io.grpc.Attributes;
import io.grpc.Grpc;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.io.ConnectionInfo;
import java.net.InetSocketAddress;
import java.util.Optional;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/** What grpc-java's attributes tell of the connection of a call. */
final class TransportAttributes {
    private TransportAttributes() {}

    /** Addresses, and the TLS session if there is one; empty before there is a connection. */
    static Attributes of(@Nullable ClientTransport transport) {
        if (transport == null) {
            return Attributes.EMPTY;
        }
        Attributes.Builder attributes =
                Attributes.newBuilder().set(Grpc.TRANSPORT_ATTR_REMOTE_ADDR, transport.remoteAddress());
        Optional<ConnectionInfo> connection = transport.connectionInfo();
        Optional<InetSocketAddress> local = connection.flatMap(ConnectionInfo::localAddress);
        Optional<SSLSession> session = connection.flatMap(ConnectionInfo::tlsSession);
        local.ifPresent(address -> attributes.set(Grpc.TRANSPORT_ATTR_LOCAL_ADDR, address));
        session.ifPresent(tls -> attributes.set(Grpc.TRANSPORT_ATTR_SSL_SESSION, tls));
        return attributes.build();
    }
}
