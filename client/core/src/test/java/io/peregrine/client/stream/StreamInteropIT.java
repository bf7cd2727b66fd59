package io.peregrine.client.stream;

import static io.peregrine.client.stream.TestService.EMPTY_CALL;
import static io.peregrine.client.stream.TestService.FULL_DUPLEX_CALL;
import static io.peregrine.client.stream.TestService.HALF_DUPLEX_CALL;
import static io.peregrine.client.stream.TestService.LARGE_RESPONSE_BYTES;
import static io.peregrine.client.stream.TestService.STREAMING_INPUT_CALL;
import static io.peregrine.client.stream.TestService.STREAMING_OUTPUT_CALL;
import static io.peregrine.client.stream.TestService.UNARY_CALL;
import static io.peregrine.client.stream.TestService.UNIMPLEMENTED_CALL;
import static io.peregrine.client.stream.TestService.UNIMPLEMENTED_SERVICE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.testing.integration.EmptyProtos.Empty;
import io.grpc.testing.integration.Messages.EchoStatus;
import io.grpc.testing.integration.Messages.SimpleRequest;
import io.grpc.testing.integration.Messages.SimpleResponse;
import io.grpc.testing.integration.Messages.StreamingInputCallRequest;
import io.grpc.testing.integration.Messages.StreamingInputCallResponse;
import io.grpc.testing.integration.Messages.StreamingOutputCallRequest;
import io.grpc.testing.integration.Messages.StreamingOutputCallResponse;
import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientCall;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientStream;
import io.peregrine.client.Metadata;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.transport.io.IoBackend;
import java.time.Duration;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * gRPC's interop test cases (HOSTILE.md 1.2) through calls with streams, against grpc-java's own server, over every
 * I/O back end that the machine has, in plaintext and TLS.
 */
