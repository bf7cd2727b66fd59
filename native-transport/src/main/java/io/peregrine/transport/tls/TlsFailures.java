package io.peregrine.transport.tls;

import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.CertificateRevokedException;
import java.security.cert.PKIXReason;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Says which check a TLS connection failed. The implementations report failures by chains of exceptions whose top says
 * little ("General OpenSslEngine problem"); this reads the whole chain, of BoringSSL and of the JDK alike.
 */
public final class TlsFailures {
    /** JDK: {@code Received fatal alert: bad_certificate}. */
    private static final Pattern JDK_ALERT = Pattern.compile("Received fatal alert: ([a-z_]+)");

    /**
     * BoringSSL: {@code error:10000410:SSL routines:OPENSSL_internal:SSLV3_ALERT_HANDSHAKE_FAILURE}. Alerts that came
     * with extensions go without the word ALERT, like {@code TLSV1_UNRECOGNIZED_NAME}.
     */
    private static final Pattern BORINGSSL_ALERT = Pattern.compile(
            ":(?:SSLV3|TLSV1)_(?:ALERT_([A-Z_]+)|(UNRECOGNIZED_NAME|UNSUPPORTED_EXTENSION|UNKNOWN_PSK_IDENTITY|"
                    + "BAD_CERTIFICATE_STATUS_RESPONSE|CERTIFICATE_UNOBTAINABLE|CERTIFICATE_REQUIRED))");

    /** BoringSSL, about what the server sent: {@code error:10000102:SSL routines:OPENSSL_internal:UNSUPPORTED_PROTOCOL}. */
    private static final Pattern BORINGSSL_COMPLAINT =
            Pattern.compile("error:[0-9a-f]+:SSL routines:OPENSSL_internal:([A-Z0-9_]+)");

    /** Netty: {@code not an SSL/TLS record: 485454502f...}; the first 16 bytes are enough. */
    private static final Pattern NOT_TLS = Pattern.compile("not an SSL/TLS record: ((?:[0-9a-f]{2}){1,16})");

    /** Netty appends the names that the certificate does have; they are kept, the count of certificates is not. */
    private static final Pattern NAMES_PRESENTED = Pattern.compile("subjectAlternativeNames=\\[([^]]*)]");

    private TlsFailures() {}

    /**
     * Returns one sentence, without a full stop, that names the host and the check that failed.
     *
     * @param failure what the handshake future failed with, or what came later out of a connection with TLS: a server
     *     of TLS 1.3 refuses a client's certificate only after the client's handshake is complete
     * @param host whom the client meant to talk to
     */
    public static String describe(Throwable failure, String host) {
        List<Throwable> chain = chain(failure);
        if (isRenegotiation(chain)) {
            return "TLS connection with " + host
                    + " ended: the server asked for renegotiation, which HTTP/2 forbids (RFC 9113 section 9.2.1)";
        }
        return "TLS handshake with " + host + " failed: " + reason(chain, host);
    }

    private static boolean isRenegotiation(List<Throwable> chain) {
        return chain.stream()
                .anyMatch(each -> each instanceof RenegotiationException
                        || (each instanceof SSLException && text(each).endsWith(":NO_RENEGOTIATION")));
    }

    private static String reason(List<Throwable> chain, String host) {
        String reason = handshakeReason(chain);
        if (reason == null) {
            reason = certificateReason(chain, host);
        }
        if (reason == null) {
            reason = alertReason(chain);
        }
        if (reason == null) {
            reason = connectionReason(chain);
        }
        return reason == null ? protocolReason(text(chain.get(chain.size() - 1))) : reason;
    }

    private static @Nullable String handshakeReason(List<Throwable> chain) {
        for (Throwable each : chain) {
            if (each instanceof AlpnException) {
                return text(each);
            }
            if (each instanceof SslHandshakeTimeoutException) {
                return "the server did not answer in time (" + text(each) + ")";
            }
            if (each instanceof NotSslRecordException) {
                return "the server answered in plaintext, it is not a TLS server" + firstBytes(text(each));
            }
        }
        return null;
    }

    /** What the server said instead, as text if it is text. */
    private static String firstBytes(String message) {
        Matcher matcher = NOT_TLS.matcher(message);
        if (!matcher.find()) {
            return "";
        }
        byte[] bytes = HexFormat.of().parseHex(matcher.group(1));
        StringBuilder shown = new StringBuilder();
        for (byte each : bytes) {
            shown.append(each >= 0x20 && each < 0x7f ? (char) each : '.');
        }
        return " (it began with: " + shown + ", hex " + matcher.group(1) + ")";
    }

    private static @Nullable String certificateReason(List<Throwable> chain, String host) {
        CertificateException refusal = null;
        for (Throwable each : chain) {
            String reason = certificateReason(each, host);
            if (reason != null) {
                return reason;
            }
            if (each instanceof CertificateException e) {
                refusal = e;
            }
        }
        return refusal == null ? null : "the server's certificate was refused (" + text(refusal) + ")";
    }

