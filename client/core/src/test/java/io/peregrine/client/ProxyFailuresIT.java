package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.peregrine.client.credentials.ChannelCredentials;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.credentials.TlsCredentials;
import io.peregrine.transport.http2.TransportOptions;
import io.peregrine.transport.proxy.ProxyServer;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A proxy that does harm costs its connection: UNAVAILABLE, a message that names both ends, nothing left open. */
class ProxyFailuresIT {
    private static final String TARGET = "greeter.test:443";
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(30));
    private static final TransportOptions IN_TIME = TransportOptions.defaults();
    private static final TransportOptions AT_ONCE =
            TransportOptions.builder().connectTimeout(Duration.ofMillis(300)).build();

    private static Stream<Arguments> harmfulAnswers() {
        return Stream.of(
                answer(
                        "407",
                        "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
                        " refused CONNECT greeter.test:443: 407 Proxy Authentication Required"),
                answer(
                        "502 with a page",
                        "HTTP/1.1 502 Bad Gateway\r\n\r\n<html>no route" + "!".repeat(50_000),
                        " refused CONNECT greeter.test:443: 502 Bad Gateway; it said \"no route!"),
                answer(
                        "a head without an end",
                        "HTTP/1.1 200 OK\r\n" + "X-Filler: y\r\n".repeat(5_000),
                        " with a head of more than 16384 bytes"),
                answer("garbage", "\u0015\u0003\u0001\0\2\2\50", " does not speak HTTP/1.1"));
    }

    private static Arguments answer(String name, String answer, String message) {
        return Arguments.of(Named.of(name, answer), message);
    }

    @ParameterizedTest
    @MethodSource("harmfulAnswers")
    void anHttpProxyThatOpensNoTunnelIsQuoted(String answer, String message) throws Exception {
        try (TestProxy proxy = TestProxy.answering(answer, false)) {
            StatusException failure = invoke(proxy.asHttp(), InsecureCredentials.create(), IN_TIME);

            assertThat(failure).hasMessageContaining(proxy.label() + ' ').hasMessageContaining(message);
            proxy.awaitNoConnections();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aProxyThatNeverAnswersIsGivenUpAfterTheConnectTimeout(boolean tls) throws Exception {
        try (TestProxy proxy = TestProxy.silent()) {
            for (ProxyServer each : new ProxyServer[] {proxy.asHttp(), proxy.asSocks5()}) {
                StatusException failure = invoke(each, credentials(tls), AT_ONCE);

                assertThat(failure)
                        .hasMessageContaining("connecting to greeter.test:443 via " + proxy.label()
                                + " timed out after 300 ms waiting for the proxy");
            }
            proxy.awaitNoConnections();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aTunnelThatClosesAtOnceNamesBothEnds(boolean tls) throws Exception {
        try (TestProxy proxy = TestProxy.answering("HTTP/1.1 200 OK\r\n\r\n", true)) {
            StatusException failure = invoke(proxy.asHttp(), credentials(tls), IN_TIME);

            assertThat(failure).hasMessageContaining("greeter.test:443 via " + proxy.label());
            proxy.awaitNoConnections();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aTunnelToNobodyIsGivenUpAfterTheConnectTimeout(boolean tls) throws Exception {
        try (TestProxy proxy = TestProxy.answering("HTTP/1.1 200 OK\r\n\r\n", false)) {
            StatusException failure = invoke(proxy.asHttp(), credentials(tls), AT_ONCE);

            assertThat(failure)
                    .hasMessageContaining("greeter.test:443 via " + proxy.label())
                    .hasMessageContaining("300 ms");
            proxy.awaitNoConnections();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aProxyThatClosesAtOnceIsNamed(boolean tls) throws Exception {
        try (TestProxy proxy = TestProxy.closing()) {
            for (ProxyServer each : new ProxyServer[] {proxy.asHttp(), proxy.asSocks5()}) {
                StatusException failure = invoke(each, credentials(tls), IN_TIME);

                assertThat(failure).hasMessageContaining(proxy.label()).hasMessageContaining(TARGET);
            }
            proxy.awaitNoConnections();
        }
    }

    @Test
    void p17WrongCredentialsAreRefusedAndNotShown() throws Exception {
        try (TestProxy http = TestProxy.http(true);
                TestProxy socks = TestProxy.socks5(true)) {
            StatusException byHttp =
                    invoke(http.asHttp().withCredentials("eve", "hunter2"), InsecureCredentials.create(), IN_TIME);
            StatusException bySocks =
                    invoke(socks.asSocks5().withCredentials("eve", "hunter2"), InsecureCredentials.create(), IN_TIME);

            assertThat(byHttp).hasMessageContaining("407 Proxy Authentication Required");
            assertThat(bySocks).hasMessageContaining("user or password is wrong");
            assertThat(byHttp).hasStackTraceContaining("407");
            for (StatusException each : new StatusException[] {byHttp, bySocks}) {
                for (Throwable link = each; link != null; link = link.getCause()) {
                    assertThat(link.toString()).doesNotContain("hunter2", "eve", "ZXZlOmh1bnRlcjI=");
                }
            }
        }
    }

    @Test
    void aSocksProxyThatCannotReachTheTargetSaysWhy() throws Exception {
        int nobody = GatedServer.unusedPort();
        try (TestProxy proxy = TestProxy.socks5(false)) {
            StatusException failure =
                    invoke("dns:///greeter.test:" + nobody, proxy.asSocks5(), InsecureCredentials.create(), IN_TIME);

            assertThat(failure)
                    .hasMessageContaining(proxy.label() + " refused SOCKS5 CONNECT greeter.test:" + nobody
                            + ": connection refused (reply 5)");
        }
    }

    @Test
    void aProxyOfTheOtherKindIsNamed() throws Exception {
        try (TestProxy http = TestProxy.answering("HTTP/1.1 400 Bad Request\r\n\r\n", true);
                TestProxy socks = TestProxy.answering("\5\0", false)) {
            assertThat(invoke(http.asSocks5(), InsecureCredentials.create(), IN_TIME))
                    .hasMessageContaining("does not speak SOCKS5: its answer starts with 72 (expected: 5)");
            assertThat(invoke(socks.asHttp(), InsecureCredentials.create(), IN_TIME))
                    .hasMessageContaining("does not speak HTTP/1.1");
        }
    }

    @Test
    void aProxyThatCannotBeReachedIsNamed() throws Exception {
        int nobody = GatedServer.unusedPort();

        assertThat(invoke(ProxyServer.httpConnect("127.0.0.1", nobody), InsecureCredentials.create(), IN_TIME))
                .hasMessageContaining(
                        "cannot reach proxy 127.0.0.1:" + nobody + " on the way to " + TARGET + ": connection refused");
    }

    @Test
    void aProxyWhoseNameDoesNotResolveIsNamed() {
        assertThat(invoke(ProxyServer.httpConnect("nowhere.invalid", 1), InsecureCredentials.create(), IN_TIME))
                .hasMessageContaining("proxy of " + TARGET + ": name resolution of \"nowhere.invalid\" failed");
    }

    @Test
    void tlsVerifiesTheTargetsNameAndNotTheProxys() throws Exception {
        try (TestProxy proxy = TestProxy.http(false);
                InteropServer server = InteropServer.tls()) {
            StatusException failure = invoke(
                    "dns:///greeter.test:" + server.port(),
                    proxy.asHttp(),
                    TlsCredentials.builder().trust(server.certificatePem()).build(),
                    IN_TIME);

            assertThat(failure)
                    .hasMessageContaining("TLS handshake with greeter.test failed")
                    .hasMessageContaining("greeter.test:" + server.port() + " via " + proxy.label());
        }
    }

    private static ChannelCredentials credentials(boolean tls) {
        return tls ? TlsCredentials.create() : InsecureCredentials.create();
    }

    private static StatusException invoke(ProxyServer proxy, ChannelCredentials credentials, TransportOptions options) {
        return invoke("dns:///" + TARGET, proxy, credentials, options);
    }

    private static StatusException invoke(
            String target, ProxyServer proxy, ChannelCredentials credentials, TransportOptions options) {
        try (ClientConn conn = ClientConn.builder(target)
                .credentials(credentials)
                .proxy(proxy)
                .transportOptions(options)
                .build()) {
            StatusException failure = catchThrowableOfType(
                    StatusException.class, () -> conn.invoke(GatedServer.ECHO, new byte[] {1}, OPTIONS));
            assertThat(failure).as("the call fails").isNotNull();
            assertThat(failure.code()).isEqualTo(StatusCode.UNAVAILABLE);
            return failure;
        }
    }
}
