package io.peregrine.transport.tls;

import io.netty.handler.codec.http2.Http2SecurityUtil;
import io.netty.handler.ssl.OpenSsl;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import javax.net.ssl.SSLContext;

/** Which cipher suites a client may offer. */
final class CipherSuites {
    /** What is offered when nobody chose: ephemeral key exchange and AEAD, as RFC 9113 section 9.2.2 wants it. */
    static final List<String> DEFAULTS = List.copyOf(Http2SecurityUtil.CIPHERS);

    private static final Set<String> BORINGSSL_TLS_1_3 =
            Set.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256");

    private CipherSuites() {}

    /**
     * Checks a choice of suites.
     *
     * @throws IllegalArgumentException if the implementation does not know one, HTTP/2 forbids one, a version goes
     *     without any, or BoringSSL is asked for a choice that it does not give
     */
    static void check(List<String> suites, Collection<TlsVersion> versions, TlsProvider provider) {
        Set<String> known = known(provider);
        for (String suite : suites) {
            if (!isAllowed(suite)) {
                throw new IllegalArgumentException("ciphers: " + suite
                        + " (expected: none that RFC 9113 appendix A prohibits; ephemeral key exchange and AEAD)");
            }
            if (!known.contains(suite)) {
                throw new IllegalArgumentException(
                        "ciphers: " + suite + " (expected: a suite that " + provider + " knows, by its IANA name)");
            }
        }
        for (TlsVersion version : versions) {
            if (suites.stream().noneMatch(suite -> version(suite) == version)) {
                throw new IllegalArgumentException("ciphers: none is for " + version.protocol()
                        + " (expected: at least one for each of the versions " + versions + ")");
            }
        }
        if (provider == TlsProvider.BORINGSSL
                && versions.contains(TlsVersion.TLS_1_3)
                && !suites.containsAll(BORINGSSL_TLS_1_3)) {
            throw new IllegalArgumentException("ciphers: " + suites + " (expected: all three suites of TLS 1.3,"
                    + " among which BoringSSL gives no choice, or provider JDK, or versions without TLS_1_3)");
        }
    }

    /**
     * The list of RFC 9113 appendix A as its section 9.2.2 explains it: every suite of TLS 1.2 but those with an
     * ephemeral key exchange and an AEAD cipher.
     */
    private static boolean isAllowed(String suite) {
        if (version(suite) == TlsVersion.TLS_1_3) {
            return true;
        }
        boolean ephemeral = suite.startsWith("TLS_ECDHE_") || suite.startsWith("TLS_DHE_");
        boolean aead = suite.contains("_GCM_") || suite.contains("_CCM") || suite.contains("_CHACHA20_POLY1305_");
        return ephemeral && aead;
    }

    /** The suites of TLS 1.3 name no key exchange: {@code TLS_AES_128_GCM_SHA256}. */
    private static TlsVersion version(String suite) {
        boolean withoutKeyExchange = suite.startsWith("TLS_AES_") || suite.startsWith("TLS_CHACHA20_");
        return withoutKeyExchange ? TlsVersion.TLS_1_3 : TlsVersion.TLS_1_2;
    }

    private static Set<String> known(TlsProvider provider) {
        if (provider == TlsProvider.BORINGSSL) {
            return OpenSsl.availableJavaCipherSuites();
        }
        try {
            return Set.of(SSLContext.getDefault().getSupportedSSLParameters().getCipherSuites());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalArgumentException("provider: JDK has no TLS (" + e.getMessage() + ")", e);
        }
    }
}
