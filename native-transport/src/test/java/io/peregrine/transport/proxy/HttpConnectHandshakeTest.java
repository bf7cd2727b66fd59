package io.peregrine.transport.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** PX-4: CONNECT, and everything a proxy may answer. */
class HttpConnectHandshakeTest {
    private static final ProxyServer PROXY = ProxyServer.httpConnect("10.0.0.1", 3128);
    private static final String OK = "HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n";

    @Test
    void asksForTheNameAndLetsNothingBehindItBegin() {
        try (Tunnel tunnel = new Tunnel(PROXY)) {
            assertThat(tunnel.sent())
                    .isEqualTo(String.join(
                            "\r\n",
                            "CONNECT greeter.internal:443 HTTP/1.1",
                            "Host: greeter.internal:443",
                            "User-Agent: peregrine",
                            "",
                            ""));
            assertThat(tunnel.events).isEmpty();
        }
    }

    @Test
    void putsBracketsAroundIpv6AndDropsItsZone() throws Exception {
        byte[] linkLocal = InetAddress.getByName("fe80::1").getAddress();
        InetSocketAddress target = new InetSocketAddress(Inet6Address.getByAddress(null, linkLocal, 1), 443);
        try (Tunnel tunnel = new Tunnel(PROXY, target)) {
            assertThat(tunnel.sent()).startsWith("CONNECT [fe80:0:0:0:0:0:0:1]:443 HTTP/1.1\r\n");
        }
    }

    @Test
    void sendsCredentialsAsUtf8() {
        try (Tunnel tunnel = new Tunnel(PROXY.withCredentials("ana", "pässword:1"))) {
            String expected = Base64.getEncoder().encodeToString("ana:pässword:1".getBytes(StandardCharsets.UTF_8));
            assertThat(tunnel.sent()).contains("\r\nProxy-Authorization: Basic " + expected + "\r\n\r\n");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, Integer.MAX_VALUE})
    void opensOn200AndHandsOnWhatCameBehindIt(int pieceBytes) {
        try (Tunnel tunnel = new Tunnel(PROXY)) {
            tunnel.receive(OK + "SETTINGS", pieceBytes);

            assertThat(tunnel.events).first().isEqualTo("active");
            assertThat(String.join("", tunnel.events)).isEqualTo("activeSETTINGS");
            assertThat(tunnel.channel.pipeline().get(ProxyHandshake.class)).isNull();
            assertThat(tunnel.failures).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.0 200 Connection established\r\n\r\n",
                "HTTP/1.1 200\r\n\r\n",
                "HTTP/1.1 200 \r\n\r\n",
                "HTTP/1.1 200 OK\n\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n"
            })
    void opensOnEveryKindOf200WithoutABody(String head) {
        try (Tunnel tunnel = new Tunnel(PROXY)) {
            tunnel.receive(head + "SETTINGS");

            assertThat(tunnel.events).containsExactly("active", "SETTINGS");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "407 Proxy Authentication Required, 407 Proxy Authentication Required",
        "502 Bad Gateway, 502 Bad Gateway",
        "201 Created, 201 Created",
        "100 Continue, 100 Continue",
        "302, 302"
    })
    void anyOtherStatusIsARefusal(String status, String quoted) {
        try (Tunnel tunnel = new Tunnel(PROXY)) {
            tunnel.receive("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n", 1);

            tunnel.assertFailedWith("proxy 10.0.0.1:3128 refused CONNECT greeter.internal:443: " + quoted);
        }
    }

    @Test
    void quotesTheBodyOfARefusalWithinBounds() {
        try (Tunnel tunnel = new Tunnel(PROXY)) {
            tunnel.receive("HTTP/1.1 502 Bad Gateway\r\n\r\n<html>\r\n  <h1>No\0 route</h1>" + "x".repeat(100_000));

            assertThat(tunnel.failures)
                    .singleElement()
                    .satisfies(failure -> assertThat(failure.getMessage())
                            .startsWith("proxy 10.0.0.1:3128 refused CONNECT greeter.internal:443: 502 Bad Gateway; it"
                                    + " said \"No route xxx")
                            .endsWith("x...\"")
                            .hasSizeLessThan(320));
        }
    }

