package io.peregrine.transport.tls;

import static io.peregrine.transport.tls.TestPki.HOST;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.OpenSslSessionTicketKey;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import java.io.ByteArrayOutputStream;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Handshakes of both implementations with Netty's TLS server on loopback (SPEC CR-6). */
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

    /** What a server of TLS 1.2 without a cache has: gRPC's in Go and Envoy's are of this kind. */
    @ParameterizedTest
    @CsvSource({"BORINGSSL, TLSv1.3", "BORINGSSL, TLSv1.2", "JDK, TLSv1.3", "JDK, TLSv1.2"})
    void resumesByTicket(TlsProvider provider, String protocol) throws Throwable {
        AtomicInteger checks = new AtomicInteger();
        ClientTls tls = ClientTls.builder()
                .provider(provider)
                .trustManager(pki.plainTrustManager(checks::incrementAndGet))
                .build();
        SslContext context = SslContextBuilder.forServer(serverCertificate.toKeyManagerFactory())
                .sslProvider(SslProvider.OPENSSL)
                .protocols(protocol)
                .applicationProtocolConfig(TlsServers.alpn(SelectorFailureBehavior.NO_ADVERTISE, "h2"))
                .build();
        OpenSslSessionContext sessions = (OpenSslSessionContext) context.sessionContext();
        sessions.setSessionCacheEnabled(false);
        sessions.setTicketKeys(new OpenSslSessionTicketKey(new byte[16], new byte[16], new byte[16]));
        try (LoopbackPeer server = LoopbackPeer.tls(context)) {
            client.connect(tls, HOST, server.port());
            client.connect(tls, HOST, server.port());

            assertThat(checks).hasValue(1);
        }
    }

    @ParameterizedTest
    @CsvSource({"BORINGSSL, TLSv1.3", "BORINGSSL, TLSv1.2", "JDK, TLSv1.3", "JDK, TLSv1.2"})
    void resumesNothingWhenTold(TlsProvider provider, String protocol) throws Throwable {
        AtomicInteger checks = new AtomicInteger();
        ClientTls tls = ClientTls.builder()
                .provider(provider)
                .trustManager(pki.plainTrustManager(checks::incrementAndGet))
                .sessionResumption(false)
                .build();
        try (LoopbackPeer server = serve(TlsServers.h2(serverCertificate).protocols(protocol))) {
            client.connect(tls, HOST, server.port());
            client.connect(tls, HOST, server.port());

            assertThat(checks).hasValue(2);
        }
    }

    @ParameterizedTest
    @CsvSource({"BORINGSSL, TLSv1.3", "BORINGSSL, TLSv1.2", "JDK, TLSv1.3", "JDK, TLSv1.2"})
    void forgetsSessionsWhenItReloads(TlsProvider provider, String protocol) throws Throwable {
        AtomicInteger checks = new AtomicInteger();
        ClientTls tls = ClientTls.builder()
                .provider(provider)
                .trustManager(pki.plainTrustManager(checks::incrementAndGet))
                .build();
        try (LoopbackPeer server = serve(TlsServers.h2(serverCertificate).protocols(protocol))) {
            client.connect(tls, HOST, server.port());
            tls.reload();
            client.connect(tls, HOST, server.port());

            assertThat(checks).hasValue(2);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "BORINGSSL, TLS_1_2, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "JDK, TLS_1_2, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "JDK, TLS_1_3, TLS_AES_256_GCM_SHA384"
    })
    void speaksTheVersionAndTheSuiteChosen(TlsProvider provider, TlsVersion version, String suite) throws Throwable {
        ClientTls tls =
                trusting(provider).versions(version).ciphers(List.of(suite)).build();
        try (LoopbackPeer server = serve(TlsServers.h2(serverCertificate))) {
            TlsClient.Session session = client.connect(tls, HOST, server.port());

            assertThat(session.protocol()).isEqualTo(version.protocol());
            assertThat(session.cipherSuite()).isEqualTo(suite);
        }
    }

    /** Netty loses BoringSSL's reason once the alert is out; what remains is that the connection ends. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "JDK | TLS connection with greeter.test ended: the server asked for renegotiation, which HTTP/2 forbids"
                        + " (RFC 9113 section 9.2.1)",
                "BORINGSSL | TLS handshake with greeter.test failed: the connection was closed during the handshake",
            })
    void refusesRenegotiation(TlsProvider provider, String sentence) throws Throwable {
        SslContext context =
                TlsServers.h2(serverCertificate).protocols("TLSv1.2").build();
        try (LoopbackPeer server = LoopbackPeer.renegotiating(context)) {
            assertThat(client.describeFailure(trusting(provider).build(), HOST, server.port()))
                    .isEqualTo(sentence);
        }
    }

    @ParameterizedTest
    @Implementations
    void presentsWhatAKeyManagerChooses(TlsProvider provider) throws Throwable {
        ClientTls tls = trusting(provider)
                .keyManager(TestPki.keyManager(pki.issueClient()))
                .build();
        try (LoopbackPeer server = serve(mutual())) {
            assertThat(client.connect(tls, HOST, server.port()).applicationProtocol())
                    .isEqualTo("h2");
        }
    }

    /** Which kinds of key each implementation proves its identity with. */
    @ParameterizedTest
    @CsvSource({"BORINGSSL, ecp384", "BORINGSSL, rsa2048", "JDK, ecp384", "JDK, rsa2048", "JDK, ed25519"})
    void signsWithEachKindOfKey(TlsProvider provider, Algorithm algorithm) throws Throwable {
        X509Bundle identity = pki.issue(new CertificateBuilder()
                .algorithm(algorithm)
                .subject("CN=client")
                .addExtendedKeyUsageClientAuth());
        ClientTls tls = trusting(provider)
                .identity(TestPki.chainPem(identity), TestPki.keyPem(identity))
                .build();
        try (LoopbackPeer server = serve(mutual())) {
            assertThat(client.connect(tls, HOST, server.port()).applicationProtocol())
                    .isEqualTo("h2");
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
