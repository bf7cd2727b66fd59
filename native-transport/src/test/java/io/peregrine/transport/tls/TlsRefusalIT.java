package io.peregrine.transport.tls;

import static io.peregrine.transport.tls.TestPki.HOST;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Which handshakes fail, with both implementations, and the sentence that says which check it was (SPEC CR-6). */
final class TlsRefusalIT {
    /** An identity that the authorities named by the server did not issue is not even sent. */
    private static final String CLIENT_CERTIFICATE =
            "the server sent alert bad_certificate (it does not accept our certificate, or we gave none)";

    private static final String UNKNOWN_ISSUER =
            "the server's certificate is self-signed or from an unknown issuer, no trusted authority vouches for it";

    private static TestPki pki;
    private static X509Bundle certificate;

    private final TlsClient client = new TlsClient();

    @BeforeAll
    static void issueCertificates() throws Exception {
        pki = new TestPki();
        certificate = pki.issueServer();
    }

    @AfterEach
    void closeClient() {
        client.close();
    }

    /** What a server does, how the client differs from one that trusts the authority, and what follows. */
    private record Refusal(
            String title,
            Callable<LoopbackPeer> server,
            UnaryOperator<ClientTls.Builder> change,
            String host,
            String sentence) {
        static Refusal of(String title, Callable<LoopbackPeer> server, String sentence) {
            return new Refusal(title, server, client -> client, HOST, sentence);
        }

        Refusal whenClient(UnaryOperator<ClientTls.Builder> changed) {
            return new Refusal(title, server, changed, host, sentence);
        }

        Refusal forHost(String other) {
            return new Refusal(title, server, change, other, sentence);
        }

        @Override
        public String toString() {
            return title;
        }
    }

    static Stream<Arguments> refusals() throws Exception {
        List<Refusal> all = new ArrayList<>();
        all.addAll(names());
        all.addAll(certificates());
        all.addAll(clientCertificates("TLSv1.3"));
        all.addAll(clientCertificates("TLSv1.2"));
        all.addAll(agreements());
        all.addAll(noTls());
        return all.stream()
                .flatMap(each -> Stream.of(TlsProvider.BORINGSSL, TlsProvider.JDK)
                        .map(provider -> Arguments.of(each, provider)));
    }

    private static List<Refusal> names() {
        Callable<LoopbackPeer> server = () -> serve(TlsServers.h2(certificate));
        return List.of(
                Refusal.of(
                                "another name",
                                server,
                                "the server's certificate is not valid for the host name other.test (")
                        .forHost("other.test"),
                Refusal.of(
                                "another IP address",
                                server,
                                "the server's certificate is not valid for the host name 127.0.0.2")
                        .forHost("127.0.0.2"),
                Refusal.of(
                        "a common name only",
                        issued(new CertificateBuilder().ecp256().subject("CN=" + HOST)),
                        "the server's certificate is not valid for the host name greeter.test ("),
                Refusal.of(
                                "a common name only, plain trust manager",
                                issued(new CertificateBuilder().ecp256().subject("CN=" + HOST)),
                                "the server's certificate is not valid for the host name greeter.test (")
                        .whenClient(client -> ClientTls.builder().trustManager(pki.plainTrustManager(() -> {}))),
                Refusal.of(
                        "a common name and an IP address",
                        issued(new CertificateBuilder()
                                .ecp256()
                                .subject("CN=" + HOST)
                                .addSanIpAddress("127.0.0.1")),
                        "the server's certificate is not valid for the host name greeter.test ("));
    }

