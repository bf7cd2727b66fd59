package io.peregrine.grpcjava;

import io.grpc.Server;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.testing.integration.TestServiceImpl;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** grpc-java's interop test service, or another one, on grpc-netty, on a loopback port of its own. */
final class InteropServer implements AutoCloseable {
    private final ScheduledExecutorService executor = Executors.newScheduledThreadPool(2);
    private final @Nullable X509Bundle certificate;
    private final Server server;

    private InteropServer(@Nullable X509Bundle certificate, List<ServerInterceptor> interceptors) throws Exception {
        this.certificate = certificate;
        List<ServerInterceptor> all = new ArrayList<>(TestServiceImpl.interceptors());
        all.addAll(interceptors);
        this.server =
                start(certificate, ServerInterceptors.intercept(new TestServiceImpl(executor).bindService(), all));
    }

    private static Server start(@Nullable X509Bundle certificate, ServerServiceDefinition service) throws Exception {
        NettyServerBuilder builder = NettyServerBuilder.forAddress(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .maxInboundMessageSize(16 << 20)
                .addService(service);
        if (certificate != null) {
            builder.sslContext(GrpcSslContexts.configure(
                            SslContextBuilder.forServer(certificate.toKeyManagerFactory()), SslProvider.JDK)
                    .build());
        }
        return builder.build().start();
    }

    static InteropServer plaintext(ServerInterceptor... interceptors) throws Exception {
        return new InteropServer(null, Arrays.asList(interceptors));
    }

    static InteropServer tls() throws Exception {
        return new InteropServer(
                new CertificateBuilder()
                        .subject("CN=localhost")
                        .addSanDnsName("localhost")
                        .setIsCertificateAuthority(true)
                        .buildSelfSigned(),
                List.of());
    }

    String target() {
        return "dns:///localhost:" + port();
    }

    int port() {
        return server.getPort();
    }

    byte[] certificatePem() {
        return Objects.requireNonNull(certificate).getCertificatePathPEM().getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public void close() {
        try {
            server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        } finally {
            executor.shutdownNow();
        }
    }
}
