package io.peregrine.transport.http2;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.unix.DomainSocketAddress;
import io.peregrine.transport.io.UnixSocketAddress;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;

class PeerLabelTest {
    private final PeerLabel peer = new PeerLabel(address(127, 0, 0, 1), "greeter.test");

    @Test
    void isAddressAndPort() {
        InetSocketAddress six = address(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

        assertThat(peer).hasToString("127.0.0.1:443");
        assertThat(new PeerLabel(six, "x")).hasToString("[0:0:0:0:0:0:0:1]:443");
        assertThat(new PeerLabel(InetSocketAddress.createUnresolved("greeter.test", 1), "x"))
                .hasToString("greeter.test:1");
    }

    @Test
    void isTheSchemeAndTheNameOfAUnixSocket() {
        assertThat(new PeerLabel(new DomainSocketAddress("/run/a.sock"), "x")).hasToString("unix:/run/a.sock");
        assertThat(new PeerLabel(new DomainSocketAddress("\0a"), "x")).hasToString("unix-abstract:a");
        assertThat(new PeerLabel(UnixSocketAddress.ofPath("a.sock"), "x").describeFailure(new FileNotFoundException()))
                .isEqualTo("connecting to unix:a.sock failed: No such file or directory");
    }

    @Test
    void saysARefusalShortly() {
        assertThat(peer.describeFailure(
                        new ConnectException("finishConnect(..) failed: Connection refused: /127.0.0.1")))
                .isEqualTo("connection to 127.0.0.1:443 refused");
    }

    @Test
    void saysWhatTheSocketSaid() {
        assertThat(peer.describeFailure(new NoRouteToHostException("No route to host")))
                .isEqualTo("connecting to 127.0.0.1:443 failed: No route to host");
        assertThat(peer.describeFailure(new ConnectTimeoutException("connection timed out after 20000 ms")))
                .isEqualTo("connecting to 127.0.0.1:443 failed: connection timed out after 20000 ms");
        assertThat(peer.describeFailure(new IOException()))
                .isEqualTo("connecting to 127.0.0.1:443 failed: IOException");
    }

    @Test
    void namesThePeerOfAFailedHandshake() {
        assertThat(peer.describeFailure(new SSLHandshakeException("Received fatal alert: handshake_failure")))
                .contains("127.0.0.1:443");
        assertThat(peer.describeFailure(new IOException("wrapped", new SSLHandshakeException("no"))))
                .contains("127.0.0.1:443");
    }

    private static InetSocketAddress address(int... octets) {
        byte[] raw = new byte[octets.length];
        for (int i = 0; i < raw.length; i++) {
            raw[i] = (byte) octets[i];
        }
        try {
            return new InetSocketAddress(InetAddress.getByAddress(raw), 443);
        } catch (UnknownHostException impossible) {
            throw new AssertionError(impossible);
        }
    }
}
