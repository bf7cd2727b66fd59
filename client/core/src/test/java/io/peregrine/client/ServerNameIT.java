package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.testing.integration.EmptyProtos.Empty;
import io.peregrine.client.credentials.TlsCredentials;
import io.peregrine.client.resolver.Endpoint;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The name that the resolver gives a server (SPEC SC-9, TG-6), against a server whose certificate is for localhost. */
class ServerNameIT {
    private static final MethodDescriptor<Empty, Empty> EMPTY_CALL = MethodDescriptor.unary(
            "grpc.testing.TestService/EmptyCall",
            Marshallers.protobuf(Empty.parser()),
            Marshallers.protobuf(Empty.parser()));
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(20));

    private final List<String> authorities = new CopyOnWriteArrayList<>();
    private InteropServer server;

    @BeforeEach
    void start() throws Exception {
        server = InteropServer.on(
                NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                        .intercept(new ServerInterceptor() {
                            @Override
                            public <Q, R> ServerCall.Listener<Q> interceptCall(
                                    ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
                                authorities.add(String.valueOf(call.getAuthority()));
                                return next.startCall(call, headers);
                            }
                        }),
                true);
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
    }

    @Test
    void sc9AndTg6TheServersOwnNameIsVerifiedAndIsTheAuthority() throws Exception {
        try (ClientConn conn = connect("localhost").build()) {
            conn.invoke(EMPTY_CALL, Empty.getDefaultInstance(), OPTIONS);
            conn.invoke(EMPTY_CALL, Empty.getDefaultInstance(), OPTIONS.withAuthority("own.test"));

            assertThat(authorities).containsExactly("localhost", "own.test");
        }
    }

    @Test
    void sc9WithoutANameTheChannelsAuthorityIsVerified() throws Exception {
        try (ClientConn conn = connect(null).build()) {
            assertThatExceptionOfType(StatusException.class)
                    .isThrownBy(() -> conn.invoke(EMPTY_CALL, Empty.getDefaultInstance(), OPTIONS))
                    .withMessageContaining("any.test");
            assertThat(authorities).isEmpty();
        }
    }

    @Test
    void sc9AnAuthorityThatTheUserSetIsVerifiedWhateverTheResolverSays() throws Exception {
        try (ClientConn conn = connect("elsewhere.test").authority("localhost").build()) {
            conn.invoke(EMPTY_CALL, Empty.getDefaultInstance(), OPTIONS);

            assertThat(authorities).containsExactly("localhost");
        }
    }

    private ClientConnBuilder connect(@Nullable String name) {
        Endpoint endpoint = GivenEndpoints.loopback(server.port())[0];
        return ClientConn.builder("given:///any.test")
                .credentials(
                        TlsCredentials.builder().trust(server.certificatePem()).build())
                .resolver(new GivenEndpoints(name == null ? endpoint : endpoint.with(Endpoint.SERVER_NAME, name)));
    }
}
