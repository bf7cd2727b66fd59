package io.peregrine.transport.tls;

import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * Adds host-name verification to a trust manager that cannot do it: the plain {@link X509TrustManager} is not told
 * whom the certificate is meant to belong to.
 *
 * <p>The JDK adds the check by a wrapper of its own, for its own engine only. Other TLS stacks reach that wrapper by
 * {@code sun.misc.Unsafe}, which newer JDKs deny, or go without the check (the class of CVE-2026-50010). This one does
 * not depend on either: after the delegate accepted the chain, the JDK's public trust manager, made to trust exactly
 * this leaf certificate, is asked about the name; trust being settled, the name is all that it still checks. That
 * costs a key store for each full handshake with a custom plain trust manager, which is no hot path.
 */
final class HostVerifyingTrustManager extends X509ExtendedTrustManager {
    private final X509TrustManager delegate;

    HostVerifyingTrustManager(X509TrustManager delegate) {
        this.delegate = delegate;
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        delegate.checkServerTrusted(chain, authType);
        nameChecker(chain[0]).checkServerTrusted(chain, authType, engine);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        delegate.checkServerTrusted(chain, authType);
        nameChecker(chain[0]).checkServerTrusted(chain, authType, socket);
    }

    /** Refuses: without an engine or a socket there is no name to check against. */
    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        throw new CertificateException("host name cannot be verified (expected: a call that names the connection)");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        delegate.checkClientTrusted(chain, authType);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        delegate.checkClientTrusted(chain, authType);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        delegate.checkClientTrusted(chain, authType);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return delegate.getAcceptedIssuers();
    }

    private static X509ExtendedTrustManager nameChecker(X509Certificate leaf) throws CertificateException {
        try {
            return Pkix.trusting(List.of(leaf));
        } catch (GeneralSecurityException e) {
            throw new CertificateException("host name cannot be verified", e);
        }
    }
}
