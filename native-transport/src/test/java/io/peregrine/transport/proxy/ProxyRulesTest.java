package io.peregrine.transport.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** PX-1 and PX-6: which targets go through the proxy. */
class ProxyRulesTest {
    private static final ProxyServer PROXY = ProxyServer.httpConnect("proxy.corp", 3128);

    /** The table that Go's httpproxy documents, and its corners. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                // entry | host | port | reached directly
                "* | greeter.internal | 443 | true",
                "example.com | example.com | 443 | true",
                "example.com | EXAMPLE.com. | 443 | true",
                "Example.COM. | example.com | 443 | true",
                "example.com | a.b.example.com | 443 | true",
                "example.com | notexample.com | 443 | false",
                "example.com | example.com.evil | 443 | false",
                ".example.com | example.com | 443 | false",
                ".example.com | a.example.com | 443 | true",
                "*.example.com | a.example.com | 443 | true",
                "*.example.com | example.com | 443 | false",
                "example.com:443 | example.com | 443 | true",
                "example.com:443 | a.example.com | 443 | true",
                "example.com:443 | example.com | 8443 | false",
                "com | example.com | 443 | true",
                "10.0.0.7 | 10.0.0.7 | 443 | true",
                "10.0.0.7 | 10.0.0.70 | 443 | false",
                "10.0.0.7 | ::ffff:10.0.0.7 | 443 | true",
                "10.0.0.7:443 | 10.0.0.7 | 443 | true",
                "10.0.0.7:443 | 10.0.0.7 | 80 | false",
                "10.0.0.0/8 | 10.255.0.1 | 443 | true",
                "10.0.0.0/8 | 11.0.0.1 | 443 | false",
                "10.0.0.128/25 | 10.0.0.129 | 443 | true",
                "10.0.0.128/25 | 10.0.0.127 | 443 | false",
                "10.0.0.7/32 | 10.0.0.7 | 443 | true",
                "0.0.0.0/0 | 203.0.113.9 | 443 | true",
                "0.0.0.0/0 | 2001:db8::1 | 443 | false",
                "10.0.0.0/8 | ten.internal | 443 | false",
                "2001:db8::1 | 2001:DB8:0::1 | 443 | true",
                "[2001:db8::1] | 2001:db8::1 | 443 | true",
                "[2001:db8::1]:443 | [2001:db8::1] | 443 | true",
                "[2001:db8::1]:443 | 2001:db8::1 | 80 | false",
                "2001:db8::/32 | 2001:db8:1::5 | 443 | true",
                "2001:db8::/33 | 2001:db8:8000::5 | 443 | false",
                "a.test,b.test | b.test | 443 | true",
                "' a.test , ,b.test ' | b.test | 443 | true",
                "a.test b.test | b.test | 443 | true",
                "'' | b.test | 443 | false",
            })
    void exceptionsAreThoseOfNoProxy(String noProxy, String host, int port, boolean direct) {
        ProxyRules rules = ProxyRules.except(PROXY, noProxy);

        assertThat(rules.proxyFor(host, port)).isEqualTo(direct ? null : PROXY);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "10.0.0.0/33",
                "10.0.0.0/x",
                "10.0.0.0/",
                "/8",
                "ten/8",
                "10.*",
                "a.*.com",
                "host:0",
                "host:99999",
                "host:",
                "[::1",
                ".",
                "*.",
                "*:443",
                "..a"
            })
    void anEntryThatCannotBeUnderstoodIsRefusedInCode(String entry) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ProxyRules.except(PROXY, "a.test," + entry))
                .withMessageStartingWith("no-proxy entry: \"" + entry + "\" (expected: ");
    }

    @ParameterizedTest
    @CsvSource({
        "localhost, true",
        "LOCALHOST., true",
        "127.0.0.1, true",
        "127.8.8.8, true",
        "::1, true",
        "[::1], true",
        "::ffff:127.0.0.1, true",
        "localhost.example.com, false",
        "128.0.0.1, false"
    })
    void loopbackIsExemptFromTheEnvironmentsProxyAndFromNoOther(String host, boolean exempt) {
        ProxyRules environment = ProxyRules.fromEnvironment(Map.of("HTTPS_PROXY", "proxy.corp:3128"));

        assertThat(environment.proxyFor(host, 443)).isEqualTo(exempt ? null : PROXY);
        assertThat(ProxyRules.always(PROXY).proxyFor(host, 443)).isEqualTo(PROXY);
    }

    @Test
    void theEnvironmentIsReadInOrder() {
        assertThat(proxyOf(Map.of())).isNull();
        assertThat(proxyOf(Map.of("HTTPS_PROXY", " ", "https_proxy", ""))).isNull();
        assertThat(proxyOf(Map.of("HTTP_PROXY", "h:1", "http_proxy", "h:1"))).isNull();
        assertThat(proxyOf(Map.of("HTTPS_PROXY", "a:1", "https_proxy", "b:2", "ALL_PROXY", "c:3")))
                .isEqualTo("http://a:1");
        assertThat(proxyOf(Map.of("https_proxy", "b:2", "ALL_PROXY", "c:3"))).isEqualTo("http://b:2");
        assertThat(proxyOf(Map.of("ALL_PROXY", "socks5h://c", "all_proxy", "d:4")))
                .isEqualTo("socks5://c:1080");
        assertThat(proxyOf(Map.of("all_proxy", "d:4"))).isEqualTo("http://d:4");
    }

    @Test
    void px6WhatTheEnvironmentBecomesLaterIsNotSeen() {
        Map<String, String> environment = new HashMap<>(Map.of("HTTPS_PROXY", "a:1", "NO_PROXY", "greeter.test"));
        ProxyRules rules = ProxyRules.fromEnvironment(environment);

        environment.put("HTTPS_PROXY", "b:2");
        environment.put("NO_PROXY", "greeter.internal");

        assertThat(rules.proxyFor("greeter.internal", 443)).hasToString("http://a:1");
        assertThat(rules.proxyFor("greeter.test", 443)).isNull();
    }

    private static @Nullable String proxyOf(Map<String, String> environment) {
        ProxyServer proxy = ProxyRules.fromEnvironment(environment).proxyFor("greeter.internal", 443);
        return proxy == null ? null : proxy.toString();
    }

    @Test
    void theEnvironmentsExceptionsHoldAndThoseNotUnderstoodAreLeftOut() {
        ProxyRules upper = ProxyRules.fromEnvironment(
                Map.of("HTTPS_PROXY", "p:1", "NO_PROXY", "10.0.*,.internal", "no_proxy", "greeter.test"));
        ProxyRules lower = ProxyRules.fromEnvironment(Map.of("HTTPS_PROXY", "p:1", "no_proxy", "greeter.test"));

        assertThat(upper.proxyFor("greeter.internal", 443)).isNull();
        assertThat(upper.proxyFor("greeter.test", 443)).isNotNull();
        assertThat(upper.proxyFor("10.0.0.1", 443)).isNotNull();
        assertThat(lower.proxyFor("greeter.test", 443)).isNull();
    }

    @Test
    void aMalformedVariableIsNamedWithoutItsPassword() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ProxyRules.fromEnvironment(Map.of("https_proxy", "http://ana:s3cret@proxy.corp:x")))
                .withMessage("https_proxy: the port behind \"proxy.corp\" is no port (expected: 1..65535)");
    }

    @Test
    void noRulesKnowNoProxy() {
        assertThat(ProxyRules.none().isEmpty()).isTrue();
        assertThat(ProxyRules.none().proxyFor("greeter.internal", 443)).isNull();
        assertThat(ProxyRules.always(PROXY).isEmpty()).isFalse();
    }

    @Test
    void p17ShowsNoCredentials() {
        ProxyRules rules = ProxyRules.except(PROXY.withCredentials("ana", "s3cret"), ".internal");

        assertThat(rules).hasToString("http://proxy.corp:3128 except .internal");
        assertThat(ProxyRules.none()).hasToString("no proxy");
    }
}
