package io.peregrine.client.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientStream;
import io.peregrine.transport.io.ConnectionInfo;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A stream beside a call that is misused, on the same connection, neither of which may suffer. */
final class Bystander {
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(60));

    private final ClientConn conn;
    private final ClientStream<byte[], byte[]> stream;
    private final List<Optional<InetSocketAddress>> connections;

    Bystander(ClientConn conn) {
        this.conn = conn;
        this.stream = conn.newStream(StreamServer.ECHO, OPTIONS);
        echo();
        this.connections = localAddresses();
        assertThat(connections).hasSize(1);
    }

    private void echo() {
        stream.send(new byte[100]);
        assertThat(stream.receive()).hasSize(100);
    }

    /** The connection is the same, the stream goes on, and a new call works. */
    void assertUnharmed() {
        echo();
        stream.closeSend();
        assertThat(stream.receive()).isNull();
        assertThat(conn.invoke(StreamServer.SAY, new byte[5], OPTIONS)).hasSize(5);
        assertThat(localAddresses()).isEqualTo(connections);
    }

    private List<Optional<InetSocketAddress>> localAddresses() {
        return conn.connections().stream().map(ConnectionInfo::localAddress).toList();
    }
}
