package io.peregrine.client;

import static io.peregrine.client.TestService.DUPLEX;
import static io.peregrine.client.TestService.INPUT;
import static io.peregrine.client.TestService.OUTPUT;
import static io.peregrine.client.TestService.UNARY;
import static io.peregrine.client.TestService.input;
import static io.peregrine.client.TestService.response;
import static io.peregrine.client.TestService.responses;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.testing.integration.Messages.SimpleResponse;
import io.grpc.testing.integration.Messages.StreamingOutputCallRequest;
import io.grpc.testing.integration.Messages.StreamingOutputCallResponse;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.interceptor.ForwardingClientCall;
import io.peregrine.client.interceptor.MetadataInterceptor;
import io.peregrine.client.interceptor.StreamInterceptor;
import io.peregrine.client.interceptor.UnaryInterceptor;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Interceptors on a channel to grpc-java's own server: whichever way a call is made, they see it. */
class InterceptorsIT {
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(30));
    private static final Metadata.Key<String> ECHOED = Metadata.Key.of("x-grpc-test-echo-initial");
    private static final Metadata FIXED =
            Metadata.builder().put(ECHOED, "fixed").build();

    private final AtomicInteger calls = new AtomicInteger();
    private final AtomicInteger ends = new AtomicInteger();
    private final AtomicInteger sent = new AtomicInteger();
    private final AtomicInteger received = new AtomicInteger();
    private InteropServer server;
    private ClientConn conn;

    @BeforeEach
    void start() throws Exception {
        server = InteropServer.plaintext();
        MetadataInterceptor fixed = MetadataInterceptor.of(FIXED);
        conn = ClientConn.builder(server.target())
                .credentials(InsecureCredentials.create())
                .unaryInterceptor(new CountingUnary())
                .unaryInterceptor(fixed)
                .streamInterceptor(new CountingStreams())
                .streamInterceptor(fixed)
                .build();
    }

    @AfterEach
    void stop() throws Exception {
        conn.close();
        server.close();
    }

    @Test
    void unaryCallsOfAllKindsPassThem() throws Exception {
        assertThat(size(conn.invoke(UNARY, response(1), OPTIONS))).isEqualTo(1);
        UnaryResponse<SimpleResponse> answered = conn.invokeForResponse(UNARY, response(2), OPTIONS);
        assertThat(size(answered.message())).isEqualTo(2);
        assertThat(answered.headers().get(ECHOED)).isEqualTo("fixed");
        assertThat(size(conn.invokeFuture(UNARY, response(3), OPTIONS).get(10, TimeUnit.SECONDS)))
                .isEqualTo(3);
        CompletableFuture<SimpleResponse> told = new CompletableFuture<>();
        conn.invokeAsync(UNARY, response(4), OPTIONS, new UnaryCallback<>() {
            @Override
            public void onSuccess(SimpleResponse message, Metadata trailers) {
                told.complete(message);
            }

            @Override
            public void onFailure(StatusException failure) {
                told.completeExceptionally(failure);
            }
        });
        assertThat(size(told.get(10, TimeUnit.SECONDS))).isEqualTo(4);

        assertThat(calls).hasValue(4);
        assertThat(ends).hasValue(4);
    }

    @Test
    void blockingStreamsPassThem() {
        try (ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> stream =
                conn.newStream(DUPLEX, OPTIONS)) {
            for (int size = 1; size <= 50; size++) {
                assertThat(stream.send(responses(size))).isTrue();
                StreamingOutputCallResponse echoed = Objects.requireNonNull(stream.receive());
                assertThat(echoed.getPayload().getBody()).hasSize(size);
            }
            stream.closeSend();
            assertThat(stream.receive()).isNull();
            assertThat(stream.headers().get(ECHOED)).isEqualTo("fixed");
        }

        assertThat(sent).hasValue(50);
        assertThat(received).hasValue(50);
        assertThat(ends).hasValue(1);
    }

    @Test
    void streamsWithOneRequestOrOneResponsePassThem() {
        try (ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> stream =
                conn.newStream(OUTPUT, responses(1, 2, 3), OPTIONS)) {
            assertThat(stream).hasSize(3);
        }
        try (var stream = conn.newStream(INPUT, OPTIONS)) {
            stream.send(input(100));
            stream.send(input(200));
            assertThat(stream.closeAndReceive().getAggregatedPayloadSize()).isEqualTo(300);
        }

        assertThat(calls).hasValue(2);
        assertThat(ends).hasValue(2);
        assertThat(sent).hasValue(3);
        assertThat(received).hasValue(4);
    }

    @Test
    void aStreamThatIsCancelledEndsOnceForThemToo() {
        try (ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> stream =
                conn.newStream(DUPLEX, OPTIONS)) {
            stream.send(responses(1));
            assertThat(stream.receive()).isNotNull();

            stream.cancel("enough", null);

            StatusException failure = catchThrowableOfType(StatusException.class, stream::receive);
            assertThat(failure.code()).isEqualTo(StatusCode.CANCELLED);
            assertThat(failure.status().message()).isEqualTo("enough");
        }
        assertThat(ends).hasValue(1);
    }

    @Test
    void p12ACallbackThatThrowsIsToldTheEndAndNothingElse() throws Exception {
        IllegalStateException thrown = new IllegalStateException("the application's");
        AtomicInteger told = new AtomicInteger();
        CompletableFuture<StatusException> end = new CompletableFuture<>();
        ClientCall<StreamingOutputCallRequest> call = conn.startCall(OUTPUT, OPTIONS, new StreamCallback<>() {
            @Override
            public void onMessage(StreamingOutputCallResponse message) {
                told.incrementAndGet();
                throw thrown;
            }

            @Override
            public void onComplete(Metadata trailers) {
                end.completeExceptionally(new AssertionError("OK"));
            }

            @Override
            public void onFailure(StatusException failure) {
                end.complete(failure);
            }
        });
        call.request(Integer.MAX_VALUE);
        call.trySend(responses(1, 2, 3));

        StatusException failure = end.get(10, TimeUnit.SECONDS);
        assertThat(failure.code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(failure).hasCause(thrown);
        assertThat(told).hasValue(1);
        assertThat(ends).hasValue(1);
    }

    @Test
    void aSlowServersDeadlineEndsAnInterceptedCall() {
        StatusException failure = catchThrowableOfType(
                StatusException.class,
                () -> conn.newStream(DUPLEX, CallOptions.deadlineAfter(Duration.ofMillis(50)))
                        .receive());

        assertThat(failure.code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
        assertThat(failure.report()).isNotNull();
    }

    private static int size(SimpleResponse response) {
        return response.getPayload().getBody().size();
    }

    private final class CountingUnary implements UnaryInterceptor {
        @Override
        public <Q, R> Cancellable intercept(
                MethodDescriptor<Q, R> method,
                Q request,
                CallOptions options,
                UnaryCallback<R> callback,
                UnaryInterceptor.Next next) {
            calls.incrementAndGet();
            return next.invoke(method, request, options, new UnaryCallback<R>() {
                @Override
                public void onHeaders(Metadata headers) {
                    callback.onHeaders(headers);
                }

                @Override
                public void onSuccess(R message, Metadata trailers) {
                    ends.incrementAndGet();
                    callback.onSuccess(message, trailers);
                }

                @Override
                public void onFailure(StatusException failure) {
                    ends.incrementAndGet();
                    callback.onFailure(failure);
                }
            });
        }
    }

    private final class CountingStreams implements StreamInterceptor {
        @Override
        public <Q, R> ClientCall<Q> intercept(
                MethodDescriptor<Q, R> method,
                CallOptions options,
                StreamCallback<R> callback,
                StreamInterceptor.Next next) {
            calls.incrementAndGet();
            return new ForwardingClientCall<>(next.start(method, options, new CountingCallback<>(callback))) {
                @Override
                public boolean trySend(Q message) {
                    boolean taken = super.trySend(message);
                    if (taken) {
                        sent.incrementAndGet();
                    }
                    return taken;
                }
            };
        }
    }

    private final class CountingCallback<R> implements StreamCallback<R> {
        private final StreamCallback<R> callback;

        CountingCallback(StreamCallback<R> callback) {
            this.callback = callback;
        }

        @Override
        public void onHeaders(Metadata headers) {
            callback.onHeaders(headers);
        }

        @Override
        public void onMessage(R message) {
            received.incrementAndGet();
            callback.onMessage(message);
        }

        @Override
        public void onWritable() {
            callback.onWritable();
        }

        @Override
        public void onComplete(Metadata trailers) {
            ends.incrementAndGet();
            callback.onComplete(trailers);
        }

        @Override
        public void onFailure(StatusException failure) {
            ends.incrementAndGet();
            callback.onFailure(failure);
        }
    }
}
