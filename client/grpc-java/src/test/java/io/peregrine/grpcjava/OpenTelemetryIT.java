package io.peregrine.grpcjava;

import static io.opentelemetry.api.common.AttributeKey.longKey;
import static io.opentelemetry.api.common.AttributeKey.stringKey;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.grpc.testing.integration.EmptyProtos.Empty;
import io.grpc.testing.integration.Messages.EchoStatus;
import io.grpc.testing.integration.Messages.ResponseParameters;
import io.grpc.testing.integration.Messages.SimpleRequest;
import io.grpc.testing.integration.Messages.StreamingInputCallRequest;
import io.grpc.testing.integration.Messages.StreamingInputCallResponse;
import io.grpc.testing.integration.Messages.StreamingOutputCallRequest;
import io.grpc.testing.integration.Messages.StreamingOutputCallResponse;
import io.grpc.testing.integration.TestServiceGrpc;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.instrumentation.grpc.v1_6.GrpcTelemetry;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.trace.ReadWriteSpan;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** OpenTelemetry's own instrumentation for grpc-java, as it is, on Peregrine's channel. */
class OpenTelemetryIT {
    private static final Metadata.Key<String> TRACE_PARENT =
            Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER);

    private final EndedSpans spans = new EndedSpans();
    private final OpenTelemetrySdk telemetry = OpenTelemetrySdk.builder()
            .setTracerProvider(
                    SdkTracerProvider.builder().addSpanProcessor(spans).build())
            .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance()))
            .build();
    private final BlockingQueue<String> traceParents = new LinkedBlockingQueue<>();
    private InteropServer server;
    private PeregrineChannel channel;

    @BeforeEach
    void start() throws Exception {
        server = InteropServer.plaintext(new TraceParents());
        channel = PeregrineChannelBuilder.forTarget(server.target())
                .usePlaintext()
                .intercept(GrpcTelemetry.create(telemetry).createClientInterceptor())
                .build();
    }

    @AfterEach
    void stop() throws Exception {
        channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        server.close();
        telemetry.close();
    }

    @Test
    void aUnaryCallIsASpanWithItsAttributes() throws Exception {
        TestServiceGrpc.newBlockingStub(channel).emptyCall(Empty.getDefaultInstance());

        SpanData span = spans.next();
        assertIsOfCall(span, "EmptyCall", Status.Code.OK);
        assertThat(eventsOf(span)).containsExactly("SENT 1", "RECEIVED 1");
        assertThat(span.getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
    }

    @Test
    void theServerIsToldOfTheSpanAndTheSpanOfItsParent() throws Exception {
        Span parent = telemetry.getTracer("test").spanBuilder("parent").startSpan();
        Context.current()
                .with(parent)
                .wrap(() -> TestServiceGrpc.newBlockingStub(channel).emptyCall(Empty.getDefaultInstance()))
                .call();

        SpanData span = spans.next();
        assertThat(span.getParentSpanId()).isEqualTo(parent.getSpanContext().getSpanId());
        assertThat(traceParents.poll(10, TimeUnit.SECONDS))
                .startsWith("00-" + parent.getSpanContext().getTraceId() + '-' + span.getSpanId() + '-');
    }

    @Test
    void aFailureIsTheStatusOfTheSpan() throws Exception {
        SimpleRequest failing = SimpleRequest.newBuilder()
                .setResponseStatus(EchoStatus.newBuilder()
                        .setCode(Status.Code.PERMISSION_DENIED.value())
                        .setMessage("not you"))
                .build();

        assertThatThrownBy(() -> TestServiceGrpc.newBlockingStub(channel).unaryCall(failing))
                .isInstanceOf(StatusRuntimeException.class);

        SpanData span = spans.next();
        assertIsOfCall(span, "UnaryCall", Status.Code.PERMISSION_DENIED);
        assertThat(span.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
    }

    @Test
    void aCallWithManyResponsesIsOneSpanWithAllItsMessages() throws Exception {
        Iterator<StreamingOutputCallResponse> responses =
                TestServiceGrpc.newBlockingStub(channel).streamingOutputCall(responses(3));
        responses.forEachRemaining(response -> assertThat(response).isNotNull());

        SpanData span = spans.next();
        assertIsOfCall(span, "StreamingOutputCall", Status.Code.OK);
        assertThat(eventsOf(span)).containsExactly("SENT 1", "RECEIVED 1", "RECEIVED 2", "RECEIVED 3");
    }

    @Test
    void aCallWithManyRequestsIsOneSpanWithAllItsMessages() throws Exception {
        Completion<StreamingInputCallResponse> end = new Completion<>();
        StreamObserver<StreamingInputCallRequest> requests =
                TestServiceGrpc.newStub(channel).streamingInputCall(end);
        requests.onNext(StreamingInputCallRequest.getDefaultInstance());
        requests.onNext(StreamingInputCallRequest.getDefaultInstance());
        requests.onCompleted();
        end.await();

        SpanData span = spans.next();
        assertIsOfCall(span, "StreamingInputCall", Status.Code.OK);
        assertThat(eventsOf(span)).containsExactly("SENT 1", "SENT 2", "RECEIVED 1");
    }

    @Test
    void whatHappensInACallbackIsInTheContextOfTheCaller() throws Exception {
        Span parent = telemetry.getTracer("test").spanBuilder("parent").startSpan();
        Completion<StreamingOutputCallResponse> end = new Completion<>();
        StreamObserver<StreamingOutputCallRequest> requests = Context.current()
                .with(parent)
                .wrap(() -> TestServiceGrpc.newStub(channel).fullDuplexCall(end))
                .call();
        requests.onNext(responses(2));
        requests.onCompleted();
        end.await();

        SpanData span = spans.next();
        assertIsOfCall(span, "FullDuplexCall", Status.Code.OK);
        assertThat(span.getParentSpanId()).isEqualTo(parent.getSpanContext().getSpanId());
        assertThat(end.seen).containsOnly(parent.getSpanContext().getSpanId());
    }

    private void assertIsOfCall(SpanData span, String method, Status.Code code) {
        assertThat(span.getKind()).isEqualTo(SpanKind.CLIENT);
        assertThat(span.getName()).isEqualTo("grpc.testing.TestService/" + method);
        assertThat(span.getAttributes().get(stringKey("rpc.system"))).isEqualTo("grpc");
        assertThat(span.getAttributes().get(stringKey("rpc.service"))).isEqualTo("grpc.testing.TestService");
        assertThat(span.getAttributes().get(stringKey("rpc.method"))).isEqualTo(method);
        assertThat(span.getAttributes().get(longKey("rpc.grpc.status_code"))).isEqualTo(code.value());
        assertThat(span.getAttributes().get(stringKey("server.address"))).isEqualTo("localhost");
        assertThat(span.getAttributes().get(longKey("server.port"))).isEqualTo(server.port());
        assertThat(span.getAttributes().get(stringKey("network.peer.address"))).isEqualTo("127.0.0.1");
        assertThat(span.getAttributes().get(longKey("network.peer.port"))).isEqualTo(server.port());
    }

    private static List<String> eventsOf(SpanData span) {
        return span.getEvents().stream()
                .map(event -> event.getAttributes().get(stringKey("message.type"))
                        + ' '
                        + event.getAttributes().get(longKey("message.id")))
                .toList();
    }

    private static StreamingOutputCallRequest responses(int count) {
        StreamingOutputCallRequest.Builder request = StreamingOutputCallRequest.newBuilder();
        for (int i = 0; i < count; i++) {
            request.addResponseParameters(ResponseParameters.newBuilder().setSize(1));
        }
        return request.build();
    }

    /** Waits for the end of a call, and notes the span that each message is seen in. */
    private static final class Completion<R> implements StreamObserver<R> {
        final Queue<String> seen = new ConcurrentLinkedQueue<>();
        private final CountDownLatch ended = new CountDownLatch(1);

        void await() throws InterruptedException {
            assertThat(ended.await(10, TimeUnit.SECONDS)).as("the call ended").isTrue();
        }

        @Override
        public void onNext(R message) {
            seen.add(Span.current().getSpanContext().getSpanId());
        }

        @Override
        public void onError(Throwable failure) {
            ended.countDown();
        }

        @Override
        public void onCompleted() {
            ended.countDown();
        }
    }

    /** What the server is told of the trace. */
    private final class TraceParents implements ServerInterceptor {
        @Override
        public <Q, R> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
            traceParents.add(String.valueOf(headers.get(TRACE_PARENT)));
            return next.startCall(call, headers);
        }
    }

    /** Spans end on the thread of the call's listener, perhaps after the caller has gone on. */
    private static final class EndedSpans implements SpanProcessor {
        private final BlockingQueue<SpanData> ended = new LinkedBlockingQueue<>();

        SpanData next() throws InterruptedException {
            SpanData span = ended.poll(10, TimeUnit.SECONDS);
            assertThat(span).as("a span that has ended").isNotNull();
            return span;
        }

        @Override
        public void onStart(Context parent, ReadWriteSpan span) {}

        @Override
        public boolean isStartRequired() {
            return false;
        }

        @Override
        public void onEnd(ReadableSpan span) {
            ended.add(span.toSpanData());
        }

        @Override
        public boolean isEndRequired() {
            return true;
        }
    }
}
