package io.peregrine.transport.tls;

import io.peregrine.transport.tls.material.ClientIdentity;
import io.peregrine.transport.tls.material.Material;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.X509KeyManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Checked options, from which TLS contexts are made.
 *
 * @param provider never {@link TlsProvider#AUTO}
 * @param versions what to offer; at least one
 * @param ciphers what to offer, best first, for all versions
 * @param verifyHostName whether the certificate must be valid for the name
 * @param trusted authorities; empty for the JDK's trust store, unless there is a {@code trustManager}
 * @param trustManager whom to ask instead
 * @param trustAll whether to ask nobody
 * @param identity whom to present to servers that ask
 * @param keyManager who chooses that instead
 * @param sessions whether and how long to resume sessions
 */
record TlsConfig(
        TlsProvider provider,
        List<TlsVersion> versions,
        List<String> ciphers,
        boolean verifyHostName,
        List<Material<List<X509Certificate>>> trusted,
        @Nullable X509TrustManager trustManager,
        boolean trustAll,
        @Nullable Material<ClientIdentity> identity,
        @Nullable X509KeyManager keyManager,
        Sessions sessions) {

    /**
     * @param resumed whether later connections resume the sessions of earlier ones
     * @param cacheSize how many sessions are remembered, for all servers together
     * @param timeout how long each is, in whole seconds
     */
    record Sessions(boolean resumed, int cacheSize, Duration timeout) {}
}
