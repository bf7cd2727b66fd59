package io.peregrine.transport.tls;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.function.Consumer;
import javax.net.ssl.X509KeyManager;
import javax.net.ssl.X509TrustManager;

/** An authority and the certificates that it issues for tests. */
final class TestPki {
    static final String HOST = "greeter.test";

    private final X509Bundle authority;

    TestPki() throws Exception {
        this("CN=Test Authority");
    }

    TestPki(String subject) throws Exception {
        authority = new CertificateBuilder()
                .ecp256()
                .subject(subject)
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
    }

    /** A certificate for {@link #HOST}, {@code localhost} and 127.0.0.1, valid now. */
    static CertificateBuilder serverCertificate() {
        return new CertificateBuilder()
                .ecp256()
                .subject("CN=Test Server")
                .addSanDnsName(HOST)
                .addSanDnsName("localhost")
                .addSanIpAddress("127.0.0.1");
    }

    /** Another authority, that nobody here trusts. */
    static TestPki foreign() throws Exception {
        return new TestPki("CN=Foreign Authority");
    }

    X509Bundle issue(CertificateBuilder certificate) throws Exception {
        return certificate.buildIssuedBy(authority);
    }

    X509Bundle issueServer() throws Exception {
        return issue(serverCertificate());
    }

    X509Bundle issueClient() throws Exception {
        return issue(new CertificateBuilder().ecp256().subject("CN=Test Client").addExtendedKeyUsageClientAuth());
    }

    X509Bundle authority() {
        return authority;
    }

    byte[] authorityPem() {
        return bytes(authority.getCertificatePEM());
    }

    /** A trust manager that trusts this authority and, being plain, is never told the host name. */
    X509TrustManager plainTrustManager(Runnable onCheck) {
        X509TrustManager delegate = (X509TrustManager) authority.toTrustManager();
        return new X509TrustManager() {
            @Override
            public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
                throw new CertificateException("this is a client");
            }

            @Override
            public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
                onCheck.run();
                delegate.checkServerTrusted(chain, authType);
            }

            @Override
            public X509Certificate[] getAcceptedIssuers() {
                return delegate.getAcceptedIssuers();
            }
        };
    }

    /** A server's trust manager that tells the subject of each client's certificate that it was shown. */
    X509TrustManager recordingTrustManager(Consumer<String> subjects) {
        X509TrustManager delegate = (X509TrustManager) authority.toTrustManager();
        return new X509TrustManager() {
            @Override
            public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
                subjects.accept(chain[0].getSubjectX500Principal().getName());
                delegate.checkClientTrusted(chain, authType);
            }

            @Override
            public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
                throw new CertificateException("this is a server");
            }

            @Override
            public X509Certificate[] getAcceptedIssuers() {
                return delegate.getAcceptedIssuers();
            }
        };
    }

    static X509KeyManager keyManager(X509Bundle bundle) throws Exception {
        return (X509KeyManager) bundle.toKeyManagerFactory().getKeyManagers()[0];
    }

    static byte[] chainPem(X509Bundle bundle) {
        return bytes(bundle.getCertificatePathPEM());
    }

    static byte[] keyPem(X509Bundle bundle) {
        return bytes(bundle.getPrivateKeyPEM());
    }

    private static byte[] bytes(String pem) {
        return pem.getBytes(StandardCharsets.US_ASCII);
    }
}
