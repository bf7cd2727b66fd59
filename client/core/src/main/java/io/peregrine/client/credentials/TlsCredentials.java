package io.peregrine.client.credentials;

import io.peregrine.transport.tls.ClientTls;
import io.peregrine.transport.tls.TlsProvider;
import java.nio.file.Path;
import javax.net.ssl.X509TrustManager;

/**
 * TLS with a verified server, and with a client certificate if one is given (mTLS). Immutable; use one instance for
 * all channels with the same settings, since it holds the cache of sessions to resume.
 */
public final class TlsCredentials extends ChannelCredentials {
    private final ClientTls tls;

    private TlsCredentials(ClientTls tls) {
        this.tls = tls;
    }

    /** The system's trust store, host names verified, no client certificate. */
    public static TlsCredentials create() {
        return builder().build();
    }

    /** Credentials over a TLS configuration made elsewhere. */
    public static TlsCredentials of(ClientTls tls) {
        return new TlsCredentials(tls);
    }

    /** Starts from the settings of {@link #create()}. */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public ClientTls tls() {
        return tls;
    }

    /** Collects settings. Not safe for use by several threads. */
    public static final class Builder {
        private final ClientTls.Builder tls = ClientTls.builder();

        private Builder() {}

        /** Trusts the certificates in a PEM file instead of the system's. */
        public Builder trust(Path pem) {
            tls.trust(pem);
            return this;
        }

        /** Trusts the certificates in PEM text instead of the system's. */
        public Builder trust(byte[] pem) {
            tls.trust(pem);
            return this;
        }

        /** Lets {@code manager} decide about chains; the host name is verified besides. */
        public Builder trustManager(X509TrustManager manager) {
            tls.trustManager(manager);
            return this;
        }

        /** Shows a certificate when the server asks for one: PEM files, the key in unencrypted PKCS#8. */
        public Builder identity(Path certificateChain, Path privateKey) {
            tls.identity(certificateChain, privateKey);
            return this;
        }

        /** Sends and verifies this name instead of the target's host. */
        public Builder serverName(String name) {
            tls.serverName(name);
            return this;
        }

        /** Chooses the implementation; default BoringSSL where it is available. */
        public Builder provider(TlsProvider provider) {
            tls.provider(provider);
            return this;
        }

        /** Accepts any server: for load tests against throw-away certificates, and for nothing else. */
        public Builder insecureTrustAll() {
            tls.insecureTrustAll();
            return this;
        }

        /**
         * The credentials.
         *
         * @throws IllegalArgumentException if a file is missing or not what it should be; the message names it
         */
        public TlsCredentials build() {
            return new TlsCredentials(tls.build());
        }
    }
}
