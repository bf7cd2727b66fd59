package io.peregrine.transport.tls;

import static java.util.Objects.requireNonNull;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http2.Http2SecurityUtil;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.internal.tcnative.SSL;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * How a client speaks TLS: whom it trusts, who it is, by which implementation. Immutable and safe for use by any
 * number of threads and connections; make one for each configuration and keep it, because it holds the cache by which
 * later connections to the same server resume a session.
 *
 * <p>TLS 1.3 and 1.2 only, the cipher suites that RFC 9113 appendix A leaves, ALPN {@code h2} and nothing else. Who
 * gets an {@link SslHandler} from here calls {@link #requireH2} when its handshake is complete.
 *
 * <table>
 * <caption>Options</caption>
 * <tr><th>option</th><th>default</th><th>change it when</th></tr>
 * <tr><td>{@link Builder#trust(Path) trust}, {@link Builder#trustManager trustManager}</td>
 *     <td>the JDK's trust store</td><td>servers have certificates of a private authority</td></tr>
 * <tr><td>{@link Builder#identity(Path, Path) identity}</td><td>none</td><td>servers ask for a certificate</td></tr>
 * <tr><td>{@link Builder#provider provider}</td><td>{@link TlsProvider#AUTO}</td><td>policy demands one</td></tr>
 * <tr><td>{@link Builder#serverName serverName}</td><td>the host connected to</td>
 *     <td>the certificate names something else, as behind a tunnel</td></tr>
 * <tr><td>{@link Builder#verifyHostName verifyHostName}</td><td>true</td><td>certificates carry no names</td></tr>
 * <tr><td>{@link Builder#insecureTrustAll insecureTrustAll}</td><td>off</td><td>load tests</td></tr>
 * </table>
 *
 * <p><b>Native memory.</b> With BoringSSL the context behind this object is freed when the garbage collector finds
 * this object unreachable, by a finalizer of Netty's; that is why there is nothing to close. The alternative, counted
 * references, would make each forgotten {@code close} a native leak to save one finalizer for each configuration.
 */
public final class ClientTls {
    private static final String H2 = ApplicationProtocolNames.HTTP_2;

    private final SslContext context;
    private final TlsProvider provider;
    private final boolean verifyHostName;
    private final @Nullable PeerName serverName;

    private ClientTls(SslContext context, TlsProvider provider, boolean verifyHostName, @Nullable PeerName serverName) {
        this.context = context;
        this.provider = provider;
        this.verifyHostName = verifyHostName;
        this.serverName = serverName;
    }

    /** Returns a builder that starts from the defaults of the table above. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Returns the handler for one connection, to be placed first in its pipeline. Its handshake timeout is Netty's
     * default, 10 s, until the caller sets it.
     *
     * @param allocator what the handler takes its buffers from
     * @param host the name or IP literal that the user connects to, with or without a trailing dot or brackets. It is
     *     sent as SNI unless it is an IP literal, and the certificate must be valid for it; {@link
     *     Builder#serverName} takes its place in both
     * @param port the port connected to; sessions are resumed with the same host and port only
     * @throws IllegalArgumentException if {@code host} is neither a host name nor an IP literal
     */
    public SslHandler newHandler(ByteBufAllocator allocator, String host, int port) {
        PeerName peer = serverName != null ? serverName : PeerName.of(host);
        SslHandler handler = context.newHandler(allocator, peer.value(), port);
        SSLEngine engine = handler.engine();
        // Engines send SNI by themselves only for names with a dot; a single label is as good a name.
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setServerNames(peer.serverNames());
        engine.setSSLParameters(parameters);
        refuseRenegotiation(engine);
        return handler;
    }

    /** HTTP/2 forbids renegotiation (RFC 9113 section 9.2.1); Netty lets a server have one. */
    @SuppressWarnings("deprecation") // sslPointer: there is no other way to this setting
    private static void refuseRenegotiation(SSLEngine engine) {
        if (engine instanceof ReferenceCountedOpenSslEngine openSsl) {
            try {
                SSL.setRenegotiateMode(openSsl.sslPointer(), SSL.SSL_RENEGOTIATE_NEVER);
            } catch (Exception e) {
                throw new IllegalStateException("TLS renegotiation cannot be switched off", e);
            }
        }
    }

    /**
     * Checks that the peer agreed to HTTP/2. To be called when the handshake is complete.
     *
     * @throws AlpnException if it agreed to something else or to nothing
     */
    public static void requireH2(SslHandler handler) throws AlpnException {
        String negotiated = handler.applicationProtocol();
        if (!H2.equals(negotiated)) {
            throw new AlpnException(negotiated);
        }
    }

    /** Returns the implementation in use, never {@link TlsProvider#AUTO}. */
    public TlsProvider provider() {
        return provider;
    }

    /** Returns whether the certificate must be valid for the name that the client connects to. */
    public boolean verifiesHostName() {
        return verifyHostName;
    }

    @Override
    public String toString() {
        return "ClientTls[" + provider + ", verifyHostName=" + verifyHostName
                + (serverName == null ? "" : ", serverName=" + serverName.value()) + ']';
    }

    /** Collects options; {@link #build()} reads the files and checks everything. Not thread-safe. */
    public static final class Builder {
        private final List<PemSource> trusted = new ArrayList<>();
        private @Nullable X509TrustManager trustManager;
        private @Nullable PemSource identityChain;
        private @Nullable PemSource identityKey;
        private TlsProvider provider = TlsProvider.AUTO;
        private boolean verifyHostName = true;
        private @Nullable String serverName;
        private boolean insecureTrustAll;

        private Builder() {}

        /** Trusts the certificates in a PEM file, instead of the JDK's trust store. May be called again to add more. */
        public Builder trust(Path pem) {
            trusted.add(PemSource.of("trust", requireNonNull(pem, "pem")));
            return this;
        }

        /** Trusts the certificates in PEM text; the rest as for {@link #trust(Path)}. */
        public Builder trust(byte[] pem) {
            trusted.add(PemSource.of("trust", requireNonNull(pem, "pem")));
            return this;
        }

        /**
         * Trusts the certificates in PEM text, read to its end here and not closed; the rest as for {@link
         * #trust(Path)}.
         *
         * @throws IllegalArgumentException if the stream cannot be read
         */
        public Builder trust(InputStream pem) {
            try {
                return trust(pem.readAllBytes());
            } catch (IOException e) {
                throw new IllegalArgumentException("trust: the stream cannot be read (" + e.getMessage() + ")", e);
            }
        }

        /**
         * Asks {@code trustManager} whether to trust a server. Host names are verified in addition, unless it is an
         * {@link X509ExtendedTrustManager}: that one sees the connection and is responsible for the name by its
         * contract, as the JDK's own are.
         */
        public Builder trustManager(X509TrustManager trustManager) {
            this.trustManager = requireNonNull(trustManager, "trustManager");
            return this;
        }

        /**
         * Presents a certificate to servers that ask for one (mTLS).
         *
         * @param certificateChain a PEM file with the client's certificate first, then the intermediate ones
         * @param privateKey a PEM file with its key: PKCS#8 without encryption; RSA, EC or EdDSA
         */
        public Builder identity(Path certificateChain, Path privateKey) {
            identityChain = PemSource.of("identity", requireNonNull(certificateChain, "certificateChain"));
            identityKey = PemSource.of("identity", requireNonNull(privateKey, "privateKey"));
            return this;
        }

        /** Presents a certificate from PEM text; the rest as for {@link #identity(Path, Path)}. */
        public Builder identity(byte[] certificateChain, byte[] privateKey) {
            identityChain = PemSource.of("identity certificate", requireNonNull(certificateChain, "certificateChain"));
            identityKey = PemSource.of("identity key", requireNonNull(privateKey, "privateKey"));
            return this;
        }

        /** Chooses the implementation. Default {@link TlsProvider#AUTO}. */
        public Builder provider(TlsProvider provider) {
            this.provider = requireNonNull(provider, "provider");
            return this;
        }

        /**
         * Switches off only the check that the certificate is valid for the name connected to; it must still be
         * trusted. Default true. Without the check any server that any trusted authority vouches for is accepted.
         */
        public Builder verifyHostName(boolean verify) {
            verifyHostName = verify;
            return this;
        }

        /** Sends this name as SNI and verifies the certificate against it, whatever host is connected to. */
        public Builder serverName(String name) {
            serverName = requireNonNull(name, "name");
            return this;
        }

        /**
         * Accepts every certificate for every name: the connection is encrypted, but to whom is unknown. For load
         * tests against throw-away servers.
         */
        public Builder insecureTrustAll() {
            insecureTrustAll = true;
            return this;
        }

        /**
         * Reads the files and returns the checked configuration.
         *
         * @throws IllegalArgumentException if a file is missing or not what it should be, the key does not match its
         *     certificate, options exclude each other or the implementation is not available. The message is one
         *     sentence that names the file or the option
         */
        public ClientTls build() {
            checkOneSourceOfTrust();
            TlsProvider resolved = provider.resolve();
            boolean verify = verifyHostName && !insecureTrustAll;
            PeerName name = serverName == null ? null : parseServerName(serverName);
            SslContextBuilder builder = SslContextBuilder.forClient()
                    .sslProvider(resolved == TlsProvider.BORINGSSL ? SslProvider.OPENSSL : SslProvider.JDK)
                    .protocols("TLSv1.3", "TLSv1.2")
                    .ciphers(Http2SecurityUtil.CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
                    .applicationProtocolConfig(new ApplicationProtocolConfig(
                            Protocol.ALPN,
                            SelectorFailureBehavior.NO_ADVERTISE,
                            SelectedListenerFailureBehavior.ACCEPT,
                            H2))
                    .endpointIdentificationAlgorithm(verify ? "HTTPS" : null);
            applyTrust(builder);
            applyIdentity(builder);
            try {
                return new ClientTls(builder.build(), resolved, verify, name);
            } catch (SSLException e) {
                throw new IllegalArgumentException(
                        "TLS by " + resolved + " does not accept the configuration (" + e.getMessage() + ")", e);
            }
        }

        private void checkOneSourceOfTrust() {
            int sources = (trusted.isEmpty() ? 0 : 1) + (trustManager == null ? 0 : 1) + (insecureTrustAll ? 1 : 0);
            if (sources > 1) {
                throw new IllegalArgumentException("trust, trustManager, insecureTrustAll: " + sources
                        + " of them are set (expected: at most one)");
            }
        }

        private static PeerName parseServerName(String name) {
            try {
                return PeerName.of(name);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("serverName: " + name + " (expected: a host name)", e);
            }
        }

        private void applyTrust(SslContextBuilder builder) {
            if (insecureTrustAll) {
                builder.trustManager(InsecureTrustManagerFactory.INSTANCE);
            } else if (trustManager != null) {
                builder.trustManager(HostVerifyingTrustManager.of(trustManager));
            } else if (!trusted.isEmpty()) {
                List<X509Certificate> certificates = new ArrayList<>();
                trusted.forEach(source -> certificates.addAll(Pem.certificates(source)));
                builder.trustManager(certificates);
            }
        }

        private void applyIdentity(SslContextBuilder builder) {
            if (identityChain != null && identityKey != null) {
                ClientIdentity identity = ClientIdentity.read(identityChain, identityKey);
                builder.keyManager(identity.key(), identity.chain());
            }
        }
    }
}
