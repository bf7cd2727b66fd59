/** TLS for client connections: BoringSSL or the JDK's TLS, HTTP/2 by ALPN, host-name verification, mTLS. */
@NullMarked
package io.peregrine.transport.tls;

import org.jspecify.annotations.NullMarked;
