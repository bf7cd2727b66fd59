package io.peregrine.transport.tls;

import javax.net.ssl.SSLException;

/** The server asked for a new handshake within the connection (RFC 9113 section 9.2.1). */
final class RenegotiationException extends SSLException {
    private static final long serialVersionUID = 1L;

    RenegotiationException() {
        super("the server asked for renegotiation, which HTTP/2 forbids");
    }
}
