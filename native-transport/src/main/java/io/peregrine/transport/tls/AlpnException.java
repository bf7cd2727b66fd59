package io.peregrine.transport.tls;

import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/** The handshake succeeded, but the peer did not agree to speak HTTP/2 (RFC 9113 section 3.2). */
public final class AlpnException extends SSLHandshakeException {
    private static final long serialVersionUID = 1L;

    AlpnException(@Nullable String negotiated) {
        super("TLS peer did not negotiate ALPN h2 (got: " + (negotiated == null ? "none" : negotiated) + ")");
    }
}
