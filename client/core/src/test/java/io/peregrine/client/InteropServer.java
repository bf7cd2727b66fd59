package io.peregrine.client;

import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.testing.integration.TestServiceImpl;
import io.netty.handler.ssl.SslProvider;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** grpc-java's interop test service on grpc-netty, on a loopback port of its own. */
public final class InteropServer implements AutoCloseable {
    /** The name in the certificate of a TLS server. */
    public static final String HOST = "localhost";

    private final ScheduledExecutorService executor = Executors.newScheduledThreadPool(2);
    private final Server server;
    private final @Nullable X509Bundle certificate;

    private InteropServer(@Nullable X509Bundle certificate) throws Exception {
        this(certificate, NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)));
    }

    private InteropServer(@Nullable X509Bundle certificate, NettyServerBuilder builder) throws Exception {
        this.certificate = certificate;
        builder.maxInboundMessageSize(16 << 20)
                .addService(
                        ServerInterceptors.intercept(new TestServiceImpl(executor), TestServiceImpl.interceptors()));
        if (certificate != null) {
            builder.sslContext(GrpcSslContexts.configure(
                            io.netty.handler.ssl.SslContextBuilder.forServer(certificate.toKeyManagerFactory()),
                            SslProvider.JDK)
                    .build());
        }
        this.server = builder.build().start();
    }

    public static InteropServer plaintext() throws Exception {
        return new InteropServer(null);
    }

    public static InteropServer tls() throws Exception {
        return new InteropServer(newCertificate());
    }

    /** A server on an address and event loops of the caller's. */
    public static InteropServer on(NettyServerBuilder builder, boolean tls) throws Exception {
        return new InteropServer(tls ? newCertificate() : null, builder);
    }

    private static X509Bundle newCertificate() throws Exception {
        return new CertificateBuilder()
                .subject("CN=" + HOST)
                .addSanDnsName(HOST)
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
    }

    public String target() {
        return "dns:///" + HOST + ":" + server.getPort();
    }

    public int port() {
        return server.getPort();
    }

    public byte[] certificatePem() {
        if (certificate == null) {
            throw new IllegalStateException("a plaintext server has no certificate");
        }
        return certificate.getCertificatePathPEM().getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public void close() throws IOException {
        server.shutdownNow();
        executor.shutdownNow();
        try {
            if (!server.awaitTermination(10, TimeUnit.SECONDS)) {
                throw new IOException("the interop server did not stop");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