    private static List<Refusal> certificates() {
        Instant now = Instant.now();
        return List.of(
                Refusal.of(
                        "expired",
                        issued(TestPki.serverCertificate()
                                .notBefore(now.minus(2, ChronoUnit.DAYS))
                                .notAfter(now.minus(1, ChronoUnit.DAYS))),
                        "the server's certificate, or one above it, has expired (NotAfter: "),
                Refusal.of(
                        "not yet valid",
                        issued(TestPki.serverCertificate()
                                .notBefore(now.plus(1, ChronoUnit.DAYS))
                                .notAfter(now.plus(2, ChronoUnit.DAYS))),
                        "the server's certificate, or one above it, is not yet valid (NotBefore: "),
                Refusal.of(
                        "unknown issuer",
                        () -> serve(TlsServers.h2(TestPki.foreign().issueServer())),
                        UNKNOWN_ISSUER),
                Refusal.of(
                        "another authority of the same name",
                        () -> serve(TlsServers.h2(new TestPki().issueServer())),
                        "a signature in the server's certificate chain does not verify"),
                Refusal.of(
                        "self-signed",
                        () -> serve(TlsServers.h2(TestPki.serverCertificate()
                                .setIsCertificateAuthority(true)
                                .buildSelfSigned())),
                        UNKNOWN_ISSUER),
                Refusal.of("not in the JDK's trust store", () -> serve(TlsServers.h2(certificate)), UNKNOWN_ISSUER)
                        .whenClient(client -> ClientTls.builder()));
    }

    private static List<Refusal> clientCertificates(String protocol) throws Exception {
        Callable<LoopbackPeer> mutual = () -> serve(TlsServers.h2(certificate)
                .clientAuth(ClientAuth.REQUIRE)
                .trustManager(pki.authority().toTrustManagerFactory())
                .protocols(protocol));
        X509Bundle foreign = TestPki.foreign().issueClient();
        return List.of(
                Refusal.of("no client certificate, " + protocol, mutual, CLIENT_CERTIFICATE),
                Refusal.of("client certificate of another authority, " + protocol, mutual, CLIENT_CERTIFICATE)
                        .whenClient(client -> client.identity(TestPki.chainPem(foreign), TestPki.keyPem(foreign))));
    }

    private static List<Refusal> agreements() {
        return List.of(
                Refusal.of(
                        "no ALPN",
                        () -> serve(TlsServers.withoutAlpn(certificate)),
                        "TLS peer did not negotiate ALPN h2 (got: none)"),
                Refusal.of(
                        "ALPN alert",
                        () -> serve(TlsServers.withoutAlpn(certificate)
                                .applicationProtocolConfig(
                                        TlsServers.alpn(SelectorFailureBehavior.FATAL_ALERT, "http/1.1"))),
                        "the server sent alert no_application_protocol (it does not speak h2)"),
                Refusal.of(
                        "ALPN ignored",
                        () -> serve(TlsServers.withoutAlpn(certificate)
                                .applicationProtocolConfig(
                                        TlsServers.alpn(SelectorFailureBehavior.NO_ADVERTISE, "http/1.1"))),
                        "TLS peer did not negotiate ALPN h2 (got: none)"),
                Refusal.of("ALPN http/1.1, which was not offered", TlsRefusalIT::insistingOnHttp1, "ALPN"),
                Refusal.of(
                        "a suite of RFC 9113 appendix A",
                        () -> serve(TlsServers.h2(certificate)
                                .protocols("TLSv1.2")
                                .ciphers(List.of("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"))),
                        "the server sent alert handshake_failure (no cipher suite in common"),
                Refusal.of(
                                "no suite in common",
                                () -> serve(TlsServers.h2(certificate)
                                        .protocols("TLSv1.2")
                                        .ciphers(List.of("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"))),
                                "the server sent alert handshake_failure (no cipher suite in common")
                        .whenClient(client -> client.versions(TlsVersion.TLS_1_2)
                                .ciphers(List.of("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"))),
                Refusal.of(
                                "TLS 1.2 for a client of 1.3",
                                () -> serve(TlsServers.h2(certificate).protocols("TLSv1.2")),
                                "the server sent alert protocol_version (it speaks none of the TLS versions")
                        .whenClient(client -> client.versions(TlsVersion.TLS_1_3)),
                Refusal.of(
                                "TLS 1.3 for a client of 1.2",
                                () -> serve(TlsServers.h2(certificate).protocols("TLSv1.3")),
                                "the server sent alert protocol_version (it speaks none of the TLS versions")
                        .whenClient(client -> client.versions(TlsVersion.TLS_1_2)),
                Refusal.of(
                        "TLS 1.1",
                        () -> LoopbackPeer.answering(serverHelloOfTls11()),
                        "the server chose a TLS version that we do not offer ("));
    }

