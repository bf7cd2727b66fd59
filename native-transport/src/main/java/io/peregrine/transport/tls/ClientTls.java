package io.peregrine.transport.tls;

import static java.util.Objects.requireNonNull;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.internal.tcnative.SSL;
import io.peregrine.transport.tls.material.ClientIdentity;
import io.peregrine.transport.tls.material.KeyStoreFile;
import io.peregrine.transport.tls.material.Material;
import io.peregrine.transport.tls.material.MaterialSource;
import io.peregrine.transport.tls.material.Pem;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509KeyManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * How a client speaks TLS: whom it trusts, who it is, by which implementation. Safe for use by any number of threads
 * and connections; make one for each configuration and keep it, because it holds the cache by which later connections
 * to the same server resume a session.
 *
 * <p>TLS 1.3 and 1.2 only, the cipher suites that RFC 9113 appendix A leaves, ALPN {@code h2} and nothing else, no
 * renegotiation. Who gets an {@link SslHandler} from here calls {@link #requireH2} when its handshake is complete.
 *
 * <table>
 * <caption>Options</caption>
 * <tr><th>option</th><th>default</th><th>change it when</th></tr>
 * <tr><td>{@link Builder#trust(Path) trust}, {@link Builder#trustStore trustStore}, {@link Builder#trustManager
 *     trustManager}</td><td>the JDK's trust store</td><td>servers have certificates of a private authority</td></tr>
 * <tr><td>{@link Builder#identity(Path, Path) identity}, {@link Builder#identityStore identityStore}, {@link
 *     Builder#keyManager keyManager}</td><td>none</td><td>servers ask for a certificate</td></tr>
 * <tr><td>{@link Builder#reloadInterval reloadInterval}</td><td>10 s</td><td>files change often, or never</td></tr>
 * <tr><td>{@link Builder#provider provider}</td><td>{@link TlsProvider#AUTO}</td><td>policy demands one</td></tr>
 * <tr><td>{@link Builder#versions versions}</td><td>TLS 1.3 and 1.2</td><td>policy demands one</td></tr>
 * <tr><td>{@link Builder#ciphers ciphers}</td><td>AES-GCM and ChaCha20-Poly1305, ephemeral keys</td>
 *     <td>policy demands fewer</td></tr>
 * <tr><td>{@link Builder#serverName serverName}</td><td>the host connected to</td>
 *     <td>the certificate names something else, as behind a tunnel</td></tr>
 * <tr><td>{@link Builder#verifyHostName verifyHostName}</td><td>true</td><td>certificates carry no names</td></tr>
 * <tr><td>{@link Builder#sessionResumption sessionResumption}</td><td>true</td>
 *     <td>each connection has to check the certificate again</td></tr>
 * <tr><td>{@link Builder#sessionCacheSize sessionCacheSize}</td><td>1024 sessions</td><td>servers are more</td></tr>
 * <tr><td>{@link Builder#sessionTimeout sessionTimeout}</td><td>1 h</td><td>certificates are revoked often</td></tr>
 * <tr><td>{@link Builder#insecureTrustAll insecureTrustAll}</td><td>off</td><td>load tests</td></tr>
 * </table>
 *
 * <p><b>Reload.</b> Files and suppliers are read again, at most once in a {@link Builder#reloadInterval} and only when
 * a connection is about to be made, which waits for it; connections that are up are not touched. If what is read is
 * broken, or only half there, what was read before stays in use, one {@code WARNING} says why, and the next look may
 * find it whole. With a change all sessions are forgotten, so that none is resumed under an identity or a trust that is
 * no more.
 *
 * <p><b>Native memory.</b> With BoringSSL the context behind this object is freed when the garbage collector finds
 * that nobody uses it, by a finalizer of Netty's; that is why there is nothing to close. The alternative, counted
 * references, would make each forgotten {@code close} a native leak to save one finalizer for each configuration.
 */
public final class ClientTls {
    private final ReloadingContext contexts;
    private final TlsConfig config;
    private final @Nullable PeerName serverName;
    private final AtomicInteger unresumedPort = new AtomicInteger(1 << 16);

    private ClientTls(ReloadingContext contexts, TlsConfig config, @Nullable PeerName serverName) {
        this.contexts = contexts;
        this.config = config;
        this.serverName = serverName;
    }

    /** Returns a builder that starts from the defaults of the table above. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Adds TLS at the end of the pipeline of a channel that is not connected yet. If it is time to look at the files
     * again, that is done on another thread and the connection begins after it.
     *
     * @param host as for {@link #newHandler}
     * @param port as for {@link #newHandler}
     * @param handshakeTimeout from TCP's being connected to the handshake's being complete
     * @throws IllegalArgumentException if {@code host} is neither a host name nor an IP literal
     */
    public void addTo(ChannelPipeline pipeline, String host, int port, Duration handshakeTimeout) {
        PeerName peer = peerName(host);
        ByteBufAllocator allocator = pipeline.channel().alloc();
        CompletableFuture<Void> check = contexts.checkIfDue();
        if (check == null) {
            pipeline.addLast(newHandler(allocator, peer, port, handshakeTimeout));
        } else {
            pipeline.addLast(new ReloadBeforeConnect(check, () -> newHandler(allocator, peer, port, handshakeTimeout)));
        }
    }

    /**
     * Returns the handler for one connection, to be placed first in its pipeline. Its handshake timeout is Netty's
     * default, 10 s, until the caller sets it. It is made of the files as they were when last looked at, and if it is
     * time to look again that begins now, for those who come later; {@link #addTo} waits for it.
     *
     * @param allocator what the handler takes its buffers from
     * @param host the name or IP literal that the user connects to, with or without a trailing dot or brackets. It is
     *     sent as SNI unless it is an IP literal, and the certificate must be valid for it; {@link
     *     Builder#serverName} takes its place in both
     * @param port the port connected to; sessions are resumed with the same host and port only
     * @throws IllegalArgumentException if {@code host} is neither a host name nor an IP literal
     */
    public SslHandler newHandler(ByteBufAllocator allocator, String host, int port) {
        CompletableFuture<Void> unused = contexts.checkIfDue();
        return newHandler(allocator, peerName(host), port);
    }

    private SslHandler newHandler(ByteBufAllocator allocator, PeerName peer, int port, Duration handshakeTimeout) {
        SslHandler handler = newHandler(allocator, peer, port);
        handler.setHandshakeTimeoutMillis(handshakeTimeout.toMillis());
        return handler;
    }

    private SslHandler newHandler(ByteBufAllocator allocator, PeerName peer, int port) {
        SslContext context = contexts.current();
        SslHandler handler = config.provider() == TlsProvider.JDK
                ? new JdkTlsHandler(context.newEngine(allocator, peer.value(), sessionPort(port)))
                : context.newHandler(allocator, peer.value(), port);
        SSLEngine engine = handler.engine();
        // Engines send SNI by themselves only for names with a dot; a single label is as good a name.
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setServerNames(peer.serverNames());
        engine.setSSLParameters(parameters);
        refuseRenegotiation(engine);
        return handler;
    }

    /** The JDK cannot go without a cache of sessions, but it looks them up by the port: a new one finds nothing. */
    private int sessionPort(int port) {
        return config.sessions().resumed() ? port : unresumedPort.getAndIncrement();
    }

    private PeerName peerName(String host) {
        return serverName != null ? serverName : PeerName.of(host);
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
        if (!"h2".equals(negotiated)) {
            throw new AlpnException(negotiated);
        }
    }

    /**
     * Reads certificates and keys again now, whether they changed or not, for new connections, and forgets all
     * sessions. For those who know when they change, or whose {@link Builder#trustManager trust} or {@link
     * Builder#keyManager key} manager changed its mind. Blocks while it reads; not for an event loop.
     *
     * @throws IllegalArgumentException as for {@link Builder#build()}; what was read before then stays in use
     */
    public void reload() {
        contexts.reload();
    }

    /** Returns the implementation in use, never {@link TlsProvider#AUTO}. */
    public TlsProvider provider() {
        return config.provider();
    }

    /** Returns whether the certificate must be valid for the name that the client connects to. */
    public boolean verifiesHostName() {
        return config.verifyHostName();
    }

    /** Shows no secret and no file. */
    @Override
    public String toString() {
        return "ClientTls[" + config.provider() + ", versions=" + config.versions() + ", verifyHostName="
                + config.verifyHostName() + (serverName == null ? "" : ", serverName=" + serverName.value()) + ']';
    }

    /** Collects options; {@link #build()} reads the files and checks everything. Not thread-safe. */
    public static final class Builder {
        private final List<Material<List<X509Certificate>>> trusted = new ArrayList<>();
        private @Nullable X509TrustManager trustManager;
        private @Nullable Material<ClientIdentity> identity;
        private @Nullable X509KeyManager keyManager;
        private Duration reloadInterval = Duration.ofSeconds(10);
        private TlsProvider provider = TlsProvider.AUTO;
        private List<TlsVersion> versions = List.of(TlsVersion.TLS_1_3, TlsVersion.TLS_1_2);
        private @Nullable List<String> ciphers;
        private boolean verifyHostName = true;
        private @Nullable String serverName;
        private boolean sessionResumption = true;
        private int sessionCacheSize = 1024;
        private Duration sessionTimeout = Duration.ofHours(1);
        private boolean insecureTrustAll;
        private LongSupplier clockNs = System::nanoTime;
        private Executor reloadExecutor = ForkJoinPool.commonPool();

        private Builder() {}

        /** Trusts the certificates in a PEM file, instead of the JDK's trust store. May be called again to add more. */
        public Builder trust(Path pem) {
            return trustPem(MaterialSource.of("trust", requireNonNull(pem, "pem")));
        }

        /** Trusts the certificates in PEM text; the rest as for {@link #trust(Path)}. */
        public Builder trust(byte[] pem) {
            return trustPem(MaterialSource.of("trust", requireNonNull(pem, "pem")));
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
         * Trusts the certificates in PEM text that {@code pem} returns, which is asked as often as a file would be
         * read; the rest as for {@link #trust(Path)}.
         */
        public Builder trust(Supplier<byte[]> pem) {
            return trustPem(MaterialSource.of("trust", requireNonNull(pem, "pem")));
        }

        private Builder trustPem(MaterialSource source) {
            trusted.add(new Material<>(List.of(source), () -> Pem.certificates(source)));
            return this;
        }

        /** Trusts the trusted certificates of a key store, PKCS#12 or JKS; the rest as for {@link #trust(Path)}. */
        public Builder trustStore(Path store, char[] password) {
            MaterialSource source = MaterialSource.of("trustStore", requireNonNull(store, "store"));
            KeyStoreFile file = new KeyStoreFile(source, password);
            trusted.add(new Material<>(List.of(source), file::trusted));
            return this;
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
         * Presents a certificate to servers that ask for one (mTLS). The last of the methods about an identity counts.
         *
         * @param certificateChain a PEM file with the client's certificate first, then the intermediate ones
         * @param privateKey a PEM file with its key, RSA, EC, or with the JDK's TLS also EdDSA, in PKCS#8,
         *     PKCS#1 or SEC 1, not encrypted
         */
        public Builder identity(Path certificateChain, Path privateKey) {
            return identityPem(fileOf(certificateChain), fileOf(privateKey), null);
        }

        /**
         * Presents a certificate whose key is encrypted; the rest as for {@link #identity(Path, Path)}.
         *
         * @param password what the key, in encrypted PKCS#8, is decrypted with. Copied, and kept for reloads
         */
        public Builder identity(Path certificateChain, Path privateKey, char[] password) {
            return identityPem(fileOf(certificateChain), fileOf(privateKey), password.clone());
        }

        /** Presents a certificate from one PEM file with chain and key; the rest as for {@link #identity(Path, Path)}. */
        public Builder identity(Path chainAndKey) {
            return identityPem(fileOf(chainAndKey));
        }

        /** Presents a certificate from PEM text; the rest as for {@link #identity(Path, Path)}. */
        public Builder identity(byte[] certificateChain, byte[] privateKey) {
            return identityPem(certificateOf(certificateChain), keyOf(privateKey), null);
        }

        /**
         * Presents a certificate from PEM text whose key is encrypted; the rest as for {@link #identity(Path, Path)}.
         *
         * @param password what the key, in encrypted PKCS#8, is decrypted with. Copied
         */
        public Builder identity(byte[] certificateChain, byte[] privateKey, char[] password) {
            return identityPem(certificateOf(certificateChain), keyOf(privateKey), password.clone());
        }

        private static MaterialSource certificateOf(byte[] pem) {
            return MaterialSource.of("identity certificate", requireNonNull(pem, "certificateChain"));
        }

        private static MaterialSource keyOf(byte[] pem) {
            return MaterialSource.of("identity key", requireNonNull(pem, "privateKey"));
        }

        /**
         * Presents a certificate from PEM text, chain and key, that the supplier returns; it is asked as often as a
         * file would be read. The rest as for {@link #identity(Path, Path)}.
         */
        public Builder identity(Supplier<byte[]> chainAndKey) {
            return identityPem(MaterialSource.of("identity", requireNonNull(chainAndKey, "chainAndKey")));
        }

        /**
         * Presents the certificate of the only private key in a key store, PKCS#12 or JKS.
         *
         * @param password of the store and of the key. Copied, and kept for reloads
         */
        public Builder identityStore(Path store, char[] password) {
            MaterialSource source = MaterialSource.of("identityStore", requireNonNull(store, "store"));
            KeyStoreFile file = new KeyStoreFile(source, password);
            identity = new Material<>(List.of(source), file::identity);
            return this;
        }

        /**
         * Asks {@code keyManager} in each handshake for the certificate and the key. With BoringSSL the key must give
         * its encoded form. Excludes the other ways to an identity.
         */
        public Builder keyManager(X509KeyManager keyManager) {
            this.keyManager = requireNonNull(keyManager, "keyManager");
            return this;
        }

        private Builder identityPem(MaterialSource chain, MaterialSource key, char @Nullable [] password) {
            identity = new Material<>(List.of(chain, key), () -> ClientIdentity.read(chain, key, password));
            return this;
        }

        private Builder identityPem(MaterialSource chainAndKey) {
            identity = new Material<>(List.of(chainAndKey), () -> {
                // Read once, since a second reading might be of something newer.
                MaterialSource read = chainAndKey.snapshot();
                return ClientIdentity.read(read, read, null);
            });
            return this;
        }

        private static MaterialSource fileOf(Path file) {
            return MaterialSource.of("identity", requireNonNull(file, "file"));
        }

        /**
         * Sets how long files and suppliers are not looked at again once they were. Default 10 s; zero for never, but
         * by {@link ClientTls#reload()}.
         */
        public Builder reloadInterval(Duration interval) {
            reloadInterval = requireNonNull(interval, "interval");
            return this;
        }

        /** Chooses the implementation. Default {@link TlsProvider#AUTO}. */
        public Builder provider(TlsProvider provider) {
            this.provider = requireNonNull(provider, "provider");
            return this;
        }

        /** Offers these versions of TLS and no other. Default both. */
        public Builder versions(TlsVersion first, TlsVersion... others) {
            versions = List.copyOf(EnumSet.of(first, others));
            return this;
        }

        /**
         * Offers these cipher suites and no other, the preferred first, by their IANA names like {@code
         * TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}; at least one for each of the {@link #versions}. With BoringSSL the
         * three suites of TLS 1.3 are offered always and must all be named.
         */
        public Builder ciphers(List<String> suites) {
            ciphers = List.copyOf(suites);
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
         * Lets connections resume the session of an earlier one to the same host and port, which saves checking the
         * certificate, and for TLS 1.2 a round trip. Default true.
         */
        public Builder sessionResumption(boolean resume) {
            sessionResumption = resume;
            return this;
        }

        /** Sets how many sessions are remembered for resumption. Default 1024, from 1. */
        public Builder sessionCacheSize(int sessions) {
            sessionCacheSize = sessions;
            return this;
        }

        /**
         * Sets how long a session may be resumed after its certificate was checked; a server may allow less. Default
         * 1 h, from 1 s to 7 days (RFC 8446 section 4.6.1).
         */
        public Builder sessionTimeout(Duration timeout) {
            sessionTimeout = requireNonNull(timeout, "timeout");
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

        /** For tests: the time that intervals are measured in, and who reads files. */
        Builder reloadsBy(LongSupplier clockNs, Executor executor) {
            this.clockNs = clockNs;
            this.reloadExecutor = executor;
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
            checkExclusions();
            checkRanges();
            TlsProvider resolved = provider.resolve();
            if (ciphers != null) {
                CipherSuites.check(ciphers, versions, resolved);
            }
            PeerName name = serverName == null ? null : parseServerName(serverName);
            TlsConfig config = new TlsConfig(
                    resolved,
                    versions,
                    ciphers == null ? CipherSuites.DEFAULTS : ciphers,
                    verifyHostName && !insecureTrustAll,
                    List.copyOf(trusted),
                    trustManager,
                    insecureTrustAll,
                    identity,
                    keyManager,
                    new TlsConfig.Sessions(sessionResumption, sessionCacheSize, sessionTimeout));
            ContextFactory factory = new ContextFactory(config);
            return new ClientTls(new ReloadingContext(factory, reloadInterval, clockNs, reloadExecutor), config, name);
        }

        private void checkExclusions() {
            int sources = (trusted.isEmpty() ? 0 : 1) + (trustManager == null ? 0 : 1) + (insecureTrustAll ? 1 : 0);
            if (sources > 1) {
                throw new IllegalArgumentException("trust, trustManager, insecureTrustAll: " + sources
                        + " of them are set (expected: at most one)");
            }
            if (identity != null && keyManager != null) {
                throw new IllegalArgumentException("identity, keyManager: both are set (expected: at most one)");
            }
        }

        private void checkRanges() {
            if (reloadInterval.isNegative()) {
                throw new IllegalArgumentException("reloadInterval: " + reloadInterval + " (expected: zero or more)");
            }
            if (sessionCacheSize < 1) {
                throw new IllegalArgumentException("sessionCacheSize: " + sessionCacheSize
                        + " (expected: 1 or more; sessionResumption(false) remembers none)");
            }
            if (sessionTimeout.toSeconds() < 1 || sessionTimeout.compareTo(Duration.ofDays(7)) > 0) {
                throw new IllegalArgumentException("sessionTimeout: " + sessionTimeout + " (expected: 1 s to 7 days)");
            }
        }

        private static PeerName parseServerName(String name) {
            try {
                return PeerName.of(name);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("serverName: " + name + " (expected: a host name)", e);
            }
        }
    }
}
