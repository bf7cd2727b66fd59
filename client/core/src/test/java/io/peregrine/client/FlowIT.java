package io.peregrine.client;

import static io.peregrine.client.TestService.DUPLEX;
import static io.peregrine.client.TestService.INPUT;
import static io.peregrine.client.TestService.OUTPUT;
import static io.peregrine.client.TestService.UNARY;
import static io.peregrine.client.TestService.UNIMPLEMENTED;
import static io.peregrine.client.TestService.input;
import static io.peregrine.client.TestService.response;
import static io.peregrine.client.TestService.responses;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.grpc.testing.integration.EmptyProtos.Empty;
import io.grpc.testing.integration.Messages.StreamingInputCallRequest;
import io.grpc.testing.integration.Messages.StreamingInputCallResponse;
import io.grpc.testing.integration.Messages.StreamingOutputCallRequest;
import io.grpc.testing.integration.Messages.StreamingOutputCallResponse;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.internal.flow.PatientEnvironment;
import io.peregrine.client.internal.flow.Rules;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.SubmissionPublisher;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.reactivestreams.tck.flow.FlowPublisherVerification;

/** Calls with streams as {@link Flow}, against grpc-java's own server. */
class FlowIT {
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(30));
    private static final Executor SAME_THREAD = Runnable::run;
    private static final int MAX_ELEMENTS = 1000;

    private static InteropServer server;
    private static ClientConn conn;

    @BeforeAll
    static void start() throws Exception {
        server = InteropServer.plaintext();
        conn = ClientConn.builder(server.target())
                .credentials(InsecureCredentials.create())
                .build();
    }

    @AfterAll
    static void stop() throws Exception {
        conn.close();
        server.close();
    }

    /** The Reactive Streams TCK, but for its rules of endless streams. */
    @TestFactory
    Stream<DynamicTest> rules() {
        return Rules.of(Responses::new);
    }

    public static final class Responses extends FlowPublisherVerification<StreamingOutputCallResponse> {
        public Responses() {
            super(new PatientEnvironment());
        }

        @Override
        public long maxElementsFromPublisher() {
            return MAX_ELEMENTS;
        }

        @Override
        public Flow.Publisher<StreamingOutputCallResponse> createFlowPublisher(long elements) {
            return conn.publish(OUTPUT, responses(new int[(int) elements]), OPTIONS);
        }

        @Override
        @SuppressWarnings("unchecked")
        public Flow.Publisher<StreamingOutputCallResponse> createFailedFlowPublisher() {
            return (Flow.Publisher<StreamingOutputCallResponse>)
                    (Flow.Publisher<?>) conn.publish(UNIMPLEMENTED, Empty.getDefaultInstance(), OPTIONS);
        }
    }

    @Test
    void publishesTheResponsesToOneRequestForEachSubscriberAnew() throws Exception {
        Flow.Publisher<StreamingOutputCallResponse> publisher = conn.publish(OUTPUT, responses(1, 70_000, 3), OPTIONS);

        assertThat(Recorder.of(publisher, 1).sizes()).containsExactly(1, 70_000, 3);
        assertThat(Recorder.of(publisher, Long.MAX_VALUE).sizes()).containsExactly(1, 70_000, 3);
    }

    @Test
    void publishesTheResponsesToAPublisherOfRequests() throws Exception {
        SubmissionPublisher<StreamingOutputCallRequest> requests = new SubmissionPublisher<>(SAME_THREAD, 256);
        Recorder recorder = Recorder.of(conn.publish(DUPLEX, requests, OPTIONS), 1);

        for (int i = 1; i <= 100; i++) {
            requests.submit(responses(i));
        }
        requests.close();

        assertThat(recorder.sizes()).hasSize(100).startsWith(1, 2, 3).endsWith(99, 100);
    }

    @Test
    void aCallThatIsCancelledCancelsThePublisherOfItsRequests() throws Exception {
        SubmissionPublisher<StreamingOutputCallRequest> requests = new SubmissionPublisher<>(SAME_THREAD, 16);
        Recorder recorder = Recorder.of(conn.publish(DUPLEX, requests, OPTIONS), 1);
        requests.submit(responses(1));
        recorder.first.get(10, TimeUnit.SECONDS);

        recorder.subscription().cancel();

        assertThat(requests.hasSubscribers()).isFalse();
        assertThat(recorder.end.isDone()).isFalse();
    }

    @Test
    void aPublisherOfRequestsThatFailsCancelsTheCallWithThatCause() throws Exception {
        SubmissionPublisher<StreamingOutputCallRequest> requests = new SubmissionPublisher<>(SAME_THREAD, 16);
        Recorder recorder = Recorder.of(conn.publish(DUPLEX, requests, OPTIONS), 1);
        IllegalStateException failure = new IllegalStateException("no more");

        requests.closeExceptionally(failure);

        StatusException end = (StatusException) Objects.requireNonNull(recorder.failure());
        assertThat(end.code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(end).hasCause(failure);
    }

    @Test
    void aCallThatFailsEndsWithItsStatus() throws Exception {
        CompletableFuture<Throwable> end = new CompletableFuture<>();

        conn.publish(UNIMPLEMENTED, Empty.getDefaultInstance(), OPTIONS).subscribe(new Flow.Subscriber<>() {
            @Override
            public void onSubscribe(Flow.Subscription subscription) {
                subscription.request(1);
            }

            @Override
            public void onNext(Empty message) {}

            @Override
            public void onError(Throwable failure) {
                end.complete(failure);
            }

            @Override
            public void onComplete() {
                end.completeExceptionally(new AssertionError("OK"));
            }
        });

        assertThat(end.get(10, TimeUnit.SECONDS))
                .isInstanceOfSatisfying(
                        StatusException.class,
                        failure -> assertThat(failure.code()).isEqualTo(StatusCode.UNIMPLEMENTED));
    }

    /** HOSTILE.md P12. */
    @Test
    void p12ASubscriberThatThrowsCostsItsOwnCallOnly() throws Exception {
        CountDownLatch thrown = new CountDownLatch(1);
        conn.publish(OUTPUT, responses(1, 2), OPTIONS).subscribe(new Recorder(1) {
            @Override
            public void onNext(StreamingOutputCallResponse message) {
                thrown.countDown();
                throw new IllegalStateException("broken");
            }
        });

        assertThat(thrown.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(conn.invoke(UNARY, response(5), OPTIONS).getPayload().getBody())
                .hasSize(5);
    }

    @Test
    void callsWithAPublisherOfRequestsForOneResponse() throws Exception {
        SubmissionPublisher<StreamingInputCallRequest> requests = new SubmissionPublisher<>();
        CompletableFuture<StreamingInputCallResponse> future = conn.invokeFuture(INPUT, requests, OPTIONS);

        for (int i = 0; i < 1000; i++) {
            requests.submit(input(1000));
        }
        requests.close();

        assertThat(future.get(20, TimeUnit.SECONDS).getAggregatedPayloadSize()).isEqualTo(1_000_000);
    }

    @Test
    void cancellingTheFutureCancelsThePublisherOfRequests() {
        SubmissionPublisher<StreamingInputCallRequest> requests = new SubmissionPublisher<>(SAME_THREAD, 16);
        CompletableFuture<StreamingInputCallResponse> future = conn.invokeFuture(INPUT, requests, OPTIONS);

        assertThat(requests.hasSubscribers()).isTrue();
        future.cancel(true);

        assertThat(requests.hasSubscribers()).isFalse();
    }

    @Test
    void aFutureIsForMethodsWithOneResponse() {
        SubmissionPublisher<StreamingOutputCallRequest> requests = new SubmissionPublisher<>();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> conn.invokeFuture(DUPLEX, requests, OPTIONS))
                .withMessageContaining("BIDI_STREAMING");
    }

    /** Asks for {@code batch} messages, and again each time when it has them. */
    private static class Recorder implements Flow.Subscriber<StreamingOutputCallResponse> {
        final CompletableFuture<@Nullable Throwable> end = new CompletableFuture<>();
        final CompletableFuture<Void> first = new CompletableFuture<>();
        private final List<Integer> sizes = new ArrayList<>();
        private final long batch;
        private volatile Flow.@Nullable Subscription subscription;

        Recorder(long batch) {
            this.batch = batch;
        }

        static Recorder of(Flow.Publisher<StreamingOutputCallResponse> publisher, long batch) {
            Recorder recorder = new Recorder(batch);
            publisher.subscribe(recorder);
            return recorder;
        }

        Flow.Subscription subscription() {
            return Objects.requireNonNull(subscription);
        }

        List<Integer> sizes() throws Exception {
            assertThat(failure()).isNull();
            return sizes;
        }

        @Nullable
        Throwable failure() throws Exception {
            return end.get(20, TimeUnit.SECONDS);
        }

        @Override
        public void onSubscribe(Flow.Subscription offered) {
            subscription = offered;
            offered.request(batch);
        }

        @Override
        public void onNext(StreamingOutputCallResponse message) {
            sizes.add(message.getPayload().getBody().size());
            first.complete(null);
            if (sizes.size() % batch == 0) {
                subscription().request(batch);
            }
        }

        @Override
        public void onError(Throwable failure) {
            end.complete(failure);
        }

        @Override
        public void onComplete() {
            end.complete(null);
        }
    }
}