    private static List<Refusal> noTls() {
        return List.of(
                Refusal.of(
                        "HTTP/1",
                        () -> LoopbackPeer.answering("HTTP/1.1 400 Bad Request\r\n\r\n"),
                        "the server answered in plaintext, it is not a TLS server"),
                Refusal.of(
                        "garbage",
                        () -> LoopbackPeer.answering(new byte[] {1, 2, 3, 4, 5, 6, 7, 8}),
                        "the server answered in plaintext, it is not a TLS server"),
                // The class of CVE-2025-24970: a record that is none made the native engine crash.
                Refusal.of(
                        "garbage in a TLS record",
                        () -> LoopbackPeer.answering(new byte[] {22, 3, 3, 0, 5, 99, 0, 0, 1, 0}),
                        "TLS handshake with greeter.test failed: "),
                Refusal.of(
                        "the end of the connection",
                        LoopbackPeer::closing,
                        "the connection was closed during the handshake"));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("refusals")
    void saysWhichCheckFailed(Refusal refusal, TlsProvider provider) throws Throwable {
        ClientTls tls = refusal.change()
                .apply(ClientTls.builder().trust(pki.authorityPem()))
                .provider(provider)
                .build();
        try (LoopbackPeer server = refusal.server().call()) {
            assertThat(client.describeFailure(tls, refusal.host(), server.port()))
                    .startsWith("TLS handshake with " + refusal.host() + " failed: ")
                    .contains(refusal.sentence())
                    .doesNotContain("OPENSSL_internal");
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = TlsProvider.class,
            names = {"BORINGSSL", "JDK"})
    void saysThatTheServerDidNotAnswerInTime(TlsProvider provider) throws Throwable {
        ClientTls tls = ClientTls.builder().provider(provider).build();
        client.handshakeTimeoutMs(50);
        try (LoopbackPeer server = LoopbackPeer.silent()) {
            assertThat(client.describeFailure(tls, HOST, server.port()))
                    .isEqualTo("TLS handshake with greeter.test failed: the server did not answer in time (handshake"
                            + " timed out after 50ms)");
        }
    }

    private static Callable<LoopbackPeer> issued(CertificateBuilder builder) {
        return () -> serve(TlsServers.h2(pki.issue(builder)));
    }

    private static LoopbackPeer serve(SslContextBuilder server) throws Exception {
        return LoopbackPeer.tls(server.build());
    }

    /** A server that says http/1.1 whatever it is asked for. */
    private static LoopbackPeer insistingOnHttp1() throws Exception {
        return serve(TlsServers.withoutAlpn(certificate)
                .sslProvider(SslProvider.OPENSSL)
                .applicationProtocolConfig(
                        TlsServers.alpn(SelectorFailureBehavior.CHOOSE_MY_LAST_PROTOCOL, "http/1.1")));
    }

    /** RFC 5246 section 7.4.1.3: a ServerHello without session id and extensions, by hand; the JDK speaks 1.1 no more. */
    private static byte[] serverHelloOfTls11() {
        byte[] record = new byte[5 + 4 + 2 + 32 + 1 + 2 + 1];
        byte[] start = {22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2};
        System.arraycopy(start, 0, record, 0, start.length);
        byte[] suite = {(byte) 0xc0, 0x2b};
        System.arraycopy(suite, 0, record, record.length - 3, suite.length);
        return record;
    }
}
