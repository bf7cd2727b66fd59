package io.peregrine.transport.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CRLReason;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.CertificateRevokedException;
import java.util.Date;
import java.util.Map;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.security.auth.x500.X500Principal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The sentence for each kind of failure; TlsHandshakeIT shows that real handshakes fail with these kinds. */
final class TlsFailuresTest {
    private static final String PREFIX = "TLS handshake with greeter.test failed: ";

    static Stream<Arguments> failures() {
        return Stream.of(
                Arguments.of(new AlpnException(null), "TLS peer did not negotiate ALPN h2 (got: none)"),
                Arguments.of(new AlpnException("http/1.1"), "TLS peer did not negotiate ALPN h2 (got: http/1.1)"),
                Arguments.of(
                        new SslHandshakeTimeoutException("handshake timed out after 10ms"),
                        "the server did not answer in time (handshake timed out after 10ms)"),
                Arguments.of(
                        new NotSslRecordException("not an SSL/TLS record: 48540a"),
                        "the server answered in plaintext, it is not a TLS server (it began with: HT., hex 48540a)"),
                Arguments.of(
                        wrapped(new CertificateExpiredException("NotAfter: yesterday")),
                        "the server's certificate, or one above it, has expired (NotAfter: yesterday)"),
                Arguments.of(
                        wrapped(new CertificateNotYetValidException("NotBefore: tomorrow")),
                        "the server's certificate, or one above it, is not yet valid (NotBefore: tomorrow)"),
                Arguments.of(
                        wrapped(new CertPathValidatorException("stale", null, null, -1, BasicReason.EXPIRED)),
                        "the server's certificate, or one above it, has expired (stale)"),
                Arguments.of(
                        wrapped(new CertPathBuilderException("unable to find valid certification path")),
                        "the server's certificate is self-signed or from an unknown issuer, no trusted authority"
                                + " vouches for it"),
                Arguments.of(
                        wrapped(new CertPathValidatorException("bad", null, null, -1, BasicReason.INVALID_SIGNATURE)),
                        "a signature in the server's certificate chain does not verify, it is from another authority"
                                + " than the trusted one of the same name"),
                Arguments.of(
                        wrapped(new CertificateException("No name matching greeter.test found")),
                        "the server's certificate is not valid for the host name greeter.test (No name matching"
                                + " greeter.test found)"),
                Arguments.of(
                        wrapped(new CertificateException("No subject alternative DNS name matching greeter.test found"
                                + " for SNIHostName=x in the chain of 1 certificate(s): 1."
                                + " subjectAlternativeNames=[DNS=other.test]")),
                        "the server's certificate is not valid for the host name greeter.test (it is valid for:"
                                + " DNS=other.test)"),
                Arguments.of(
                        wrapped(new CertificateException("Extended key usage does not permit use")),
                        "the server's certificate was refused (Extended key usage does not permit use)"),
                Arguments.of(new ClosedChannelException(), "the connection was closed during the handshake"),
                Arguments.of(
                        new IOException("Connection reset by peer"),
                        "the connection broke during the handshake (Connection reset by peer)"),
                Arguments.of(new SSLException("No appropriate protocol"), "No appropriate protocol"),
                Arguments.of(new IllegalStateException(), "IllegalStateException"));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void saysWhichCheckFailed(Throwable failure, String reason) {
        assertThat(TlsFailures.describe(failure, "greeter.test")).isEqualTo(PREFIX + reason);
    }

    @Test
    @SuppressWarnings("JavaUtilDate") // the only constructor of the JDK's exception
    void saysThatACertificateWasRevoked() {
        CertificateRevokedException revoked = new CertificateRevokedException(
                new Date(0), CRLReason.KEY_COMPROMISE, new X500Principal("CN=issuer"), Map.of());

        assertThat(TlsFailures.describe(wrapped(revoked), "greeter.test"))
                .startsWith(PREFIX + "the server's certificate, or one above it, has been revoked (");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Received fatal alert: bad_certificate | bad_certificate (it does not accept our certificate, or we gave"
                        + " none)",
                "(certificate_required) Received fatal alert: certificate_required"
                        + " | certificate_required (it wants a client certificate)",
                "Received fatal alert: no_application_protocol | no_application_protocol (it does not speak h2)",
                "Received fatal alert: internal_error | internal_error",
                "error:10000410:SSL routines:OPENSSL_internal:SSLV3_ALERT_HANDSHAKE_FAILURE"
                        + " | handshake_failure (no cipher suite in common, or it wants a client certificate)",
                "error:1000042e:SSL routines:OPENSSL_internal:TLSV1_ALERT_PROTOCOL_VERSION"
                        + " | protocol_version (it speaks none of the TLS versions that we offer)",
                "error:10000458:SSL routines:OPENSSL_internal:TLSV1_UNRECOGNIZED_NAME"
                        + " | unrecognized_name (it does not know the server name that we sent)",
            })
    void namesTheAlertOfBothImplementationsAndWhatItMeans(String message, String alert) {
        assertThat(TlsFailures.describe(new SSLException(message), "greeter.test"))
                .isEqualTo(PREFIX + "the server sent alert " + alert);
    }

    @Test
    void looksAmongSuppressedFailures() {
        SSLHandshakeException top = new SSLHandshakeException("General OpenSslEngine problem");
        top.addSuppressed(new CertificateExpiredException("NotAfter: yesterday"));

        assertThat(TlsFailures.describe(top, "greeter.test")).contains("has expired");
    }

    @Test
    void endsOnACircleOfCauses() {
        Exception inner = new Exception("inner");
        Exception outer = new Exception("outer", inner);
        inner.initCause(outer);

        assertThat(TlsFailures.describe(outer, "greeter.test")).isEqualTo(PREFIX + "inner");
    }

    private static Throwable wrapped(Exception cause) {
        SSLHandshakeException top = new SSLHandshakeException("General OpenSslEngine problem");
        top.initCause(new CertificateException("PKIX path validation failed", cause));
        return top;
    }
}