    private static @Nullable String certificateReason(Throwable each, String host) {
        if (each instanceof CertificateExpiredException || isPathReason(each, BasicReason.EXPIRED)) {
            return "the server's certificate, or one above it, has expired (" + detail(each) + ")";
        }
        if (each instanceof CertificateNotYetValidException || isPathReason(each, BasicReason.NOT_YET_VALID)) {
            return "the server's certificate, or one above it, is not yet valid (" + detail(each) + ")";
        }
        if (each instanceof CertificateRevokedException || isPathReason(each, BasicReason.REVOKED)) {
            return "the server's certificate, or one above it, has been revoked (" + detail(each) + ")";
        }
        if (each instanceof CertPathBuilderException || isPathReason(each, PKIXReason.NO_TRUST_ANCHOR)) {
            return "the server's certificate is self-signed or from an unknown issuer, no trusted authority vouches"
                    + " for it";
        }
        if (isPathReason(each, BasicReason.INVALID_SIGNATURE)) {
            return "a signature in the server's certificate chain does not verify, it is from another authority than"
                    + " the trusted one of the same name";
        }
        if (each instanceof CertificateException && isNameMismatch(text(each))) {
            return "the server's certificate is not valid for the host name " + host + names(text(each));
        }
        return null;
    }

    private static boolean isPathReason(Throwable each, CertPathValidatorException.Reason reason) {
        return each instanceof CertPathValidatorException e && e.getReason() == reason;
    }

    /** A path failure wraps the one that has the date. */
    private static String detail(Throwable each) {
        Throwable cause = each.getCause();
        return text(cause instanceof CertificateException ? cause : each);
    }

    /** The JDK has no type of its own for this; Netty matches the same texts. */
    private static boolean isNameMismatch(String message) {
        return message.startsWith("No subject alternative")
                || message.startsWith("No name matching")
                || message.startsWith("Illegal given domain name");
    }

    private static String names(String message) {
        Matcher matcher = NAMES_PRESENTED.matcher(message);
        return matcher.find() ? " (it is valid for: " + matcher.group(1) + ")" : " (" + message + ")";
    }

    private static @Nullable String alertReason(List<Throwable> chain) {
        for (Throwable each : chain) {
            if (each instanceof SSLException) {
                String alert = alert(text(each));
                if (alert != null) {
                    return "the server sent alert " + alert + meaning(alert);
                }
            }
        }
        return null;
    }

    private static @Nullable String alert(String message) {
        Matcher jdk = JDK_ALERT.matcher(message);
        if (jdk.find()) {
            return jdk.group(1);
        }
        Matcher boringSsl = BORINGSSL_ALERT.matcher(message);
        if (!boringSsl.find()) {
            return null;
        }
        String alert = boringSsl.group(1) != null ? boringSsl.group(1) : boringSsl.group(2);
        return alert.toLowerCase(Locale.ROOT);
    }

    /** What the alerts that users meet mean to them (RFC 8446 section 6.2, RFC 7301 section 3.2). */
    private static String meaning(String alert) {
        return switch (alert) {
            case "bad_certificate" -> " (it does not accept our certificate, or we gave none)";
            case "certificate_unknown", "unknown_ca", "certificate_expired", "certificate_revoked" ->
                " (it does not accept our certificate)";
            case "certificate_required" -> " (it wants a client certificate)";
            case "no_application_protocol" -> " (it does not speak h2)";
            case "protocol_version" -> " (it speaks none of the TLS versions that we offer)";
            case "unrecognized_name" -> " (it does not know the server name that we sent)";
            case "handshake_failure" -> " (no cipher suite in common, or it wants a client certificate)";
            default -> "";
        };
    }

    /** The implementation itself refused what came. */
    private static String protocolReason(String message) {
        Matcher boringSsl = BORINGSSL_COMPLAINT.matcher(message);
        String complaint = boringSsl.find() ? boringSsl.group(1) : message;
        if (complaint.equals("UNSUPPORTED_PROTOCOL") || complaint.startsWith("The server selected protocol version")) {
            return "the server chose a TLS version that we do not offer (" + complaint + ")";
        }
        return complaint.equals(message) ? message : "the server broke the rules of TLS (" + complaint + ")";
    }

    private static @Nullable String connectionReason(List<Throwable> chain) {
        for (Throwable each : chain) {
            if (each instanceof ClosedChannelException || each instanceof EOFException) {
                return "the connection was closed during the handshake";
            }
        }
        for (Throwable each : chain) {
            if (each instanceof IOException && !(each instanceof SSLException)) {
                return "the connection broke during the handshake (" + text(each) + ")";
            }
        }
        return null;
    }

    /** Returns the failure, its causes and what they suppressed, outermost first; each once. */
    private static List<Throwable> chain(Throwable failure) {
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        List<Throwable> chain = new ArrayList<>();
        chain.add(failure);
        seen.add(failure);
        for (int i = 0; i < chain.size(); i++) {
            Throwable each = chain.get(i);
            Throwable cause = each.getCause();
            if (cause != null && seen.add(cause)) {
                chain.add(cause);
            }
            for (Throwable suppressed : each.getSuppressed()) {
                if (seen.add(suppressed)) {
                    chain.add(suppressed);
                }
            }
        }
        return chain;
    }

    private static String text(Throwable failure) {
        String message = failure.getMessage();
        return message == null || message.isBlank() ? failure.getClass().getSimpleName() : message;
    }
}
