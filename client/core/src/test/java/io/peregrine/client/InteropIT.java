package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.ByteString;
import io.grpc.testing.integration.EmptyProtos.Empty;
import io.grpc.testing.integration.Messages.EchoStatus;
import io.grpc.testing.integration.Messages.Payload;
import io.grpc.testing.integration.Messages.SimpleRequest;
import io.grpc.testing.integration.Messages.SimpleResponse;
import io.grpc.testing.integration.Messages.StreamingOutputCallRequest;
import io.peregrine.client.credentials.ChannelCredentials;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.credentials.TlsCredentials;
import io.peregrine.transport.io.EventLoops;
import io.peregrine.transport.io.IoBackend;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The unary cases of gRPC's interop test descriptions against grpc-java's own server, over every I/O back end that the
 * machine has, in plaintext and TLS.
 */
@ParameterizedClass
@MethodSource("transports")
class InteropIT {
    private static final MethodDescriptor<Empty, Empty> EMPTY_CALL =
            method("EmptyCall", Empty.parser(), Empty.parser());
    private static final MethodDescriptor<SimpleRequest, SimpleResponse> UNARY_CALL =
            method("UnaryCall", SimpleRequest.parser(), SimpleResponse.parser());
    private static final MethodDescriptor<Empty, Empty> UNIMPLEMENTED_CALL =
            method("UnimplementedCall", Empty.parser(), Empty.parser());
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(30));

    enum Security {
        PLAINTEXT,
        TLS
    }

    private final IoBackend backend;
    private final Security security;
    private EventLoops loops;
    private InteropServer server;
    private ClientConn conn;

    InteropIT(IoBackend backend, Security security) {
        this.backend = backend;
        this.security = security;
    }

    static Stream<Arguments> transports() {
        return Stream.of(IoBackend.values())
                .filter(IoBackend::isAvailable)
                .flatMap(backend -> Stream.of(Security.values()).map(security -> Arguments.of(backend, security)));
    }

    @BeforeEach
    void start() throws Exception {
        server = security == Security.TLS ? InteropServer.tls() : InteropServer.plaintext();
        ChannelCredentials credentials = security == Security.TLS
                ? TlsCredentials.builder().trust(server.certificatePem()).build()
                : InsecureCredentials.create();
        loops = EventLoops.create(backend, 1, "interop");
        conn = ClientConn.builder(server.target())
                .credentials(credentials)
                .eventLoops(loops)
                .maxInboundMessageBytes(16 << 20)
                .build();
    }

    @AfterEach
    void stop() throws Exception {
        conn.close();
        loops.close();
        server.close();
    }

    @Test
    void emptyUnary() {
        assertThat(conn.invoke(EMPTY_CALL, Empty.getDefaultInstance(), OPTIONS)).isEqualTo(Empty.getDefaultInstance());
    }

    @Test
    void largeUnary() {
        SimpleResponse response = conn.invoke(UNARY_CALL, request(271_828, 314_159), OPTIONS);

        assertThat(response.getPayload().getBody()).hasSize(314_159);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 1023, 16_379, 16_384, 65_535, 65_536, 1 << 20, 4 << 20})
    void carriesMessagesOfAnySizeBothWays(int bytes) {
        SimpleResponse response = conn.invoke(UNARY_CALL, request(bytes, bytes), OPTIONS);

        assertThat(response.getPayload().getBody()).isEqualTo(ByteString.copyFrom(new byte[bytes]));
    }

    @Test
    void statusCodeAndMessage() {
        SimpleRequest request = SimpleRequest.newBuilder()
                .setResponseStatus(EchoStatus.newBuilder().setCode(2).setMessage("test status message"))
                .build();

        assertThatExceptionOfType(StatusException.class)
                .isThrownBy(() -> conn.invoke(UNARY_CALL, request, OPTIONS))
                .satisfies(failure -> assertThat(failure.code()).isEqualTo(StatusCode.UNKNOWN))
                .satisfies(failure -> assertThat(failure.status().message()).isEqualTo("test status message"))
                .withMessageContaining(server.target())
                .withMessageContaining("UnaryCall");
    }

    @Test
    void specialStatusMessage() {
        String message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
        SimpleRequest request = SimpleRequest.newBuilder()
                .setResponseStatus(EchoStatus.newBuilder().setCode(2).setMessage(message))
                .build();

        assertThatExceptionOfType(StatusException.class)
                .isThrownBy(() -> conn.invoke(UNARY_CALL, request, OPTIONS))
                .satisfies(failure -> assertThat(failure.status().message()).isEqualTo(message));
    }

    @Test
    void unimplementedMethod() {
        assertThatExceptionOfType(StatusException.class)
                .isThrownBy(() -> conn.invoke(UNIMPLEMENTED_CALL, Empty.getDefaultInstance(), OPTIONS))
                .satisfies(failure -> assertThat(failure.code()).isEqualTo(StatusCode.UNIMPLEMENTED));
    }

    @Test
    void unimplementedService() {
        MethodDescriptor<Empty, Empty> unknown = MethodDescriptor.unary(
                "grpc.testing.UnimplementedService/UnimplementedCall",
                Marshallers.protobuf(Empty.parser()),
                Marshallers.protobuf(Empty.parser()));

        assertThatExceptionOfType(StatusException.class)
                .isThrownBy(() -> conn.invoke(unknown, Empty.getDefaultInstance(), OPTIONS))
                .satisfies(failure -> assertThat(failure.code()).isEqualTo(StatusCode.UNIMPLEMENTED));
    }

    @Test
    void customMetadata() {
        Metadata.Key<String> initial = Metadata.Key.of("x-grpc-test-echo-initial");
        Metadata.Key<byte[]> trailing = Metadata.Key.binary("x-grpc-test-echo-trailing-bin");
        byte[] octets = {(byte) 0xab, (byte) 0xab, (byte) 0xab};
        Metadata sent = Metadata.builder()
                .put(initial, "test_initial_metadata_value")
                .put(trailing, octets)
                .build();

        UnaryResponse<SimpleResponse> response =
                conn.invokeForResponse(UNARY_CALL, request(10, 10), OPTIONS.withMetadata(sent));

        assertThat(response.headers().get(initial)).isEqualTo("test_initial_metadata_value");
        assertThat(response.trailers().get(trailing)).isEqualTo(octets);
    }

    @Test
    void timeoutOnSleepingServer() {
        long start = System.nanoTime();

        assertThatExceptionOfType(StatusException.class)
                .isThrownBy(
                        () -> conn.invoke(slowCall(), slowRequest(), CallOptions.deadlineAfter(Duration.ofMillis(100))))
                .satisfies(failure -> assertThat(failure.code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED));
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(15));
    }

    @Test
    void aDeadlineTooShortForTheConnectionIsExceededWhileWaitingForIt() {
        assertThatExceptionOfType(StatusException.class)
                .isThrownBy(
                        () -> conn.invoke(UNARY_CALL, request(1, 1), CallOptions.deadlineAfter(Duration.ofNanos(1))))
                .satisfies(failure -> assertThat(failure.code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED));
    }

    @Test
    void cancelEndsACallThatTheServerIsWorkingOn() throws Exception {
        conn.invoke(EMPTY_CALL, Empty.getDefaultInstance(), OPTIONS);
        CompletableFuture<StatusException> ended = new CompletableFuture<>();
        Cancellable call = conn.invokeAsync(slowCall(), slowRequest(), OPTIONS, new UnaryCallback<>() {
            @Override
            public void onSuccess(SimpleResponse response, Metadata trailers) {
                ended.completeExceptionally(new AssertionError("the call succeeded"));
            }

            @Override
            public void onFailure(StatusException failure) {
                ended.complete(failure);
            }
        });

        call.cancel();
        call.cancel();

        assertThat(ended.get(20, TimeUnit.SECONDS).code()).isEqualTo(StatusCode.CANCELLED);
    }

    @Test
    void aFutureFailsWithTheStatus() throws Exception {
        CompletableFuture<Empty> future = conn.invokeFuture(UNIMPLEMENTED_CALL, Empty.getDefaultInstance(), OPTIONS);

        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(() -> future.get(10, TimeUnit.SECONDS))
                .withCauseInstanceOf(StatusException.class);
    }

    @Test
    void manyCallsAtOnceAreEachAnsweredOnce() throws Exception {
        CompletableFuture<?>[] calls = new CompletableFuture<?>[500];
        for (int i = 0; i < calls.length; i++) {
            int size = i;
            calls[i] = conn.invokeFuture(UNARY_CALL, request(10, size), OPTIONS)
                    .thenAccept(response ->
                            assertThat(response.getPayload().getBody()).hasSize(size));
        }

        CompletableFuture.allOf(calls).get(30, TimeUnit.SECONDS);
    }

    @Test
    void anOversizedResponseIsResourceExhaustedAndTheConnectionLives() {
        try (ClientConn small = smallConn()) {
            assertThatExceptionOfType(StatusException.class)
                    .isThrownBy(() -> small.invoke(UNARY_CALL, request(1, 100_000), OPTIONS))
                    .satisfies(failure -> assertThat(failure.code()).isEqualTo(StatusCode.RESOURCE_EXHAUSTED))
                    .withMessageContaining("1000");
            assertThat(small.invoke(UNARY_CALL, request(1, 10), OPTIONS)
                            .getPayload()
                            .getBody())
                    .hasSize(10);
        }
    }

    private ClientConn smallConn() {
        ChannelCredentials credentials = security == Security.TLS
                ? TlsCredentials.builder().trust(server.certificatePem()).build()
                : InsecureCredentials.create();
        return ClientConn.builder(server.target())
                .credentials(credentials)
                .maxInboundMessageBytes(1000)
                .build();
    }

    /** StreamingOutputCall waits as long as it is told before it answers; one answer makes it look unary. */
    private static MethodDescriptor<StreamingOutputCallRequest, SimpleResponse> slowCall() {
        return method("StreamingOutputCall", StreamingOutputCallRequest.parser(), SimpleResponse.parser());
    }

    private static StreamingOutputCallRequest slowRequest() {
        return StreamingOutputCallRequest.newBuilder()
                .addResponseParameters(io.grpc.testing.integration.Messages.ResponseParameters.newBuilder()
                        .setSize(1)
                        .setIntervalUs(20_000_000))
                .build();
    }

    private static SimpleRequest request(int requestBytes, int responseBytes) {
        return SimpleRequest.newBuilder()
                .setResponseSize(responseBytes)
                .setPayload(Payload.newBuilder().setBody(ByteString.copyFrom(new byte[requestBytes])))
                .build();
    }

    private static <Q extends com.google.protobuf.MessageLite, R extends com.google.protobuf.MessageLite>
            MethodDescriptor<Q, R> method(
                    String name, com.google.protobuf.Parser<Q> request, com.google.protobuf.Parser<R> response) {
        return MethodDescriptor.unary(
                "grpc.testing.TestService/" + name, Marshallers.protobuf(request), Marshallers.protobuf(response));
    }
}
