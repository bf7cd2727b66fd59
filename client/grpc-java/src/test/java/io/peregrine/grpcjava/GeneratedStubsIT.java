package io.peregrine.grpcjava;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.StreamObserver;
import io.grpc.testing.integration.EmptyProtos.Empty;
import io.grpc.testing.integration.Messages.EchoStatus;
import io.grpc.testing.integration.Messages.Payload;
import io.grpc.testing.integration.Messages.ResponseParameters;
import io.grpc.testing.integration.Messages.SimpleRequest;
import io.grpc.testing.integration.Messages.SimpleResponse;
import io.grpc.testing.integration.Messages.StreamingInputCallRequest;
import io.grpc.testing.integration.Messages.StreamingInputCallResponse;
import io.grpc.testing.integration.Messages.StreamingOutputCallRequest;
import io.grpc.testing.integration.Messages.StreamingOutputCallResponse;
import io.grpc.testing.integration.TestServiceGrpc;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Generated stubs of all kinds over the facade, against grpc-java's server. */
class GeneratedStubsIT {
    private static final int SIZE = 1000;

    private static InteropServer server;
    private static PeregrineChannel channel;

    @BeforeAll
    static void start() throws Exception {
        server = InteropServer.plaintext();
        channel = PeregrineChannelBuilder.forTarget(server.target())
                .usePlaintext()
                .build();
    }

    @AfterAll
    static void stop() throws Exception {
        channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        server.close();
    }

    @Test
    void aBlockingStubCalls() {
        SimpleResponse response = TestServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(10, TimeUnit.SECONDS)
                .unaryCall(unaryRequest());

        assertThat(response.getPayload().getBody().size()).isEqualTo(SIZE);
    }

    @Test
    void aBlockingStubIteratesOverAStream() {
        Iterator<StreamingOutputCallResponse> responses =
                TestServiceGrpc.newBlockingStub(channel).streamingOutputCall(streamRequest(3));

        List<Integer> sizes = new ArrayList<>();
        responses.forEachRemaining(
                response -> sizes.add(response.getPayload().getBody().size()));
        assertThat(sizes).containsExactly(SIZE, SIZE, SIZE);
    }

    @Test
    void aBlockingV2StubCallsAndStreams() throws Exception {
        TestServiceGrpc.TestServiceBlockingV2Stub stub = TestServiceGrpc.newBlockingV2Stub(channel);
        assertThat(stub.emptyCall(Empty.getDefaultInstance())).isEqualTo(Empty.getDefaultInstance());

        BlockingClientCall<StreamingOutputCallRequest, StreamingOutputCallResponse> call = stub.fullDuplexCall();
        for (int i = 0; i < 5; i++) {
            call.write(streamRequest(1));
            StreamingOutputCallResponse response = call.read();
            assertThat(response.getPayload().getBody().size()).isEqualTo(SIZE);
        }
        call.halfClose();
        assertThat(call.read()).isNull();
    }

    @Test
    void aFutureStubCalls() throws Exception {
        SimpleResponse response =
                TestServiceGrpc.newFutureStub(channel).unaryCall(unaryRequest()).get(10, TimeUnit.SECONDS);

        assertThat(response.getPayload().getBody().size()).isEqualTo(SIZE);
    }

    @Test
    void anAsyncStubSendsManyAndReceivesOne() throws Exception {
        Answers<StreamingInputCallResponse> answers = new Answers<>();
        StreamObserver<StreamingInputCallRequest> requests =
                TestServiceGrpc.newStub(channel).streamingInputCall(answers);
        for (int i = 0; i < 200; i++) {
            requests.onNext(StreamingInputCallRequest.newBuilder()
                    .setPayload(payload(SIZE))
                    .build());
        }
        requests.onCompleted();

        List<StreamingInputCallResponse> all = answers.whole.get(10, TimeUnit.SECONDS);
        assertThat(all).hasSize(1);
        assertThat(all.get(0).getAggregatedPayloadSize()).isEqualTo(200 * SIZE);
    }

    @Test
    void anAsyncStubTalksBothWays() throws Exception {
        Answers<StreamingOutputCallResponse> answers = new Answers<>();
        StreamObserver<StreamingOutputCallRequest> requests =
                TestServiceGrpc.newStub(channel).fullDuplexCall(answers);
        for (int i = 0; i < 100; i++) {
            requests.onNext(streamRequest(2));
        }
        requests.onCompleted();

        assertThat(answers.whole.get(10, TimeUnit.SECONDS)).hasSize(200);
    }

    @Test
    void aServersStatusComesAsItIs() {
        SimpleRequest request = SimpleRequest.newBuilder()
                .setResponseStatus(EchoStatus.newBuilder().setCode(2).setMessage("täst 测试"))
                .build();

        assertThatThrownBy(() -> TestServiceGrpc.newBlockingStub(channel).unaryCall(request))
                .isInstanceOfSatisfying(StatusRuntimeException.class, failed -> {
                    assertThat(failed.getStatus().getCode()).isEqualTo(Status.Code.UNKNOWN);
                    assertThat(failed.getStatus().getDescription()).isEqualTo("täst 测试");
                    assertThat(failed.getStatus().getCause()).isNull();
                });
    }

    private static SimpleRequest unaryRequest() {
        return SimpleRequest.newBuilder()
                .setResponseSize(SIZE)
                .setPayload(payload(SIZE))
                .build();
    }

    private static StreamingOutputCallRequest streamRequest(int responses) {
        StreamingOutputCallRequest.Builder request = StreamingOutputCallRequest.newBuilder();
        for (int i = 0; i < responses; i++) {
            request.addResponseParameters(ResponseParameters.newBuilder().setSize(SIZE));
        }
        return request.build();
    }

    private static Payload payload(int size) {
        return Payload.newBuilder().setBody(ByteString.copyFrom(new byte[size])).build();
    }

    /** All that a stream brought. */
    private static final class Answers<R> implements StreamObserver<R> {
        private final List<R> received = new ArrayList<>();
        private final CompletableFuture<List<R>> whole = new CompletableFuture<>();

        @Override
        public void onNext(R response) {
            received.add(response);
        }

        @Override
        public void onError(Throwable failure) {
            whole.completeExceptionally(failure);
        }

        @Override
        public void onCompleted() {
            whole.complete(received);
        }
    }
}
