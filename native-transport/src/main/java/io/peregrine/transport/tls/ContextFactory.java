package io.peregrine.transport.tls;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.OpenSslSessionTicketKey;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.peregrine.transport.tls.material.ClientIdentity;
import io.peregrine.transport.tls.material.MaterialSource;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSessionContext;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;

/** Makes TLS contexts from a configuration, reading its files anew each time. Immutable. */
final class ContextFactory {
    private final TlsConfig config;
    private final List<MaterialSource> changing = new ArrayList<>();

    ContextFactory(TlsConfig config) {
        this.config = config;
        config.trusted().forEach(material -> changing.addAll(material.sources()));
        if (config.identity() != null) {
            changing.addAll(config.identity().sources());
        }
        changing.removeIf(source -> !source.mayChange());
    }

    /** Returns whether a later context may be another. */
    boolean mayChange() {
        return !changing.isEmpty();
    }

    /**
     * Returns a digest of everything that is read to make a context: the contents, since the time of a file's
     * modification is too coarse to tell a file from the one that was read while it was being written.
     *
     * @throws IllegalArgumentException if something cannot be read; the message names it
     */
    byte[] digest() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (MaterialSource source : changing) {
                byte[] bytes = source.read();
                digest.update(Integer.toString(bytes.length).getBytes(StandardCharsets.US_ASCII));
                digest.update(bytes);
            }
            return digest.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is missing (expected: in every JDK)", e);
        }
    }

    /**
     * Returns a new context, which has resumed no session yet.
     *
     * @throws IllegalArgumentException if something cannot be read or TLS does not accept it
     */
    SslContext create() {
        try {
            SslContextBuilder builder = SslContextBuilder.forClient()
                    .sslProvider(isBoringSsl() ? SslProvider.OPENSSL : SslProvider.JDK)
                    .protocols(
                            config.versions().stream().map(TlsVersion::protocol).toArray(String[]::new))
                    .ciphers(config.ciphers(), SupportedCipherSuiteFilter.INSTANCE)
                    .applicationProtocolConfig(new ApplicationProtocolConfig(
                            Protocol.ALPN,
                            SelectorFailureBehavior.NO_ADVERTISE,
                            SelectedListenerFailureBehavior.ACCEPT,
                            ApplicationProtocolNames.HTTP_2))
                    .endpointIdentificationAlgorithm(config.verifyHostName() ? "HTTPS" : null);
            applyTrust(builder);
            applyIdentity(builder);
            SslContext context = builder.build();
            applySessions(context);
            return context;
        } catch (SSLException | GeneralSecurityException e) {
            throw new IllegalArgumentException(
                    "TLS by " + config.provider() + " does not accept the configuration (" + e.getMessage() + ")", e);
        }
    }

    private boolean isBoringSsl() {
        return config.provider() == TlsProvider.BORINGSSL;
    }

    private void applyTrust(SslContextBuilder builder) throws GeneralSecurityException {
        if (config.trustAll()) {
            builder.trustManager(InsecureTrustManagerFactory.INSTANCE);
            return;
        }
        X509TrustManager custom = config.trustManager();
        if (!config.verifyHostName()) {
            builder.trustManager(custom == null ? pkix() : custom);
        } else if (custom == null) {
            builder.trustManager(new SubjectAltNameTrustManager(pkix()));
        } else if (custom instanceof X509ExtendedTrustManager) {
            builder.trustManager(custom);
        } else {
            builder.trustManager(new SubjectAltNameTrustManager(new HostVerifyingTrustManager(custom)));
        }
    }

    private X509ExtendedTrustManager pkix() throws GeneralSecurityException {
        if (config.trusted().isEmpty()) {
            return Pkix.trustingWhatTheJdkTrusts();
        }
        List<X509Certificate> authorities = new ArrayList<>();
        config.trusted().forEach(material -> authorities.addAll(material.read()));
        return Pkix.trusting(authorities);
    }

    private void applyIdentity(SslContextBuilder builder) {
        if (config.keyManager() != null) {
            builder.keyManager(config.keyManager());
        } else if (config.identity() != null) {
            ClientIdentity identity = config.identity().read();
            requireKeyThatSigns(identity.key().getAlgorithm());
            builder.keyManager(identity.key(), identity.chain());
        }
    }

    /** Netty chooses no key of another kind for BoringSSL, and the server would see no certificate. */
    private void requireKeyThatSigns(String algorithm) {
        if (isBoringSsl() && !algorithm.equals("RSA") && !algorithm.equals("EC")) {
            throw new IllegalArgumentException("identity: a key of kind " + algorithm
                    + " (expected: RSA or EC, with which BoringSSL signs, or provider JDK)");
        }
    }

    private void applySessions(SslContext context) {
        TlsConfig.Sessions sessions = config.sessions();
        SSLSessionContext cache = context.sessionContext();
        if (cache instanceof OpenSslSessionContext openSsl) {
            openSsl.setSessionCacheEnabled(sessions.resumed());
            if (sessions.resumed()) {
                // Netty leaves tickets of TLS 1.2 off, and many servers resume in no other way.
                openSsl.setTicketKeys(new OpenSslSessionTicketKey[0]);
            }
        }
        // The JDK takes 0 for no limit; its cache is kept from resuming by ClientTls, one entry is all it may hold.
        cache.setSessionCacheSize(sessions.resumed() ? sessions.cacheSize() : 1);
        cache.setSessionTimeout(Math.toIntExact(sessions.timeout().toSeconds()));
    }
}