@ParameterizedClass
@MethodSource("transports")
class StreamInteropIT {
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(30));
    private static final int[] REQUEST_BYTES = {27_182, 8, 1828, 45_904};
    private static final int[] RESPONSE_BYTES = {31_415, 9, 2653, 58_979};

    private final IoBackend backend;
    private final InteropPair.Security security;
    private InteropPair pair;
    private ClientConn conn;

    StreamInteropIT(IoBackend backend, InteropPair.Security security) {
        this.backend = backend;
        this.security = security;
    }

    static Stream<Arguments> transports() {
        return InteropPair.transports();
    }

    @BeforeEach
    void start() throws Exception {
        pair = new InteropPair(backend, security);
        conn = pair.connect();
    }

    @AfterEach
    void stop() throws Exception {
        conn.close();
        pair.close();
    }

    // ---- The four kinds of call ------------------------------------------------------------------------------

    @Test
    void emptyUnary() {
        try (ClientStream<Empty, Empty> call = conn.newStream(EMPTY_CALL, Empty.getDefaultInstance(), OPTIONS)) {
            assertThat(call.receive()).isEqualTo(Empty.getDefaultInstance());
            assertThat(call.receive()).isNull();
        }
    }

    @Test
    void largeUnary() {
        try (ClientStream<SimpleRequest, SimpleResponse> call =
                conn.newStream(UNARY_CALL, TestService.largeRequest(), OPTIONS)) {
            SimpleResponse response = call.receive();

            assertThat(response.getPayload().getBody()).hasSize(LARGE_RESPONSE_BYTES);
            assertThat(call.receive()).isNull();
        }
    }

    @Test
    void clientStreaming() {
        try (ClientStream<StreamingInputCallRequest, StreamingInputCallResponse> call =
                conn.newStream(STREAMING_INPUT_CALL, OPTIONS)) {
            for (int bytes : REQUEST_BYTES) {
                assertThat(call.send(TestService.input(bytes))).isTrue();
            }

            assertThat(call.closeAndReceive().getAggregatedPayloadSize()).isEqualTo(74_922);
        }
    }

    @Test
    void clientStreamingWithACallback() throws Exception {
        RecordedStream<StreamingInputCallResponse> recorded = new RecordedStream<>();
        ClientCall<StreamingInputCallRequest> call = conn.startCall(STREAMING_INPUT_CALL, OPTIONS, recorded);
        for (int bytes : REQUEST_BYTES) {
            while (!call.trySend(TestService.input(bytes))) {
                recorded.awaitRoom();
            }
        }
        call.closeSend();

        assertThat(recorded.nextMessage().getAggregatedPayloadSize()).isEqualTo(74_922);
        recorded.awaitComplete();
    }

    @Test
    void serverStreaming() {
        try (ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> call =
                conn.newStream(STREAMING_OUTPUT_CALL, TestService.outputs(RESPONSE_BYTES), OPTIONS)) {
            assertThat(sizes(call)).containsExactly(RESPONSE_BYTES);
        }
    }

    @Test
    void serverStreamingWithACallback() throws Exception {
        RecordedStream<StreamingOutputCallResponse> recorded = new RecordedStream<>();
        ClientCall<StreamingOutputCallRequest> call = conn.startCall(STREAMING_OUTPUT_CALL, OPTIONS, recorded);
        call.request(Integer.MAX_VALUE);
        call.trySend(TestService.outputs(RESPONSE_BYTES));

        recorded.awaitComplete();
        assertThat(recorded.messagesLeft().stream().mapToInt(TestService::size))
                .containsExactly(31_415, 9, 2653, 58_979);
    }

    @Test
    void pingPong() {
        try (ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> call =
                conn.newStream(FULL_DUPLEX_CALL, OPTIONS)) {
            for (int i = 0; i < REQUEST_BYTES.length; i++) {
                call.send(TestService.output(REQUEST_BYTES[i], RESPONSE_BYTES[i]));

                assertThat(TestService.size(call.receive())).isEqualTo(RESPONSE_BYTES[i]);
            }
            call.closeSend();
            assertThat(call.receive()).isNull();
        }
    }

    @Test
    void pingPongWithACallback() throws Exception {
        RecordedStream<StreamingOutputCallResponse> recorded = new RecordedStream<>();
        ClientCall<StreamingOutputCallRequest> call = conn.startCall(FULL_DUPLEX_CALL, OPTIONS, recorded);
        for (int i = 0; i < REQUEST_BYTES.length; i++) {
            assertThat(call.trySend(TestService.output(REQUEST_BYTES[i], RESPONSE_BYTES[i])))
                    .isTrue();
            call.request(1);

            assertThat(TestService.size(recorded.nextMessage())).isEqualTo(RESPONSE_BYTES[i]);
        }
        call.closeSend();
        recorded.awaitComplete();
    }

    @Test
    void emptyStream() {
        try (ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> call =
                conn.newStream(FULL_DUPLEX_CALL, OPTIONS)) {
            call.closeSend();

            assertThat(call.receive()).isNull();
        }
    }

    @Test
    void emptyStreamWithACallback() throws Exception {
        RecordedStream<StreamingOutputCallResponse> recorded = new RecordedStream<>();
        conn.startCall(FULL_DUPLEX_CALL, OPTIONS, recorded).closeSend();

        recorded.awaitComplete();
        assertThat(recorded.messagesLeft()).isEmpty();
    }

    @Test
    void fullDuplex() {
        try (ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> call =
                conn.newStream(FULL_DUPLEX_CALL, OPTIONS)) {
            for (int i = 0; i < 3; i++) {
                call.send(TestService.outputs(RESPONSE_BYTES));
            }
            call.closeSend();

            assertThat(sizes(call))
                    .containsExactly(31_415, 9, 2653, 58_979, 31_415, 9, 2653, 58_979, 31_415, 9, 2653, 58_979);
        }
    }

    @Test
    void halfDuplex() {
        try (ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> call =
                conn.newStream(HALF_DUPLEX_CALL, OPTIONS)) {
            call.cork();
            call.send(TestService.outputs(RESPONSE_BYTES));
            call.send(TestService.outputs(1, 2, 3));
            call.closeSend();
            call.flush();

            assertThat(sizes(call)).containsExactly(31_415, 9, 2653, 58_979, 1, 2, 3);
        }
    }

    // ---- Metadata and status ---------------------------------------------------------------------------------

    @Test
    void customMetadata() {
        Metadata.Key<String> initial = Metadata.Key.of("x-grpc-test-echo-initial");
        Metadata.Key<byte[]> trailing = Metadata.Key.binary("x-grpc-test-echo-trailing-bin");
        byte[] octets = {(byte) 0xab, (byte) 0xab, (byte) 0xab};
        CallOptions options = OPTIONS.withMetadata(Metadata.builder()
                .put(initial, "test_initial_metadata_value")
                .put(trailing, octets)
                .build());

        try (ClientStream<SimpleRequest, SimpleResponse> unary =
                        conn.newStream(UNARY_CALL, TestService.largeRequest(), options);
                ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> duplex =
                        conn.newStream(FULL_DUPLEX_CALL, options)) {
            duplex.send(TestService.output(271_828, LARGE_RESPONSE_BYTES));
            duplex.closeSend();
            for (ClientStream<?, ?> call : new ClientStream<?, ?>[] {unary, duplex}) {
                assertThat(call.headers().get(initial)).isEqualTo("test_initial_metadata_value");
                assertThat(call.receive()).isNotNull();
                assertThat(call.receive()).isNull();
                assertThat(call.trailers().get(trailing)).isEqualTo(octets);
            }
        }
    }

    @Test
    void statusCodeAndMessage() {
        try (ClientStream<SimpleRequest, SimpleResponse> unary =
                        conn.newStream(UNARY_CALL, failure("test status message"), OPTIONS);
                ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> duplex =
                        conn.newStream(FULL_DUPLEX_CALL, OPTIONS)) {
            duplex.send(TestService.failure(2, "test status message"));
            duplex.closeSend();

            for (StatusException failed : new StatusException[] {failureOf(unary), failureOf(duplex)}) {
                assertThat(failed.code()).isEqualTo(StatusCode.UNKNOWN);
                assertThat(failed.status().message()).isEqualTo("test status message");
            }
        }
    }

    @Test
    void statusCodeAndMessageWithACallback() throws Exception {
        RecordedStream<StreamingOutputCallResponse> recorded = new RecordedStream<>();
        conn.startCall(FULL_DUPLEX_CALL, OPTIONS, recorded).trySend(TestService.failure(2, "test status message"));

        StatusException failed = recorded.awaitFailure();

        assertThat(failed.code()).isEqualTo(StatusCode.UNKNOWN);
        assertThat(failed.status().message()).isEqualTo("test status message");
    }

    @Test
    void specialStatusMessage() {
        String message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
        try (ClientStream<SimpleRequest, SimpleResponse> unary = conn.newStream(UNARY_CALL, failure(message), OPTIONS);
                ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> duplex =
                        conn.newStream(FULL_DUPLEX_CALL, OPTIONS)) {
            duplex.send(TestService.failure(2, message));

            assertThat(failureOf(unary).status().message()).isEqualTo(message);
            assertThat(failureOf(duplex).status().message()).isEqualTo(message);
        }
    }

    @Test
    void unimplementedMethod() {
        try (ClientStream<Empty, Empty> call =
                conn.newStream(UNIMPLEMENTED_CALL, Empty.getDefaultInstance(), OPTIONS)) {
            assertThat(failureOf(call).code()).isEqualTo(StatusCode.UNIMPLEMENTED);
        }
    }

    @Test
    void unimplementedService() {
        try (ClientStream<Empty, Empty> call =
                conn.newStream(UNIMPLEMENTED_SERVICE, Empty.getDefaultInstance(), OPTIONS)) {
            assertThat(failureOf(call).code()).isEqualTo(StatusCode.UNIMPLEMENTED);
        }
    }

    // ---- Cancel and deadline ---------------------------------------------------------------------------------

    @Test
    void cancelAfterBegin() {
        try (ClientStream<StreamingInputCallRequest, StreamingInputCallResponse> call =
                conn.newStream(STREAMING_INPUT_CALL, OPTIONS)) {
            call.cancel();

            assertThat(failureOf(call).code()).isEqualTo(StatusCode.CANCELLED);
        }
        assertTheConnectionWorks();
    }

    @Test
    void cancelAfterBeginWithACallback() throws Exception {
        RecordedStream<StreamingInputCallResponse> recorded = new RecordedStream<>();
        conn.startCall(STREAMING_INPUT_CALL, OPTIONS, recorded).cancel("not wanted any more", null);

        StatusException failed = recorded.awaitFailure();

        assertThat(failed.code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(failed.status().message()).startsWith("not wanted any more");
    }

    @Test
    void cancelAfterFirstResponse() {
        try (ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> call =
                conn.newStream(FULL_DUPLEX_CALL, OPTIONS)) {
            call.send(TestService.output(27_182, 31_415));
            assertThat(TestService.size(call.receive())).isEqualTo(31_415);

            call.cancel();

            assertThat(failureOf(call).code()).isEqualTo(StatusCode.CANCELLED);
        }
        assertTheConnectionWorks();
    }

    @Test
    void cancelAfterFirstResponseInTheCallback() throws Exception {
        ClientCall<?>[] call = new ClientCall<?>[1];
        RecordedStream<StreamingOutputCallResponse> recorded = new RecordedStream<>() {
            @Override
            public void onMessage(StreamingOutputCallResponse message) {
                super.onMessage(message);
                call[0].cancel();
            }
        };
        ClientCall<StreamingOutputCallRequest> started = conn.startCall(FULL_DUPLEX_CALL, OPTIONS, recorded);
        call[0] = started;
        started.request(Integer.MAX_VALUE);
        started.trySend(TestService.output(27_182, 31_415, 31_415));

        assertThat(recorded.awaitFailure().code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(recorded.messagesLeft()).isNotEmpty();
    }

    @Test
    void timeoutOnSleepingServer() {
        CallOptions options = CallOptions.deadlineAfter(Duration.ofMillis(1));
        try (ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> call =
                conn.newStream(FULL_DUPLEX_CALL, options)) {
            StatusException failed = failureOf(() -> {
                call.send(TestService.output(27_182));
                call.receive();
            });

            assertThat(failed.code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
        }
        assertTheConnectionWorks();
    }

    @Test
    void dl1ADeadlineIsExceededInTheMiddleOfServerStreaming() {
        assertTheConnectionWorks();
        CallOptions options = CallOptions.deadlineAfter(Duration.ofMillis(300));
        StreamingOutputCallRequest request = TestService.outputs(31_415, 9).toBuilder()
                .addAllResponseParameters(TestService.lateOutput().getResponseParametersList())
                .build();
        try (ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> call =
                conn.newStream(STREAMING_OUTPUT_CALL, request, options)) {
            StatusException failed = failureOf(() -> {
                assertThat(TestService.size(call.receive())).isEqualTo(31_415);
                assertThat(TestService.size(call.receive())).isEqualTo(9);
                call.receive();
            });

            assertThat(failed.code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
        }
        assertTheConnectionWorks();
    }

    @Test
    void dl1ADeadlineInThePastSendsNothing() throws Exception {
        CallOptions options = CallOptions.deadlineAfter(Duration.ofSeconds(-10));
        RecordedStream<StreamingOutputCallResponse> recorded = new RecordedStream<>();

        conn.startCall(FULL_DUPLEX_CALL, options, recorded);

        assertThat(recorded.hasEnded()).as("ended before startCall() returned").isTrue();
        assertThat(recorded.awaitFailure().code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
        try (ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> call =
                conn.newStream(FULL_DUPLEX_CALL, options)) {
            assertThat(failureOf(call).code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
        }
    }

    // ---- Sizes -----------------------------------------------------------------------------------------------

    @Test
    void veryLargeRequestAndResponse() {
        int bytes = 10 << 20;
        try (ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> call =
                conn.newStream(FULL_DUPLEX_CALL, OPTIONS)) {
            call.send(TestService.output(bytes, bytes));
            call.closeSend();

            assertThat(TestService.size(call.receive())).isEqualTo(bytes);
            assertThat(call.receive()).isNull();
        }
    }

    @Test
    void ms2AResponseOfTheLimitIsTakenAndALargerOneIsNot() {
        StreamingOutputCallRequest request = TestService.outputs(3, 1 << 20);
        int limit = largestResponse(request);

        try (ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> exact =
                        conn.newStream(STREAMING_OUTPUT_CALL, request, OPTIONS.withMaxInboundMessageBytes(limit));
                ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> small =
                        conn.newStream(STREAMING_OUTPUT_CALL, request, OPTIONS.withMaxInboundMessageBytes(limit - 1))) {
            assertThat(sizes(exact)).containsExactly(3, 1 << 20);
            assertThat(TestService.size(small.receive())).isEqualTo(3);
            StatusException failed = failureOf(small);
            assertThat(failed.code()).isEqualTo(StatusCode.RESOURCE_EXHAUSTED);
            assertThat(failed).hasMessageContaining(String.valueOf(limit - 1));
        }
        assertTheConnectionWorks();
    }

    private int largestResponse(StreamingOutputCallRequest request) {
        try (ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> call =
                conn.newStream(STREAMING_OUTPUT_CALL, request, OPTIONS)) {
            return StreamSupport.stream(call.spliterator(), false)
                    .mapToInt(StreamingOutputCallResponse::getSerializedSize)
                    .max()
                    .orElseThrow();
        }
    }

    @Test
    void ms2ARequestOfTheLimitIsSentAndALargerOneIsNot() {
        StreamingInputCallRequest large = TestService.input(1 << 20);
        int limit = large.getSerializedSize();

        try (ClientStream<StreamingInputCallRequest, StreamingInputCallResponse> exact =
                        conn.newStream(STREAMING_INPUT_CALL, OPTIONS.withMaxOutboundMessageBytes(limit));
                ClientStream<StreamingInputCallRequest, StreamingInputCallResponse> small =
                        conn.newStream(STREAMING_INPUT_CALL, OPTIONS.withMaxOutboundMessageBytes(limit - 1))) {
            exact.send(large);
            assertThat(exact.closeAndReceive().getAggregatedPayloadSize()).isEqualTo(1 << 20);
            small.send(TestService.input(3));
            StatusException failed = failureOf(() -> {
                small.send(large);
                small.closeAndReceive();
            });
            assertThat(failed.code()).isEqualTo(StatusCode.RESOURCE_EXHAUSTED);
            assertThat(failed).hasMessageContaining(String.valueOf(limit - 1));
        }
        assertTheConnectionWorks();
    }

    // ----------------------------------------------------------------------------------------------------------

    private void assertTheConnectionWorks() {
        assertThat(conn.invoke(EMPTY_CALL, Empty.getDefaultInstance(), OPTIONS)).isEqualTo(Empty.getDefaultInstance());
    }

    private static int[] sizes(ClientStream<?, StreamingOutputCallResponse> call) {
        return StreamSupport.stream(call.spliterator(), false)
                .mapToInt(TestService::size)
                .toArray();
    }

    private static SimpleRequest failure(String message) {
        return SimpleRequest.newBuilder()
                .setResponseStatus(EchoStatus.newBuilder().setCode(2).setMessage(message))
                .build();
    }

    private static StatusException failureOf(ClientStream<?, ?> call) {
        return catchThrowableOfType(StatusException.class, call::receive);
    }

    private static StatusException failureOf(Runnable steps) {
        return catchThrowableOfType(StatusException.class, steps::run);
    }
}
