package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.testing.integration.EmptyProtos.Empty;
import io.netty.util.AsciiString;
import io.peregrine.client.credentials.InsecureCredentials;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a server that is not ours makes of request metadata (SPEC MD-1 to MD-7). */
class MetadataIT {
    private static final MethodDescriptor<Empty, Empty> EMPTY_CALL = MethodDescriptor.unary(
            "grpc.testing.TestService/EmptyCall",
            Marshallers.protobuf(Empty.parser()),
            Marshallers.protobuf(Empty.parser()));
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(30));
    private static final Metadata.Key<String> TEXT = Metadata.Key.of("X-Text");
    private static final Metadata.Key<byte[]> BINARY = Metadata.Key.binary("x-trace-bin");

    private final BlockingQueue<Request> requests = new LinkedBlockingQueue<>();
    private InteropServer server;
    private ClientConn conn;

    private record Request(io.grpc.Metadata headers, String authority) {}

    @BeforeEach
    void start() throws Exception {
        server = InteropServer.on(
                NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                        .intercept(new ServerInterceptor() {
                            @Override
                            public <Q, R> ServerCall.Listener<Q> interceptCall(
                                    ServerCall<Q, R> call, io.grpc.Metadata headers, ServerCallHandler<Q, R> next) {
                                requests.add(new Request(headers, call.getAuthority()));
                                return next.startCall(call, headers);
                            }
                        }),
                false);
        conn = ClientConn.builder(server.target())
                .credentials(InsecureCredentials.create())
                .applicationName("quotes/7")
                .build();
    }

    @AfterEach
    void stop() throws Exception {
        conn.close();
        server.close();
    }

    @Test
    void md1AndMd4NamesAreLowerCaseAndValuesInTheirOrder() throws Exception {
        Metadata metadata = Metadata.builder()
                .put(TEXT, "one")
                .put(TEXT, " a,b ")
                .put(TEXT, "")
                .build();

        assertThat(call(OPTIONS.withMetadata(metadata)).headers().getAll(text("x-text")))
                .containsExactly("one", "a,b", "");
    }

    @Test
    void md3BinaryValuesArriveByteForByte() throws Exception {
        byte[] all = new byte[256];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) i;
        }
        Metadata metadata = Metadata.builder()
                .put(BINARY, all)
                .put(BINARY, new byte[] {1})
                .put(BINARY, new byte[0])
                .build();

        assertThat(call(OPTIONS.withMetadata(metadata))
                        .headers()
                        .getAll(io.grpc.Metadata.Key.of("x-trace-bin", io.grpc.Metadata.BINARY_BYTE_MARSHALLER)))
                .containsExactly(all, new byte[] {1}, new byte[0]);
    }

    @Test
    void md5WhatAServerSaidOfRetriesIsNotHandedOn() throws Exception {
        Metadata.Builder received = Metadata.builder();
        received.tryReceive(new AsciiString("grpc-previous-rpc-attempts"), new AsciiString("3"));
        received.put(TEXT, "kept");

        io.grpc.Metadata headers = call(OPTIONS.withMetadata(received.build())).headers();

        assertThat(headers.get(text("x-text"))).isEqualTo("kept");
        assertThat(headers.containsKey(text("grpc-previous-rpc-attempts"))).isFalse();
    }

    @Test
    void md7TheUserAgentNamesTheApplicationAndTheLibrary() throws Exception {
        assertThat(call(OPTIONS).headers().get(text("user-agent"))).startsWith("quotes/7 grpc-java-peregrine/");
    }

    /** TG-6. */
    @Test
    void aCallMayNameAnotherAuthority() throws Exception {
        assertThat(call(OPTIONS.withAuthority("tenant.test:443")).authority()).isEqualTo("tenant.test:443");
        assertThat(call(OPTIONS).authority()).isEqualTo("localhost:" + server.port());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a\r\nx: y", "é"})
    void anIllegalAuthorityEndsItsCallOnly(String authority) throws Exception {
        call(OPTIONS);

        assertThatExceptionOfType(StatusException.class)
                .isThrownBy(() -> call(OPTIONS.withAuthority(authority)))
                .satisfies(failure -> assertThat(failure.code()).isEqualTo(StatusCode.INTERNAL))
                .withMessageContaining("the call's authority: \"" + authority + "\"");

        assertThat(conn.connections()).hasSize(1);
        call(OPTIONS);
    }

    private Request call(CallOptions options) throws InterruptedException {
        conn.invoke(EMPTY_CALL, Empty.getDefaultInstance(), options);
        Request request = requests.poll(10, TimeUnit.SECONDS);
        assertThat(request).as("the request at the server").isNotNull();
        return request;
    }

    private static io.grpc.Metadata.Key<String> text(String name) {
        return io.grpc.Metadata.Key.of(name, io.grpc.Metadata.ASCII_STRING_MARSHALLER);
    }
}
