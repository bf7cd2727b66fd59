package io.peregrine.client;

import static io.peregrine.client.TestService.DUPLEX;
import static io.peregrine.client.TestService.INPUT;
import static io.peregrine.client.TestService.OUTPUT;
import static io.peregrine.client.TestService.UNARY;
import static io.peregrine.client.TestService.input;
import static io.peregrine.client.TestService.response;
import static io.peregrine.client.TestService.responses;
import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.testing.integration.Messages.SimpleRequest;
import io.grpc.testing.integration.Messages.SimpleResponse;
import io.grpc.testing.integration.Messages.StreamingInputCallRequest;
import io.grpc.testing.integration.Messages.StreamingInputCallResponse;
import io.grpc.testing.integration.Messages.StreamingOutputCallRequest;
import io.grpc.testing.integration.Messages.StreamingOutputCallResponse;
import io.peregrine.client.breaker.CircuitBreakerPolicy;
import io.peregrine.client.breaker.CircuitBreakerPolicy.Scope;
import io.peregrine.client.config.HedgingPolicy;
import io.peregrine.client.config.RetryPolicy;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.interceptor.ForwardingClientCall;
import io.peregrine.client.interceptor.MetadataInterceptor;
import io.peregrine.client.interceptor.StreamInterceptor;
import io.peregrine.client.interceptor.UnaryInterceptor;
import io.peregrine.client.report.AttemptReport;
import io.peregrine.client.report.CallReport;
import io.peregrine.testkit.Guide;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.SubmissionPublisher;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The snippets of docs/guides/streaming.md, interceptors.md and retries.md, run against grpc-java's own server. */
class CallGuidesIT {
    private final CallOptions options = CallOptions.deadlineAfter(Duration.ofSeconds(30));
    private InteropServer server;
    private String target;
    private ClientConn conn;

    @BeforeEach
    void start() throws Exception {
        server = InteropServer.plaintext();
        target = server.target();
        conn = ClientConn.builder(target)
                .credentials(InsecureCredentials.create())
                .build();
    }

    @AfterEach
    void stop() throws Exception {
        conn.close();
        server.close();
    }

    // ---- streaming.md ----------------------------------------------------------------------------------------

    @Test
    void serverStreaming() {
        List<Integer> sizes = new ArrayList<>();
        StreamingOutputCallRequest request = responses(1, 2, 3);

        try (ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> stream =
                conn.newStream(OUTPUT, request, options)) {
            for (StreamingOutputCallResponse response : stream) {
                sizes.add(response.getPayload().getBody().size());
            }
        }

        assertThat(sizes).containsExactly(1, 2, 3);
    }

    @Test
    void clientStreaming() {
        List<StreamingInputCallRequest> requests = List.of(input(10), input(20));
        StreamingInputCallResponse response;

        try (ClientStream<StreamingInputCallRequest, StreamingInputCallResponse> stream =
                conn.newStream(INPUT, options)) {
            for (StreamingInputCallRequest request : requests) {
                stream.send(request);
            }
            response = stream.closeAndReceive();
        }

        assertThat(response.getAggregatedPayloadSize()).isEqualTo(30);
    }

    @Test
    void batches() {
        List<StreamingOutputCallRequest> batch = List.of(responses(1), responses(2));
        try (ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> stream =
                conn.newStream(DUPLEX, options)) {

            stream.cork();
            for (StreamingOutputCallRequest request : batch) {
                stream.send(request);
            }
            stream.flush();

            stream.closeSend();
            assertThat(stream).hasSize(2);
        }
    }

    /** Sends what an iterator has as fast as the call takes it. */
    static final class Upload implements StreamCallback<StreamingInputCallResponse> {
        private final Iterator<StreamingInputCallRequest> requests;
        private final CompletableFuture<Integer> result;
        private @Nullable ClientCall<StreamingInputCallRequest> call;
        private @Nullable StreamingInputCallRequest next;

        Upload(Iterator<StreamingInputCallRequest> requests, CompletableFuture<Integer> result) {
            this.requests = requests;
            this.result = result;
        }

        synchronized void begin(ClientCall<StreamingInputCallRequest> started) {
            call = started;
            started.request(1);
            onWritable();
        }

