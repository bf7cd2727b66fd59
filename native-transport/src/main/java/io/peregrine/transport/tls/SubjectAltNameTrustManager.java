package io.peregrine.transport.tls;

import io.netty.util.NetUtil;
import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Refuses a server whose certificate names it by its common name only. The JDK takes that name when there is no DNS
 * name among the subject alternative ones; for HTTP it must not count (RFC 9110 section 4.3.4), because an authority
 * does not vouch for it as it does for the others. All else is up to the delegate, the match of the names included.
 */
final class SubjectAltNameTrustManager extends X509ExtendedTrustManager {
    /** The tag of dNSName in GeneralName (RFC 5280 section 4.2.1.6). */
    private static final Integer DNS_NAME = 2;

    private final X509ExtendedTrustManager delegate;

    SubjectAltNameTrustManager(X509ExtendedTrustManager delegate) {
        this.delegate = delegate;
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        delegate.checkServerTrusted(chain, authType, engine);
        String host = engine.getPeerHost();
        // An IP literal never matches a common name.
        boolean ip = host != null && (NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host));
        if (!ip && !hasDnsName(chain[0])) {
            throw new CertificateException(
                    "No subject alternative DNS name is in the certificate, and its common name does not count");
        }
    }

    /** Refuses: connections here have engines. */
    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        throw withoutEngine();
    }

    /** Refuses: without an engine there is no name to check against. */
    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        throw withoutEngine();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        delegate.checkClientTrusted(chain, authType, engine);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        delegate.checkClientTrusted(chain, authType, socket);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        delegate.checkClientTrusted(chain, authType);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return delegate.getAcceptedIssuers();
    }

    private static boolean hasDnsName(X509Certificate certificate) throws CertificateException {
        Collection<List<?>> names = certificate.getSubjectAlternativeNames();
        return names != null && names.stream().anyMatch(name -> DNS_NAME.equals(name.get(0)));
    }

    private static CertificateException withoutEngine() {
        return new CertificateException("host name cannot be verified (expected: a call that has an SSLEngine)");
    }
}
