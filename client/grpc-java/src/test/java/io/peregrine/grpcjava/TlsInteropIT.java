package io.peregrine.grpcjava;

import static org.junit.Assert.assertNotNull;

import io.grpc.ChannelCredentials;
import io.grpc.ServerCredentials;
import io.grpc.TlsChannelCredentials;
import io.grpc.TlsServerCredentials;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.junit.BeforeClass;
import org.junit.Test;

/** {@link GrpcJavaInterop} over TLS, with a certificate on both sides. */
public class TlsInteropIT extends GrpcJavaInterop {
    private static X509Bundle authority;
    private static X509Bundle serverIdentity;
    private static X509Bundle clientIdentity;

    /** Certificates for the whole class: their keys take long to make. */
    @BeforeClass
    public static void issue() throws Exception {
        authority = new CertificateBuilder()
                .subject("CN=authority")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        serverIdentity = new CertificateBuilder()
                .subject("CN=localhost")
                .addSanDnsName("localhost")
                .buildIssuedBy(authority);
        clientIdentity = new CertificateBuilder().subject("CN=client").buildIssuedBy(authority);
    }

    @Override
    protected ServerCredentials serverCredentials() {
        try {
            return TlsServerCredentials.newBuilder()
                    .keyManager(pem(serverIdentity.getCertificatePathPEM()), pem(serverIdentity.getPrivateKeyPEM()))
                    .trustManager(pem(authority.getCertificatePathPEM()))
                    .clientAuth(TlsServerCredentials.ClientAuth.REQUIRE)
                    .build();
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    @Override
    protected PeregrineChannelBuilder channelTo(String host, int port) {
        try {
            ChannelCredentials credentials = TlsChannelCredentials.newBuilder()
                    .keyManager(pem(clientIdentity.getCertificatePathPEM()), pem(clientIdentity.getPrivateKeyPEM()))
                    .trustManager(pem(authority.getCertificatePathPEM()))
                    .build();
            return PeregrineChannelBuilder.forAddress(host, port, credentials);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    /** As grpc-java's own suites for TLS have it. */
    @Test
    public void theServerSeesTheClientsCertificate() {
        assertNotNull(obtainRemoteClientAddr());
        assertX500SubjectDn("CN=client");
    }

    private static InputStream pem(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII));
    }
}