    @Test
    void p17HidesCredentialsThatTheProxySendsBack() {
        try (Tunnel tunnel = new Tunnel(PROXY.withCredentials("ana", "s3cret"))) {
            String basic = Base64.getEncoder().encodeToString("ana:s3cret".getBytes(StandardCharsets.UTF_8));
            tunnel.receive("HTTP/1.1 407 No s3cret\r\n\r\nYou sent Basic " + basic);

            tunnel.assertFailedWith("proxy 10.0.0.1:3128 refused CONNECT greeter.internal:443: 407 No ***; it said "
                    + "\"You sent Basic ***\"");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"SSH-2.0-OpenSSH_9.2\r\n", "\u0016\u0003\u0001", "HTTQ", "\r\n\r\n"})
    void whatIsNotHttpIsRefusedFromItsFirstBytes(String garbage) {
        try (Tunnel tunnel = new Tunnel(PROXY)) {
            tunnel.receive(garbage);

            assertThat(tunnel.failures)
                    .singleElement()
                    .satisfies(failure -> assertThat(failure.getMessage())
                            .startsWith("proxy 10.0.0.1:3128 does not speak HTTP/1.1: its answer starts with \""));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"HTTP/1.1 200OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.x 200 OK\r\n\r\n"})
    void aMalformedStatusLineIsQuoted(String head) {
        try (Tunnel tunnel = new Tunnel(PROXY)) {
            tunnel.receive(head);

            tunnel.assertFailedWith("proxy 10.0.0.1:3128 answered CONNECT greeter.internal:443 with \""
                    + head.strip().replaceAll(" +", " ") + "\" (expected: HTTP/1.1 200)");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1000, Integer.MAX_VALUE})
    void anEndlessHeadIsCutOff(int pieceBytes) {
        try (Tunnel tunnel = new Tunnel(PROXY)) {
            tunnel.receive("HTTP/1.1 200 OK\r\nX: " + "y".repeat(20_000), pieceBytes);

            tunnel.assertFailedWith(
                    "proxy 10.0.0.1:3128 answered CONNECT greeter.internal:443 with a head of more than "
                            + "16384 bytes");
        }
    }

    @Test
    void manyBytesBehindAShortHeadDoNotCount() {
        try (Tunnel tunnel = new Tunnel(PROXY)) {
            tunnel.receive(OK + "z".repeat(100_000));

            assertThat(tunnel.events).containsExactly("active", "z".repeat(100_000));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "HTTP/1.1 200 OK\r\n"})
    void aProxyThatClosesBeforeItsAnswerIsNamed(String begun) {
        try (Tunnel tunnel = new Tunnel(PROXY)) {
            tunnel.receive(begun);
            tunnel.closedByProxy();

            tunnel.assertFailedWith(
                    "proxy 10.0.0.1:3128 closed the connection before it opened a tunnel to greeter.internal:443");
            assertThat(tunnel.events).containsExactly("inactive");
        }
    }

    @Test
    void aLostConnectionNamesTheProxyAndKeepsTheCause() {
        try (Tunnel tunnel = new Tunnel(PROXY)) {
            IOException reset = new IOException("Connection reset by peer");
            tunnel.channel.pipeline().fireExceptionCaught(reset);

            tunnel.assertFailedWith("connection to proxy 10.0.0.1:3128 lost on the way to greeter.internal:443: "
                    + "Connection reset by peer");
            assertThat(tunnel.failures.get(0)).hasCause(reset);
        }
    }

    @Test
    void nothingIsReadAfterAFailure() {
        try (Tunnel tunnel = new Tunnel(PROXY)) {
            tunnel.receive("HTTP/1.1 407 No\r\n\r\n");
            tunnel.receive(OK);
            tunnel.closedByProxy();

            tunnel.assertFailedWith("proxy 10.0.0.1:3128 refused CONNECT greeter.internal:443: 407 No");
        }
    }
}
