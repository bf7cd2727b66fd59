package io.peregrine.transport.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBufUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** RFC 1928 and RFC 1929, octet by octet. */
class Socks5HandshakeTest {
    private static final ProxyServer PROXY = ProxyServer.socks5("10.0.0.1", 1080);
    private static final String NAME_REQUEST =
            "05010003" + "10" + hex("greeter.internal") + "01bb"; // 16 letters, port 443
    private static final String REPLY = "05000001" + "7f000001" + "1f90";

    @Test
    void offersNoAuthenticationAlone() {
        try (Tunnel tunnel = new Tunnel(PROXY)) {
            assertThat(tunnel.sentHex()).isEqualTo("050100");
            assertThat(tunnel.events).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, Integer.MAX_VALUE})
    void asksForTheNameAndHandsOnWhatCameBehindTheReply(int pieceBytes) {
        try (Tunnel tunnel = new Tunnel(PROXY)) {
            tunnel.sent();
            tunnel.receiveHex("0500", pieceBytes);
            assertThat(tunnel.sentHex()).isEqualTo(NAME_REQUEST);

            tunnel.receiveHex(REPLY + hex("SETTINGS"), pieceBytes);

            assertThat(tunnel.events).first().isEqualTo("active");
            assertThat(String.join("", tunnel.events)).isEqualTo("activeSETTINGS");
            assertThat(tunnel.failures).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, Integer.MAX_VALUE})
    void logsInWhereTheProxyWantsIt(int pieceBytes) {
        try (Tunnel tunnel = new Tunnel(PROXY.withCredentials("ana", "pä"))) {
            assertThat(tunnel.sentHex()).isEqualTo("05020002");

            tunnel.receiveHex("0502", pieceBytes);
            assertThat(tunnel.sentHex()).isEqualTo("01" + "03" + hex("ana") + "03" + hex("pä"));

            tunnel.receiveHex("0100", pieceBytes);
            assertThat(tunnel.sentHex()).isEqualTo(NAME_REQUEST);

            tunnel.receiveHex(REPLY, pieceBytes);
            assertThat(tunnel.events).containsExactly("active");
        }
    }

    @Test
    void sendsNoCredentialsWhereTheProxyWantsNone() {
        try (Tunnel tunnel = new Tunnel(PROXY.withCredentials("ana", "s3cret"))) {
            tunnel.sent();
            tunnel.receiveHex("0500", 2);

            assertThat(tunnel.sentHex()).isEqualTo(NAME_REQUEST);
        }
    }

    @Test
    void sendsIpLiteralsAsAddresses() throws Exception {
        InetSocketAddress v4 = InetSocketAddress.createUnresolved("192.0.2.7", 80);
        InetSocketAddress v6 = new InetSocketAddress(InetAddress.getByName("2001:db8::1"), 80);

        assertThat(requestFor(v4)).isEqualTo("05010001" + "c0000207" + "0050");
        assertThat(requestFor(v6)).isEqualTo("05010004" + "20010db8000000000000000000000001" + "0050");
    }

    private static String requestFor(InetSocketAddress target) {
        try (Tunnel tunnel = new Tunnel(PROXY, target)) {
            tunnel.sent();
            tunnel.receiveHex("0500", 2);
            return tunnel.sentHex();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "05000001" + "7f000001" + "1f90",
                "05000003" + "0161" + "1f90",
                "05000003" + "00" + "1f90",
                "05000004" + "00000000000000000000000000000001" + "1f90"
            })
    void takesOffEveryKindOfBoundAddress(String reply) {
        try (Tunnel tunnel = new Tunnel(PROXY)) {
            tunnel.receiveHex("0500", 1);
            tunnel.receiveHex(reply + hex("S"), 1);

            assertThat(tunnel.events).containsExactly("active", "S");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "01, general failure (reply 1)",
        "02, not allowed by its rules (reply 2)",
        "03, network unreachable (reply 3)",
        "04, host unreachable (reply 4)",
        "05, connection refused (reply 5)",
        "06, time to live expired (reply 6)",
        "07, command not supported (reply 7)",
        "08, address type not supported (reply 8)",
        "5b, unknown failure (reply 91)"
    })
    void aRefusalIsExplainedFromItsSecondByte(String reply, String reason) {
        try (Tunnel tunnel = new Tunnel(PROXY)) {
            tunnel.receiveHex("0500" + "05" + reply, 1);

            tunnel.assertFailedWith("proxy 10.0.0.1:1080 refused SOCKS5 CONNECT greeter.internal:443: " + reason);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"05ff", "0502", "0501"})
    void aProxyThatWantsAnotherAuthenticationIsNamed(String method) {
        try (Tunnel tunnel = new Tunnel(PROXY)) {
            tunnel.receiveHex(method, 1);

            tunnel.assertFailedWith("proxy 10.0.0.1:1080 refused SOCKS5 CONNECT greeter.internal:443: it wants another "
                    + "authentication (offered: no authentication)");
        }
    }

    @Test
    void p17WrongCredentialsAreNotQuoted() {
        try (Tunnel tunnel = new Tunnel(PROXY.withCredentials("ana", "s3cret"))) {
            tunnel.receiveHex("0502" + "0101", 1);

            tunnel.assertFailedWith("proxy 10.0.0.1:1080 refused SOCKS5 CONNECT greeter.internal:443: user or password "
                    + "is wrong (status 1)");
        }
    }

    @ParameterizedTest
    @CsvSource({"48545450, 72, 5", "045a, 4, 5", "05000100, 1, 5"})
    void whatIsNotSocks5IsRefusedFromItsFirstByte(String answer, int shown, int expected) {
        try (Tunnel tunnel = new Tunnel(PROXY)) {
            tunnel.receiveHex(answer, 1);

            tunnel.assertFailedWith("proxy 10.0.0.1:1080 does not speak SOCKS5: its answer starts with " + shown
                    + " (expected: " + expected + ')');
        }
    }

    @Test
    void aReplyWithAnUnknownAddressTypeIsRefused() {
        try (Tunnel tunnel = new Tunnel(PROXY)) {
            tunnel.receiveHex("0500" + "0500000200", 1);

            tunnel.assertFailedWith("proxy 10.0.0.1:1080 does not speak SOCKS5: its reply has an address of type 2 "
                    + "(expected: 1, 3 or 4)");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "05", "0500", "050005000001"})
    void aProxyThatClosesOnTheWayIsNamed(String begun) {
        try (Tunnel tunnel = new Tunnel(PROXY)) {
            tunnel.receiveHex(begun, 1);
            tunnel.closedByProxy();

            tunnel.assertFailedWith(
                    "proxy 10.0.0.1:1080 closed the connection before it opened a tunnel to greeter.internal:443");
        }
    }

    private static String hex(String text) {
        return ByteBufUtil.hexDump(text.getBytes(StandardCharsets.UTF_8));
    }
}
