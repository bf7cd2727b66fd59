package io.peregrine.transport.tls;

import static io.peregrine.transport.tls.TestPki.HOST;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.ByteArrayOutputStream;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Handshakes of both implementations with Netty's TLS server on loopback. */
final class TlsHandshakeIT {
    private static final String SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";

    private static TestPki pki;
    private static X509Bundle serverCertificate;

    private final TlsClient client = new TlsClient();

    @BeforeAll
    static void issueCertificates() throws Exception {
        pki = new TestPki();
        serverCertificate = pki.issueServer();
    }

    @AfterEach
    void closeClient() {
        client.close();
    }

    @Test
    void autoIsBoringSslHereAndSaysWhy() {
        assertThat(TlsProvider.selection().provider()).isEqualTo(TlsProvider.BORINGSSL);
        assertThat(TlsProvider.selection().reason()).startsWith("BoringSSL: the native library is loaded (");
        assertThat(ClientTls.builder().build().provider()).isEqualTo(TlsProvider.BORINGSSL);
    }

    @ParameterizedTest
    @CsvSource({"BORINGSSL, TLSv1.3", "BORINGSSL, TLSv1.2", "JDK, TLSv1.3", "JDK, TLSv1.2"})
    void agreesOnHttp2(TlsProvider provider, String protocol) throws Throwable {
        try (LoopbackPeer server = serve(TlsServers.h2(serverCertificate).protocols(protocol))) {
            TlsClient.Session session = client.connect(trusting(provider).build(), HOST, server.port());

            assertThat(session.protocol()).isEqualTo(protocol);
            assertThat(session.applicationProtocol()).isEqualTo("h2");
            assertThat(server.serverNames()).containsExactly(HOST);
        }
    }

    @ParameterizedTest
    @Implementations
    void acceptsAnIpLiteralThatTheCertificateNamesAndSendsNoSni(TlsProvider provider) throws Throwable {
        try (LoopbackPeer server = serve(TlsServers.h2(serverCertificate))) {
            client.connect(trusting(provider).build(), "127.0.0.1", server.port());

            assertThat(server.serverNames()).containsExactly("none");
        }
    }

    @ParameterizedTest
    @Implementations
    void sendsSniForASingleLabelAndWithoutATrailingDot(TlsProvider provider) throws Throwable {
        ClientTls tls = trusting(provider).build();
        try (LoopbackPeer server = serve(TlsServers.h2(serverCertificate))) {
            client.connect(tls, "localhost", server.port());
            client.connect(tls, HOST + '.', server.port());

            assertThat(server.serverNames()).containsExactly("localhost", HOST);
        }
    }

    @ParameterizedTest
    @Implementations
    void serverNameTakesThePlaceOfTheHostInSniAndVerification(TlsProvider provider) throws Throwable {
        try (LoopbackPeer server = serve(TlsServers.h2(serverCertificate))) {
            client.connect(trusting(provider).serverName(HOST).build(), "10.0.0.1", server.port());

            assertThat(server.serverNames()).containsExactly(HOST);
            assertThat(client.describeFailure(
                            trusting(provider).serverName("other.test").build(), "127.0.0.1", server.port()))
                    .contains("is not valid for the host name");
        }
    }

    @ParameterizedTest
    @Implementations
    void refusesAnotherHost(TlsProvider provider) throws Throwable {
        assertRefused(
                TlsServers.h2(serverCertificate),
                trusting(provider).build(),
                "other.test",
                "TLS handshake with other.test failed: the server's certificate is not valid for the host name"
                        + " other.test (");
    }

    @ParameterizedTest
    @Implementations
    void refusesAnIpLiteralThatTheCertificateDoesNotName(TlsProvider provider) throws Throwable {
        assertRefused(
                TlsServers.h2(serverCertificate),
                trusting(provider).build(),
                "127.0.0.2",
                "TLS handshake with 127.0.0.2 failed: the server's certificate is not valid for the host name");
    }

    @ParameterizedTest
    @Implementations
    void refusesAWildcardOfAnotherDomainAndAnInnerLabel(TlsProvider provider) throws Throwable {
        X509Bundle wildcard = pki.issue(new CertificateBuilder()
                .ecp256()
                .subject("CN=a.wild.test")
                .addExtensionOctetString(SUBJECT_ALTERNATIVE_NAME, false, onlyDnsName("*.wild.test")));
        ClientTls tls = trusting(provider).build();
        try (LoopbackPeer server = serve(TlsServers.h2(wildcard))) {
            client.connect(tls, "a.wild.test", server.port());
            assertThat(client.describeFailure(tls, "a.b.wild.test", server.port()))
                    .contains("is not valid for the host name a.b.wild.test");
            assertThat(client.describeFailure(tls, "wild.test", server.port()))
                    .contains("is not valid for the host name wild.test");
        }
    }

