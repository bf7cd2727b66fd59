package io.peregrine.client.stream;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
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
import io.peregrine.client.Marshaller;
import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.MethodType;

/** The methods and messages of gRPC's interop test service. */
final class TestService {
    static final MethodDescriptor<Empty, Empty> EMPTY_CALL =
            method(MethodType.UNARY, "EmptyCall", Empty.parser(), Empty.parser());
    static final MethodDescriptor<SimpleRequest, SimpleResponse> UNARY_CALL =
            method(MethodType.UNARY, "UnaryCall", SimpleRequest.parser(), SimpleResponse.parser());
    static final MethodDescriptor<StreamingInputCallRequest, StreamingInputCallResponse> STREAMING_INPUT_CALL = method(
            MethodType.CLIENT_STREAMING,
            "StreamingInputCall",
            StreamingInputCallRequest.parser(),
            StreamingInputCallResponse.parser());
    static final MethodDescriptor<StreamingOutputCallRequest, StreamingOutputCallResponse> STREAMING_OUTPUT_CALL =
            outputMethod(MethodType.SERVER_STREAMING, "StreamingOutputCall");
    static final MethodDescriptor<StreamingOutputCallRequest, StreamingOutputCallResponse> FULL_DUPLEX_CALL =
            outputMethod(MethodType.BIDI_STREAMING, "FullDuplexCall");
    static final MethodDescriptor<StreamingOutputCallRequest, StreamingOutputCallResponse> HALF_DUPLEX_CALL =
            outputMethod(MethodType.BIDI_STREAMING, "HalfDuplexCall");
    static final MethodDescriptor<Empty, Empty> UNIMPLEMENTED_CALL =
            method(MethodType.UNARY, "UnimplementedCall", Empty.parser(), Empty.parser());
    static final MethodDescriptor<Empty, Empty> UNIMPLEMENTED_SERVICE = MethodDescriptor.serverStreaming(
            "grpc.testing.UnimplementedService/UnimplementedCall", protobuf(Empty.parser()), protobuf(Empty.parser()));

    /** large_unary: more than a stream's first window, both ways. */
    static final int LARGE_REQUEST_BYTES = 271_828;

    static final int LARGE_RESPONSE_BYTES = 314_159;

    private TestService() {}

    static SimpleRequest largeRequest() {
        return request(LARGE_REQUEST_BYTES, LARGE_RESPONSE_BYTES);
    }

    static SimpleRequest request(int requestBytes, int responseBytes) {
        return SimpleRequest.newBuilder()
                .setResponseSize(responseBytes)
                .setPayload(payload(requestBytes))
                .build();
    }

    static StreamingInputCallRequest input(int bytes) {
        return StreamingInputCallRequest.newBuilder().setPayload(payload(bytes)).build();
    }

    /** Asks for responses of these sizes. */
    static StreamingOutputCallRequest outputs(int... sizes) {
        return output(0, sizes);
    }

    /** As {@link #outputs}, in a request of a size of its own. */
    static StreamingOutputCallRequest output(int requestBytes, int... sizes) {
        StreamingOutputCallRequest.Builder request =
                StreamingOutputCallRequest.newBuilder().setPayload(payload(requestBytes));
        for (int size : sizes) {
            request.addResponseParameters(ResponseParameters.newBuilder().setSize(size));
        }
        return request.build();
    }

    /** Asks for a response that comes long after any test. */
    static StreamingOutputCallRequest lateOutput() {
        return StreamingOutputCallRequest.newBuilder()
                .addResponseParameters(
                        ResponseParameters.newBuilder().setSize(1).setIntervalUs(600_000_000))
                .build();
    }

    static StreamingOutputCallRequest failure(int code, String message) {
        return StreamingOutputCallRequest.newBuilder()
                .setResponseStatus(EchoStatus.newBuilder().setCode(code).setMessage(message))
                .build();
    }

    static int size(StreamingOutputCallResponse response) {
        return response.getPayload().getBody().size();
    }

    private static Payload payload(int bytes) {
        return Payload.newBuilder()
                .setBody(ByteString.copyFrom(new byte[bytes]))
                .build();
    }

    private static MethodDescriptor<StreamingOutputCallRequest, StreamingOutputCallResponse> outputMethod(
            MethodType type, String name) {
        return method(type, name, StreamingOutputCallRequest.parser(), StreamingOutputCallResponse.parser());
    }

    private static <Q extends MessageLite, R extends MessageLite> MethodDescriptor<Q, R> method(
            MethodType type, String name, Parser<Q> request, Parser<R> response) {
        return MethodDescriptor.of(type, "grpc.testing.TestService/" + name, protobuf(request), protobuf(response));
    }

    private static <T extends MessageLite> Marshaller<T> protobuf(Parser<T> parser) {
        return Marshallers.protobuf(parser);
    }
}
