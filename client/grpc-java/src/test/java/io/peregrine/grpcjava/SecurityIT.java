package io.peregrine.grpcjava;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Attributes;
import io.grpc.CallCredentials;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.ClientCall;
import io.grpc.CompositeChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.SecurityLevel;
import io.grpc.ServerCredentials;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.TlsServerCredentials;
import io.grpc.stub.ClientCalls;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Credentials of grpc-java, for channels and for calls, against its server. */
class SecurityIT {
    private static final Metadata.Key<String> TOKEN = Metadata.Key.of("x-token", Metadata.ASCII_STRING_MARSHALLER);

    private static X509Bundle authority;
    private static X509Bundle identity;
    private final List<ManagedChannel> channels = new ArrayList<>();

    @BeforeAll
    static void issue() throws Exception {
        authority = new CertificateBuilder()
                .subject("CN=authority")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        identity = new CertificateBuilder()
                .subject("CN=localhost")
                .addSanDnsName("localhost")
                .buildIssuedBy(authority);
    }

    @AfterEach
    void stop() throws Exception {
        for (ManagedChannel channel : channels) {
            channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void trustsTheRootsInPem() throws Exception {
        try (EchoServer server = EchoServer.start(serverCredentials(TlsServerCredentials.ClientAuth.NONE))) {
            ChannelCredentials trusting =
                    TlsChannelCredentials.newBuilder().trustManager(roots()).build();
            ManagedChannel channel = channel(server, trusting);

            assertThat(unary(channel, CallOptions.DEFAULT)).isEqualTo("x");
        }
    }

    @Test
    void distrustsWhatTheRootsDoNotVouchFor() throws Exception {
        X509Bundle stranger = new CertificateBuilder()
                .subject("CN=stranger")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        try (EchoServer server = EchoServer.start(serverCredentials(TlsServerCredentials.ClientAuth.NONE))) {
            ManagedChannel channel = channel(
                    server,
                    TlsChannelCredentials.newBuilder()
                            .trustManager(pem(stranger.getCertificatePathPEM()))
                            .build());

            assertThatThrownBy(() -> unary(channel, CallOptions.DEFAULT))
                    .isInstanceOfSatisfying(
                            StatusRuntimeException.class,
                            failed -> assertThat(failed.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE));
        }
    }

    @Test
    void trustAndKeyManagersServeToo() throws Exception {
        try (EchoServer server = EchoServer.start(serverCredentials(TlsServerCredentials.ClientAuth.REQUIRE))) {
            ManagedChannel channel = channel(
                    server,
                    TlsChannelCredentials.newBuilder()
                            .trustManager(authority.toTrustManagerFactory().getTrustManagers())
                            .keyManager(identity.toKeyManagerFactory().getKeyManagers())
                            .build());

            assertThat(unary(channel, CallOptions.DEFAULT)).isEqualTo("x");
        }
    }

    @Test
    void showsACertificateInPem() throws Exception {
        try (EchoServer server = EchoServer.start(serverCredentials(TlsServerCredentials.ClientAuth.REQUIRE))) {
            ManagedChannel channel = channel(
                    server,
                    TlsChannelCredentials.newBuilder()
                            .trustManager(roots())
                            .keyManager(pem(identity.getCertificatePathPEM()), pem(identity.getPrivateKeyPEM()))
                            .build());

            assertThat(unary(channel, CallOptions.DEFAULT)).isEqualTo("x");
        }
    }

    @Test
    void aCallShowsItsTlsSession() throws Exception {
        try (EchoServer server = EchoServer.start(serverCredentials(TlsServerCredentials.ClientAuth.NONE))) {
            ManagedChannel channel = channel(
                    server,
                    TlsChannelCredentials.newBuilder().trustManager(roots()).build());
            RecordedCall<String> listener = new RecordedCall<>();
            ClientCall<String, String> call = channel.newCall(EchoServer.UNARY, CallOptions.DEFAULT);
            call.start(listener, new Metadata());
            call.request(2);
            call.sendMessage("x");
            call.halfClose();

            assertThat(listener.await()).isEqualTo(Status.OK);
            SSLSession session = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
            assertThat(session.getPeerCertificates()).isNotEmpty();
        }
    }

    @Test
    void callCredentialsAddHeadersToEachCall() throws Exception {
        try (EchoServer server = EchoServer.start()) {
            Token ofChannel = new Token("channel");
            ManagedChannel channel =
                    channel(server, CompositeChannelCredentials.create(InsecureChannelCredentials.create(), ofChannel));

            assertThat(unary(channel, CallOptions.DEFAULT.withCallCredentials(new Token("call"))))
                    .isEqualTo("x");
            assertThat(RecordedCall.next(server.received).getAll(TOKEN)).containsExactly("channel", "call");
            CallCredentials.RequestInfo info = RecordedCall.next(ofChannel.asked);
            assertThat(info.getMethodDescriptor()).isSameAs(EchoServer.UNARY);
            assertThat(info.getSecurityLevel()).isEqualTo(SecurityLevel.NONE);
            assertThat(info.getAuthority()).isEqualTo("localhost:" + server.port());
            assertThat(info.getTransportAttrs()).isEqualTo(Attributes.EMPTY);
        }
    }

    @Test
    void whatCallCredentialsFailWithIsTheStatus() throws Exception {
        try (EchoServer server = EchoServer.start()) {
            ManagedChannel channel = channel(server, InsecureChannelCredentials.create());

            assertThat(codeWith(channel, Status.UNAUTHENTICATED)).isEqualTo(Status.Code.UNAUTHENTICATED);
            assertThat(codeWith(channel, Status.PERMISSION_DENIED)).isEqualTo(Status.Code.PERMISSION_DENIED);
            // A code that only a server may use (gRFC A54).
            assertThat(codeWith(channel, Status.NOT_FOUND)).isEqualTo(Status.Code.INTERNAL);
        }
    }

    @Test
    void callCredentialsThatThrowAreUnauthenticated() throws Exception {
        try (EchoServer server = EchoServer.start()) {
            ManagedChannel channel = channel(server, InsecureChannelCredentials.create());
            CallOptions options = CallOptions.DEFAULT.withCallCredentials(new CallCredentials() {
                @Override
                public void applyRequestMetadata(RequestInfo info, Executor executor, MetadataApplier applier) {
                    throw new IllegalStateException("no token");
                }
            });

            assertThatThrownBy(() -> unary(channel, options))
                    .isInstanceOfSatisfying(
                            StatusRuntimeException.class,
                            failed -> assertThat(failed.getStatus().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED));
        }
    }

    // ---- Parts -----------------------------------------------------------------------------------------------

    private static Status.Code codeWith(Channel channel, Status failure) {
        CallOptions options = CallOptions.DEFAULT.withCallCredentials(new CallCredentials() {
            @Override
            public void applyRequestMetadata(RequestInfo info, Executor executor, MetadataApplier applier) {
                executor.execute(() -> applier.fail(failure));
            }
        });
        try {
            unary(channel, options);
            return Status.Code.OK;
        } catch (StatusRuntimeException failed) {
            return failed.getStatus().getCode();
        }
    }

    private ManagedChannel channel(EchoServer server, ChannelCredentials credentials) {
        ManagedChannel channel =
                PeregrineChannelBuilder.forTarget(server.target(), credentials).build();
        channels.add(channel);
        return channel;
    }

    private static String unary(Channel channel, CallOptions options) {
        return ClientCalls.blockingUnaryCall(channel, EchoServer.UNARY, options, "x");
    }

    private static ServerCredentials serverCredentials(TlsServerCredentials.ClientAuth clients) throws Exception {
        return TlsServerCredentials.newBuilder()
                .keyManager(pem(identity.getCertificatePathPEM()), pem(identity.getPrivateKeyPEM()))
                .trustManager(roots())
                .clientAuth(clients)
                .build();
    }

    private static InputStream roots() {
        return pem(authority.getCertificatePathPEM());
    }

    private static InputStream pem(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** Adds a token, on the executor, and keeps what it was asked. */
    private static final class Token extends CallCredentials {
        private final BlockingQueue<RequestInfo> asked = new LinkedBlockingQueue<>();
        private final String value;

        Token(String value) {
            this.value = value;
        }

        @Override
        public void applyRequestMetadata(RequestInfo info, Executor executor, MetadataApplier applier) {
            asked.add(info);
            executor.execute(() -> {
                Metadata headers = new Metadata();
                headers.put(TOKEN, value);
                applier.apply(headers);
            });
        }
    }
}