    @ParameterizedTest
    @Implementations
    void refusesAnExpiredCertificate(TlsProvider provider) throws Throwable {
        Instant now = Instant.now();
        X509Bundle expired = pki.issue(TestPki.serverCertificate()
                .notBefore(now.minus(2, ChronoUnit.DAYS))
                .notAfter(now.minus(1, ChronoUnit.DAYS)));

        assertRefused(
                TlsServers.h2(expired),
                trusting(provider).build(),
                HOST,
                "TLS handshake with greeter.test failed: the server's certificate, or one above it, has expired"
                        + " (NotAfter: ");
    }

    @ParameterizedTest
    @Implementations
    void refusesACertificateThatIsNotYetValid(TlsProvider provider) throws Throwable {
        Instant now = Instant.now();
        X509Bundle early = pki.issue(TestPki.serverCertificate()
                .notBefore(now.plus(1, ChronoUnit.DAYS))
                .notAfter(now.plus(2, ChronoUnit.DAYS)));

        assertRefused(
                TlsServers.h2(early),
                trusting(provider).build(),
                HOST,
                "TLS handshake with greeter.test failed: the server's certificate, or one above it, is not yet valid"
                        + " (NotBefore: ");
    }

    @ParameterizedTest
    @Implementations
    void refusesAnUnknownIssuer(TlsProvider provider) throws Throwable {
        X509Bundle foreign = TestPki.foreign().issueServer();

        assertRefused(TlsServers.h2(foreign), trusting(provider).build(), HOST, "from an unknown issuer");
    }

    @ParameterizedTest
    @Implementations
    void refusesAnotherAuthorityOfTheSameName(TlsProvider provider) throws Throwable {
        assertRefused(
                TlsServers.h2(new TestPki().issueServer()),
                trusting(provider).build(),
                HOST,
                "a signature in the server's certificate chain does not verify");
    }

    @ParameterizedTest
    @Implementations
    void trustsOnlyTheJdksTrustStoreByDefault(TlsProvider provider) throws Throwable {
        ClientTls tls = ClientTls.builder().provider(provider).build();

        assertRefused(TlsServers.h2(serverCertificate), tls, HOST, "from an unknown issuer");
    }

    @ParameterizedTest
    @Implementations
    void refusesASelfSignedCertificate(TlsProvider provider) throws Throwable {
        X509Bundle selfSigned =
                TestPki.serverCertificate().setIsCertificateAuthority(true).buildSelfSigned();

        assertRefused(TlsServers.h2(selfSigned), trusting(provider).build(), HOST, "is self-signed or from");
    }

    @ParameterizedTest
    @Implementations
    void withoutHostNameVerificationTheIssuerIsStillChecked(TlsProvider provider) throws Throwable {
        ClientTls tls = trusting(provider).verifyHostName(false).build();
        try (LoopbackPeer server = serve(TlsServers.h2(serverCertificate))) {
            client.connect(tls, "other.test", server.port());
        }

        assertRefused(TlsServers.h2(TestPki.foreign().issueServer()), tls, HOST, "from an unknown issuer");
    }

    @ParameterizedTest
    @Implementations
    void insecureTrustAllAcceptsAnySelfSignedCertificateForAnyName(TlsProvider provider) throws Throwable {
        X509Bundle selfSigned =
                TestPki.serverCertificate().setIsCertificateAuthority(true).buildSelfSigned();
        ClientTls tls =
                ClientTls.builder().provider(provider).insecureTrustAll().build();
        try (LoopbackPeer server = serve(TlsServers.h2(selfSigned))) {
            assertThat(client.connect(tls, "other.test", server.port()).applicationProtocol())
                    .isEqualTo("h2");
        }
    }

