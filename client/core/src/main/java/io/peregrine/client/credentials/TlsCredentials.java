package io.peregrine.client.credentials;

import io.peregrine.transport.tls.ClientTls;
import io.peregrine.transport.tls.TlsProvider;
import io.peregrine.transport.tls.TlsVersion;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import javax.net.ssl.X509KeyManager;
import javax.net.ssl.X509TrustManager;

/**
 * TLS with a verified server, and with a client certificate if one is given (mTLS). Use one instance for all channels
 * with the same settings, since it holds the cache of sessions to resume. Files are read again when they change, for
 * new connections. {@link ClientTls} has the defaults and the details; any thread.
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

    /**
     * Reads certificates and keys again now and forgets all sessions; see {@link ClientTls#reload()}.
     *
     * @throws IllegalArgumentException if something cannot be read; what was read before then stays in use
     */
    public void reload() {
        tls.reload();
    }

    /** Shows no secret and no file. */
    @Override
    public String toString() {
        return "TlsCredentials[" + tls + ']';
    }

    /** Collects settings, which are those of {@link ClientTls.Builder}. Not safe for use by several threads. */
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

        /** Trusts the certificates in PEM text that {@code pem} returns, now and at each reload. */
        public Builder trust(Supplier<byte[]> pem) {
            tls.trust(pem);
            return this;
        }

        /** Trusts the trusted certificates of a key store, PKCS#12 or JKS, instead of the system's. */
        public Builder trustStore(Path store, char[] password) {
            tls.trustStore(store, password);
            return this;
        }

        /** Lets {@code manager} decide about chains; the host name is verified besides. */
        public Builder trustManager(X509TrustManager manager) {
            tls.trustManager(manager);
            return this;
        }

        /** Shows a certificate when the server asks for one: PEM files, the key in PKCS#8, PKCS#1 or SEC 1. */
        public Builder identity(Path certificateChain, Path privateKey) {
            tls.identity(certificateChain, privateKey);
            return this;
        }

        /** The same with a key in encrypted PKCS#8. */
        public Builder identity(Path certificateChain, Path privateKey, char[] password) {
            tls.identity(certificateChain, privateKey, password);
            return this;
        }

        /** The same with chain and key in one PEM file. */
        public Builder identity(Path chainAndKey) {
            tls.identity(chainAndKey);
            return this;
        }

        /** The same with PEM text. */
        public Builder identity(byte[] certificateChain, byte[] privateKey) {
            tls.identity(certificateChain, privateKey);
            return this;
        }

        /** The same with PEM text and a key in encrypted PKCS#8. */
        public Builder identity(byte[] certificateChain, byte[] privateKey, char[] password) {
            tls.identity(certificateChain, privateKey, password);
            return this;
        }

        /** The same with PEM text, chain and key, that the supplier returns, now and at each reload. */
        public Builder identity(Supplier<byte[]> chainAndKey) {
            tls.identity(chainAndKey);
            return this;
        }

        /** The same with a key store, PKCS#12 or JKS, of one private key; the password is that of both. */
        public Builder identityStore(Path store, char[] password) {
            tls.identityStore(store, password);
            return this;
        }

        /** Lets {@code manager} choose the certificate in each handshake. */
        public Builder keyManager(X509KeyManager manager) {
            tls.keyManager(manager);
            return this;
        }

        /** How long files are not looked at again; default 10 s, zero for never. */
        public Builder reloadInterval(Duration interval) {
            tls.reloadInterval(interval);
            return this;
        }

        /** Offers these versions and no other; default both. */
        public Builder versions(TlsVersion first, TlsVersion... others) {
            tls.versions(first, others);
            return this;
        }

        /** Offers these cipher suites and no other, by IANA name, the preferred first. */
        public Builder ciphers(List<String> suites) {
            tls.ciphers(suites);
            return this;
        }

        /** Whether the certificate must be valid for the host's name; default true, and false is for tests. */
        public Builder verifyHostName(boolean verify) {
            tls.verifyHostName(verify);
            return this;
        }

        /** Whether connections resume the sessions of earlier ones to the same host and port; default true. */
        public Builder sessionResumption(boolean resume) {
            tls.sessionResumption(resume);
            return this;
        }

        /** How many sessions are remembered; default 1024. */
        public Builder sessionCacheSize(int sessions) {
            tls.sessionCacheSize(sessions);
            return this;
        }

        /** How long a session may be resumed; default 1 h, at most 7 days. */
        public Builder sessionTimeout(Duration timeout) {
            tls.sessionTimeout(timeout);
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