        @Override
        public synchronized void onWritable() {
            ClientCall<StreamingInputCallRequest> open = call;
            if (open == null) {
                return;
            }
            while (next != null || requests.hasNext()) {
                next = next == null ? requests.next() : next;
                if (!open.trySend(next)) {
                    return;
                }
                next = null;
            }
            call = null;
            open.closeSend();
        }

        @Override
        public void onMessage(StreamingInputCallResponse response) {
            result.complete(response.getAggregatedPayloadSize());
        }

        @Override
        public void onComplete(Metadata trailers) {}

        @Override
        public void onFailure(StatusException failure) {
            result.completeExceptionally(failure);
        }
    }

    @Test
    void callbacks() throws Exception {
        Iterator<StreamingInputCallRequest> requests =
                IntStream.range(0, 1000).mapToObj(i -> input(1000)).iterator();

        CompletableFuture<Integer> result = new CompletableFuture<>();
        Upload upload = new Upload(requests, result);
        upload.begin(conn.startCall(INPUT, options, upload));

        assertThat(result.get(20, TimeUnit.SECONDS)).isEqualTo(1_000_000);
    }

    @Test
    void publishers() throws Exception {
        CountDownLatch complete = new CountDownLatch(1);
        Flow.Subscriber<StreamingOutputCallResponse> subscriber = new Flow.Subscriber<>() {
            @Override
            public void onSubscribe(Flow.Subscription subscription) {
                subscription.request(Long.MAX_VALUE);
            }

            @Override
            public void onNext(StreamingOutputCallResponse response) {}

            @Override
            public void onError(Throwable failure) {}

            @Override
            public void onComplete() {
                complete.countDown();
            }
        };

        SubmissionPublisher<StreamingOutputCallRequest> requests = new SubmissionPublisher<>();
        Flow.Publisher<StreamingOutputCallResponse> responses = conn.publish(DUPLEX, requests, options);
        responses.subscribe(subscriber);
        requests.submit(responses(100));
        requests.close();

        assertThat(complete.await(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void futures() throws Exception {
        SubmissionPublisher<StreamingInputCallRequest> requests = new SubmissionPublisher<>();
        CompletableFuture<StreamingInputCallResponse> future = conn.invokeFuture(INPUT, requests, options);
        requests.submit(input(100));
        requests.close();

        assertThat(future.get(20, TimeUnit.SECONDS).getAggregatedPayloadSize()).isEqualTo(100);
    }

    // ---- interceptors.md -------------------------------------------------------------------------------------

    /** Counts unary calls and those that fail. */
    static final class CallCounts implements UnaryInterceptor {
        final LongAdder calls = new LongAdder();
        final LongAdder failures = new LongAdder();

        @Override
        public <Q, R> Cancellable intercept(
                MethodDescriptor<Q, R> method,
                Q request,
                CallOptions options,
                UnaryCallback<R> callback,
                UnaryInterceptor.Next next) {
            calls.increment();
            return next.invoke(method, request, options, new UnaryCallback<R>() {
                @Override
                public void onHeaders(Metadata headers) {
                    callback.onHeaders(headers);
                }

                @Override
                public void onSuccess(R response, Metadata trailers) {
                    callback.onSuccess(response, trailers);
                }

                @Override
                public void onFailure(StatusException failure) {
                    failures.increment();
                    callback.onFailure(failure);
                }
            });
        }
    }

    /** Counts the messages that calls with streams send. */
    static final class SentCounts implements StreamInterceptor {
        final LongAdder sent = new LongAdder();

        @Override
        public <Q, R> ClientCall<Q> intercept(
                MethodDescriptor<Q, R> method,
                CallOptions options,
                StreamCallback<R> callback,
                StreamInterceptor.Next next) {
            return new ForwardingClientCall<>(next.start(method, options, callback)) {
                @Override
                public boolean trySend(Q message) {
                    boolean taken = super.trySend(message);
                    if (taken) {
                        sent.increment();
                    }
                    return taken;
                }
            };
        }
    }

    @Test
    void interceptors() {
        CallCounts counts = new CallCounts();
        SentCounts sentCounts = new SentCounts();

        MetadataInterceptor tenant = MetadataInterceptor.of(
                Metadata.builder().put(Metadata.Key.of("x-tenant"), "blue").build());
        ClientConn conn = ClientConn.builder(target)
                .credentials(InsecureCredentials.create())
                .unaryInterceptor(counts)
                .unaryInterceptor(tenant)
                .streamInterceptor(sentCounts)
                .streamInterceptor(tenant)
                .build();

        conn.invoke(UNARY, response(1), options);
        conn.newStream(OUTPUT, responses(1), options).receive();
        assertThat(counts.calls.sum()).isOne();
        assertThat(counts.failures.sum()).isZero();
        assertThat(sentCounts.sent.sum()).isOne();
        conn.close();
    }

    // ---- retries.md ------------------------------------------------------------------------------------------

    @Test
    void retryInCode() {
        SimpleRequest request = response(7);

        RetryPolicy policy = RetryPolicy.exponential(Duration.ofMillis(10), 2.0, Duration.ofMillis(200))
                .maxAttempts(4)
                .on(StatusCode.UNAVAILABLE)
                .perAttemptRecvTimeout(Duration.ofSeconds(1));
        SimpleResponse response = conn.invoke(UNARY, request, options.withRetry(policy));

        assertThat(response.getPayload().getBody()).hasSize(7);
    }

    @Test
    void hedgingInCode() {
        SimpleRequest request = response(7);

        HedgingPolicy policy = HedgingPolicy.after(Duration.ofMillis(50))
                .delayAtPercentile(95)
                .budget(0.05)
                .maxAttempts(3)
                .nonFatal(StatusCode.UNAVAILABLE);
        SimpleResponse response = conn.invoke(UNARY, request, options.withHedging(policy));

        assertThat(response.getPayload().getBody()).hasSize(7);
    }

    @Test
    void byServiceConfig() {
        ServiceConfig config = ServiceConfig.builder()
                .service(
                        "grpc.testing.TestService",
                        m -> m.retry(RetryPolicy.exponential(Duration.ofMillis(10), 2.0, Duration.ofMillis(200))
                                .maxAttempts(4)
                                .on(StatusCode.UNAVAILABLE)))
                .retryThrottling(10, 0.1)
                .build();
        ClientConn conn = ClientConn.builder(target)
                .credentials(InsecureCredentials.create())
                .serviceConfig(config)
                .maxCallAttempts(5)
                .retryBufferBytes(1 << 20, 16 << 20)
                .build();

        assertThat(conn.invoke(UNARY, response(7), options).getPayload().getBody())
                .hasSize(7);
        conn.close();
    }

    @Test
    void breaker() {
        ClientConn conn = ClientConn.builder(target)
                .credentials(InsecureCredentials.create())
                .circuitBreaker(CircuitBreakerPolicy.builder(Scope.BACKEND)
                        .failureRatePercent(50)
                        .windowOfTime(Duration.ofSeconds(20))
                        .minimumCalls(20)
                        .openFor(Duration.ofSeconds(10))
                        .build())
                .build();

        assertThat(conn.invoke(UNARY, response(7), options).getPayload().getBody())
                .hasSize(7);
        conn.close();
    }

    @Test
    void reports() throws Exception {
        List<String> log = new ArrayList<>();
        server.close();
        SimpleRequest request = response(7);

        try {
            conn.invoke(UNARY, request, options);
        } catch (StatusException failure) {
            log.add(failure.code() + ": " + failure.getMessage());
            CallReport report = failure.report();
            if (report != null) {
                for (AttemptReport attempt : report.attempts()) {
                    log.add(attempt.peer() + " after " + attempt.took() + ", waited " + attempt.waits());
                }
            }
        }

        assertThat(log.get(0)).contains("UNAVAILABLE").contains(target).contains("UnaryCall");
    }

    @ParameterizedTest
    @CsvSource({"streaming.md, 7", "interceptors.md, 3", "retries.md, 5"})
    void theGuidesShowWhatRunsHere(String guide, int snippets) {
        List<String> source = Guide.sourceOf(CallGuidesIT.class);
        List<String> shown = Guide.named(guide).snippets("java");

        assertThat(shown).hasSize(snippets);
        assertThat(shown).allSatisfy(snippet -> assertThat(source).containsSequence(Guide.lines(snippet)));
    }
}