    /** The class of CVE-2026-50010: a plain trust manager is not told the name, so somebody else must check it. */
    @ParameterizedTest
    @Implementations
    void verifiesTheHostNameForAPlainTrustManagerToo(TlsProvider provider) throws Throwable {
        AtomicInteger checks = new AtomicInteger();
        ClientTls tls = ClientTls.builder()
                .provider(provider)
                .trustManager(pki.plainTrustManager(checks::incrementAndGet))
                .build();
        try (LoopbackPeer server = serve(TlsServers.h2(serverCertificate))) {
            client.connect(tls, HOST, server.port());

            assertThat(client.describeFailure(tls, "other.test", server.port()))
                    .contains("is not valid for the host name other.test (");
            assertThat(checks).hasValue(2);
        }
        assertRefused(TlsServers.h2(TestPki.foreign().issueServer()), tls, HOST, "from an unknown issuer");
    }

    @ParameterizedTest
    @Implementations
    void aPlainTrustManagerWithoutHostNameVerificationDecidesAlone(TlsProvider provider) throws Throwable {
        ClientTls tls = ClientTls.builder()
                .provider(provider)
                .trustManager(pki.plainTrustManager(() -> {}))
                .verifyHostName(false)
                .build();
        try (LoopbackPeer server = serve(TlsServers.h2(serverCertificate))) {
            client.connect(tls, "other.test", server.port());
        }
    }

    @ParameterizedTest
    @CsvSource({"BORINGSSL, TLSv1.3", "BORINGSSL, TLSv1.2", "JDK, TLSv1.3", "JDK, TLSv1.2"})
    void resumesASessionInsteadOfCheckingTheCertificateAgain(TlsProvider provider, String protocol) throws Throwable {
        AtomicInteger checks = new AtomicInteger();
        ClientTls tls = ClientTls.builder()
                .provider(provider)
                .trustManager(pki.plainTrustManager(checks::incrementAndGet))
                .build();
        try (LoopbackPeer server = serve(TlsServers.h2(serverCertificate).protocols(protocol))) {
            client.connect(tls, HOST, server.port());
            client.connect(tls, HOST, server.port());

            assertThat(checks).hasValue(1);
        }
    }

    @ParameterizedTest
    @Implementations
    void doesNotResumeTheSessionOfOneHostForAnother(TlsProvider provider) throws Throwable {
        ClientTls tls = trusting(provider).build();
        try (LoopbackPeer server = serve(TlsServers.h2(serverCertificate))) {
            client.connect(tls, HOST, server.port());

            assertThat(client.describeFailure(tls, "other.test", server.port())).contains("is not valid for");
        }
    }

    @ParameterizedTest
    @CsvSource({"BORINGSSL, TLSv1.3", "BORINGSSL, TLSv1.2", "JDK, TLSv1.3", "JDK, TLSv1.2"})
    void presentsItsCertificate(TlsProvider provider, String protocol) throws Throwable {
        X509Bundle identity = pki.issueClient();
        ClientTls tls = trusting(provider)
                .identity(TestPki.chainPem(identity), TestPki.keyPem(identity))
                .build();
        try (LoopbackPeer server = serve(mutual().protocols(protocol))) {
            assertThat(client.connect(tls, HOST, server.port()).protocol()).isEqualTo(protocol);
        }
    }

    @ParameterizedTest
    @CsvSource({"BORINGSSL, TLSv1.3", "BORINGSSL, TLSv1.2", "JDK, TLSv1.3", "JDK, TLSv1.2"})
    void isRefusedWithoutTheCertificateThatTheServerWants(TlsProvider provider, String protocol) throws Throwable {
        assertRefused(mutual().protocols(protocol), trusting(provider).build(), HOST, "failed: the server sent alert ");
    }

    @ParameterizedTest
    @CsvSource({"BORINGSSL, TLSv1.3", "BORINGSSL, TLSv1.2", "JDK, TLSv1.3", "JDK, TLSv1.2"})
    void isRefusedWithACertificateOfAnotherAuthority(TlsProvider provider, String protocol) throws Throwable {
        X509Bundle foreign = TestPki.foreign().issueClient();
        ClientTls tls = trusting(provider)
                .identity(TestPki.chainPem(foreign), TestPki.keyPem(foreign))
                .build();

        assertRefused(mutual().protocols(protocol), tls, HOST, "failed: the server sent alert ");
    }

    @ParameterizedTest
    @Implementations
    void refusesAServerWithoutAlpn(TlsProvider provider) throws Throwable {
        assertRefused(
                TlsServers.withoutAlpn(serverCertificate),
                trusting(provider).build(),
                HOST,
                "TLS handshake with greeter.test failed: TLS peer did not negotiate ALPN h2 (got: none)");
    }

