package io.peregrine.jmh.peer;

import io.grpc.netty.GrpcSslContexts;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslProvider;
import io.peregrine.client.credentials.TlsCredentials;
import io.peregrine.transport.tls.TlsProvider;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The certificate that a server is trusted by, as each client takes it: both on BoringSSL, and with the ciphers and
 * versions that they offer by themselves. Any thread.
 */
public final class ServerTrust {
    private final Path certificatePem;
    private final boolean shared;
    private @Nullable TlsCredentials peregrine;
    private @Nullable SslContext grpcJava;

    private ServerTrust(Path certificatePem, boolean shared) {
        this.certificatePem = certificatePem;
        this.shared = shared;
    }

    /** Each channel reads the file by itself and starts without sessions to resume. */
    public static ServerTrust ofEach(Path certificatePem) {
        return new ServerTrust(certificatePem, false);
    }

    /** All channels of a client share what was made of the file, with the sessions that it keeps, if it does. */
    public static ServerTrust shared(Path certificatePem) {
        return new ServerTrust(certificatePem, true);
    }

    synchronized TlsCredentials forPeregrine() {
        TlsCredentials made = peregrine;
        if (made == null || !shared) {
            made = TlsCredentials.builder()
                    .trust(certificatePem)
                    .provider(TlsProvider.BORINGSSL)
                    .build();
            peregrine = made;
        }
        return made;
    }

    synchronized SslContext forGrpcJava() {
        SslContext made = grpcJava;
        if (made == null || !shared) {
            try {
                made = GrpcSslContexts.configure(
                                GrpcSslContexts.forClient().trustManager(certificatePem.toFile()), SslProvider.OPENSSL)
                        .build();
            } catch (SSLException unusable) {
                throw new UncheckedIOException("tls: " + certificatePem + " (expected: a PEM certificate)", unusable);
            }
            grpcJava = made;
        }
        return made;
    }
}
