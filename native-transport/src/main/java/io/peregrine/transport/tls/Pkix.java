package io.peregrine.transport.tls;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/** The JDK's trust managers (RFC 5280): they check chains and, when a connection asks for it, the host name. */
final class Pkix {
    private Pkix() {}

    /** Returns a trust manager that trusts what the JDK's trust store has. */
    static X509ExtendedTrustManager trustingWhatTheJdkTrusts() throws GeneralSecurityException {
        return trusting((KeyStore) null);
    }

    /** Returns a trust manager that trusts these certificates as authorities and nothing else. */
    static X509ExtendedTrustManager trusting(List<X509Certificate> authorities) throws GeneralSecurityException {
        try {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            for (int i = 0; i < authorities.size(); i++) {
                store.setCertificateEntry(Integer.toString(i), authorities.get(i));
            }
            return trusting(store);
        } catch (IOException e) {
            throw new GeneralSecurityException("an empty key store cannot be made", e);
        }
    }

    private static X509ExtendedTrustManager trusting(@Nullable KeyStore store) throws GeneralSecurityException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(store);
        for (TrustManager trustManager : factory.getTrustManagers()) {
            if (trustManager instanceof X509ExtendedTrustManager extended) {
                return extended;
            }
        }
        throw new GeneralSecurityException("no PKIX trust manager checks host names (expected: one that does)");
    }
}