    @ParameterizedTest
    @Implementations
    void isRefusedByAServerThatInsistsOnHttp1(TlsProvider provider) throws Throwable {
        assertRefused(
                TlsServers.withoutAlpn(serverCertificate)
                        .applicationProtocolConfig(TlsServers.alpn(SelectorFailureBehavior.FATAL_ALERT, "http/1.1")),
                trusting(provider).build(),
                HOST,
                "TLS handshake with greeter.test failed: the server sent alert no_application_protocol"
                        + " (it does not speak h2)");
    }

    @ParameterizedTest
    @Implementations
    void refusesAServerThatIgnoresAlpnItCannotMeet(TlsProvider provider) throws Throwable {
        assertRefused(
                TlsServers.withoutAlpn(serverCertificate)
                        .applicationProtocolConfig(TlsServers.alpn(SelectorFailureBehavior.NO_ADVERTISE, "http/1.1")),
                trusting(provider).build(),
                HOST,
                "TLS peer did not negotiate ALPN h2 (got: none)");
    }

    /** RFC 9113 appendix A: a cipher suite without forward secrecy and AEAD is not for HTTP/2. */
    @ParameterizedTest
    @Implementations
    void offersNoCipherSuiteThatHttp2Forbids(TlsProvider provider) throws Throwable {
        assertRefused(
                TlsServers.h2(serverCertificate)
                        .protocols("TLSv1.2")
                        .ciphers(List.of("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256")),
                trusting(provider).build(),
                HOST,
                "the server sent alert handshake_failure (no cipher suite in common");
    }

    @ParameterizedTest
    @Implementations
    void saysThatAPlaintextServerIsNoTlsServer(TlsProvider provider) throws Throwable {
        try (LoopbackPeer server = LoopbackPeer.answering("HTTP/1.1 400 Bad Request\r\n\r\n")) {
            assertThat(client.describeFailure(trusting(provider).build(), HOST, server.port()))
                    .isEqualTo("TLS handshake with greeter.test failed: the server answered in plaintext, it is not a"
                            + " TLS server (it began with: HTTP/1.1 400 Bad, hex 485454502f312e312034303020426164)");
        }
    }

    @ParameterizedTest
    @Implementations
    void saysThatTheConnectionWasClosed(TlsProvider provider) throws Throwable {
        try (LoopbackPeer server = LoopbackPeer.closing()) {
            assertThat(client.describeFailure(trusting(provider).build(), HOST, server.port()))
                    .isEqualTo("TLS handshake with greeter.test failed: the connection was closed during the"
                            + " handshake");
        }
    }

    @ParameterizedTest
    @Implementations
    void saysThatTheServerDidNotAnswerInTime(TlsProvider provider) throws Throwable {
        try (LoopbackPeer server = LoopbackPeer.silent()) {
            client.handshakeTimeoutMs(50);

            assertThat(client.describeFailure(trusting(provider).build(), HOST, server.port()))
                    .isEqualTo("TLS handshake with greeter.test failed: the server did not answer in time (handshake"
                            + " timed out after 50ms)");
        }
    }

    @Retention(RetentionPolicy.RUNTIME)
    @EnumSource(
            value = TlsProvider.class,
            names = {"BORINGSSL", "JDK"})
    @interface Implementations {}

    private void assertRefused(SslContextBuilder server, ClientTls tls, String host, String sentence) throws Throwable {
        try (LoopbackPeer peer = serve(server)) {
            assertThat(client.describeFailure(tls, host, peer.port())).contains(sentence);
        }
    }

    private static LoopbackPeer serve(SslContextBuilder server) throws Exception {
        return LoopbackPeer.tls(server.build());
    }

    private static SslContextBuilder mutual() throws Exception {
        return TlsServers.h2(serverCertificate)
                .clientAuth(ClientAuth.REQUIRE)
                .trustManager(pki.authority().toTrustManagerFactory());
    }

    /** The DER of {@code SEQUENCE { [2] IA5String }}: the certificate builder takes no wildcard as a name. */
    private static byte[] onlyDnsName(String name) {
        byte[] ascii = name.getBytes(StandardCharsets.US_ASCII);
        ByteArrayOutputStream der = new ByteArrayOutputStream();
        der.write(0x30);
        der.write(ascii.length + 2);
        der.write(0x82);
        der.write(ascii.length);
        der.writeBytes(ascii);
        return der.toByteArray();
    }

    private static ClientTls.Builder trusting(TlsProvider provider) {
        return ClientTls.builder().provider(provider).trust(pki.authorityPem());
    }
}
