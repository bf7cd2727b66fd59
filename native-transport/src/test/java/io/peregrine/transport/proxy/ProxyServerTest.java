package io.peregrine.transport.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.peregrine.transport.proxy.ProxyServer.Protocol;
import java.io.ByteArrayOutputStream;
import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How a proxy is written, and that its credentials stay where they are. */
class ProxyServerTest {
    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                // url, protocol, host, port, user, password
                "proxy.corp, HTTP_CONNECT, proxy.corp, 80, -, -",
                "proxy.corp:3128, HTTP_CONNECT, proxy.corp, 3128, -, -",
                "http://proxy.corp:3128, HTTP_CONNECT, proxy.corp, 3128, -, -",
                "HTTP://proxy.corp:3128/, HTTP_CONNECT, proxy.corp, 3128, -, -",
                "' http://proxy.corp:3128/ignored ', HTTP_CONNECT, proxy.corp, 3128, -, -",
                "socks5://10.0.0.1, SOCKS5, 10.0.0.1, 1080, -, -",
                "socks5h://10.0.0.1:9050, SOCKS5, 10.0.0.1, 9050, -, -",
                "http://[2001:db8::1]:3128, HTTP_CONNECT, 2001:db8::1, 3128, -, -",
                "http://[2001:db8::1], HTTP_CONNECT, 2001:db8::1, 80, -, -",
                "http://ana:s3cret@proxy.corp:3128, HTTP_CONNECT, proxy.corp, 3128, ana, s3cret",
                "ana:s3cret@proxy.corp, HTTP_CONNECT, proxy.corp, 80, ana, s3cret",
                "http://ana@proxy.corp, HTTP_CONNECT, proxy.corp, 80, ana, ''",
                "http://ana:@proxy.corp, HTTP_CONNECT, proxy.corp, 80, ana, ''",
                "http://a%40b:p%3Aq%2Fr+%C3%A4@proxy.corp, HTTP_CONNECT, proxy.corp, 80, a@b, p:q/r+ä",
                "http://ana:p@ss/word:x@proxy.corp:1, HTTP_CONNECT, proxy.corp, 1, ana, p@ss/word:x",
                "socks5://ana:s3cret@[::1]:1, SOCKS5, ::1, 1, ana, s3cret",
            })
    void isReadAsEnvironmentsSpellIt(
            String url, Protocol protocol, String host, int port, String user, String password) {
        ProxyServer proxy = ProxyServer.parse(url);

        assertThat(proxy.protocol()).isEqualTo(protocol);
        assertThat(proxy.host()).isEqualTo(host);
        assertThat(proxy.port()).isEqualTo(port);
        assertThat(proxy.user()).isEqualTo(user);
        assertThat(proxy.password()).isEqualTo(password);
        assertThat(proxy.hasCredentials()).isEqualTo(user != null);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "https://ana:s3cret@proxy:1 | proxy: scheme \"https\" (expected: http, socks5 or socks5h)",
                "ftp://proxy:1 | proxy: scheme \"ftp\" (expected: http, socks5 or socks5h)",
                "http://ana:s3cret@proxy:x | proxy: the port behind \"proxy\" is no port (expected: 1..65535)",
                "http://ana:s3cret | proxy: the port behind \"ana\" is no port (expected: 1..65535)",
                "http://proxy:0 | proxy: the port behind \"proxy\" is no port (expected: 1..65535)",
                "http://proxy:65536 | proxy: the port behind \"proxy\" is no port (expected: 1..65535)",
                "http://proxy: | proxy: the port behind \"proxy\" is no port (expected: 1..65535)",
                "http:// | proxy: proxy host: \"\" (expected: a host name or an IP address)",
                "http://ana:s3cret@ | proxy: proxy host: \"\" (expected: a host name or an IP address)",
                "http://pro xy:1 | proxy: proxy host: \"pro xy\" (expected: a host name or an IP address)",
                "http://[::x]:1 | proxy: proxy host: \"[::x]\" (expected: a host name or an IP address)",
                "http://ana:s3cret%zz@proxy | proxy: user or password is not percent-encoded (expected: %25 for %)",
                "http://:s3cret@proxy | proxy: proxy user is malformed (expected: at least one letter, no control "
                        + "character and no colon)",
                "http://ana:s3cret%0D%0AX@proxy | proxy: proxy password is malformed (expected: no control character)",
            })
    void p17WhatIsMalformedIsSaidWithoutThePassword(String url, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ProxyServer.parse(url))
                .withMessage(message)
                .withNoCause();
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 65_536})
    void thePortIsInItsRange(int port) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ProxyServer.httpConnect("proxy", port))
                .withMessage("proxy port: " + port + " (expected: 1..65535)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a\r\nb", "a/b", "u@h", "a:b", "[::1"})
    void theHostIsAHost(String host) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ProxyServer.socks5(host, 1))
                .withMessageStartingWith("proxy host: ");
    }

    @Test
    void socksLimitsItsCredentialsTo255Octets() {
        ProxyServer proxy = ProxyServer.socks5("proxy", 1080);

        assertThat(proxy.withCredentials("u:v", "p".repeat(255)).hasCredentials())
                .isTrue();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> proxy.withCredentials("ä".repeat(128), "p"))
                .withMessageContaining("255 octets");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> proxy.withCredentials("u", "p".repeat(256)))
                .withMessageContaining("255 octets");
    }

    @Test
    void p17CredentialsCountForEqualityAndAreNeverShown() {
        ProxyServer bare = ProxyServer.httpConnect("2001:db8::1", 3128);
        ProxyServer loggedIn = bare.withCredentials("ana", "s3cret");

        assertThat(loggedIn)
                .isNotEqualTo(bare)
                .isEqualTo(bare.withCredentials("ana", "s3cret"))
                .hasSameHashCodeAs(bare.withCredentials("ana", "s3cret"))
                .hasToString("http://[2001:db8::1]:3128");
    }

    @Test
    void p17AProxiedAddressNamesBothEndsAndCannotBeSerialised() {
        ProxyServer proxy = ProxyServer.socks5("proxy.corp", 1080).withCredentials("ana", "s3cret");
        ProxiedAddress address = ProxiedAddress.of(proxy, InetSocketAddress.createUnresolved("greeter.internal", 443))
                .through(new InetSocketAddress("10.0.0.1", 1080));

        assertThat(address).hasToString("greeter.internal:443 via proxy 10.0.0.1:1080");
        assertThatExceptionOfType(NotSerializableException.class)
                .isThrownBy(() -> new ObjectOutputStream(new ByteArrayOutputStream()).writeObject(address));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a b", "a\r\nX-Injected: 1", "ä"})
    void aTargetThatWouldBreakOutOfItsLineIsRefused(String host) {
        ProxyServer proxy = ProxyServer.httpConnect("proxy", 1);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> ProxiedAddress.of(proxy, InetSocketAddress.createUnresolved(host, 443)))
                .withMessageStartingWith("target host: ");
    }
}
