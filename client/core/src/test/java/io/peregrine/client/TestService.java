package io.peregrine.client;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.grpc.testing.integration.EmptyProtos.Empty;
import io.grpc.testing.integration.Messages.Payload;
import io.grpc.testing.integration.Messages.ResponseParameters;
import io.grpc.testing.integration.Messages.SimpleRequest;
import io.grpc.testing.integration.Messages.SimpleResponse;
import io.grpc.testing.integration.Messages.StreamingInputCallRequest;
import io.grpc.testing.integration.Messages.StreamingInputCallResponse;
import io.grpc.testing.integration.Messages.StreamingOutputCallRequest;
import io.grpc.testing.integration.Messages.StreamingOutputCallResponse;

/** The methods of gRPC's interop test service, and messages for them. */
final class TestService {
    static final MethodDescriptor<SimpleRequest, SimpleResponse> UNARY = MethodDescriptor.unary(
            name("UnaryCall"), protobuf(SimpleRequest.parser()), protobuf(SimpleResponse.parser()));
    static final MethodDescriptor<Empty, Empty> UNIMPLEMENTED = MethodDescriptor.serverStreaming(
            name("UnimplementedCall"), protobuf(Empty.parser()), protobuf(Empty.parser()));
    static final MethodDescriptor<StreamingOutputCallRequest, StreamingOutputCallResponse> OUTPUT =
            MethodDescriptor.serverStreaming(name("StreamingOutputCall"), outputRequest(), outputResponse());
    static final MethodDescriptor<StreamingOutputCallRequest, StreamingOutputCallResponse> DUPLEX =
            MethodDescriptor.bidiStreaming(name("FullDuplexCall"), outputRequest(), outputResponse());
    static final MethodDescriptor<StreamingInputCallRequest, StreamingInputCallResponse> INPUT =
            MethodDescriptor.clientStreaming(
                    name("StreamingInputCall"),
                    protobuf(StreamingInputCallRequest.parser()),
                    protobuf(StreamingInputCallResponse.parser()));

    private TestService() {}

    /** Asks for one response of each size. */
    static StreamingOutputCallRequest responses(int... sizes) {
        StreamingOutputCallRequest.Builder request = StreamingOutputCallRequest.newBuilder();
        for (int size : sizes) {
            request.addResponseParameters(ResponseParameters.newBuilder().setSize(size));
        }
        return request.build();
    }

    static SimpleRequest response(int bytes) {
        return SimpleRequest.newBuilder().setResponseSize(bytes).build();
    }

    static StreamingInputCallRequest input(int bytes) {
        return StreamingInputCallRequest.newBuilder()
                .setPayload(Payload.newBuilder().setBody(ByteString.copyFrom(new byte[bytes])))
                .build();
    }

    private static String name(String method) {
        return "grpc.testing.TestService/" + method;
    }

    private static Marshaller<StreamingOutputCallRequest> outputRequest() {
        return protobuf(StreamingOutputCallRequest.parser());
    }

    private static Marshaller<StreamingOutputCallResponse> outputResponse() {
        return protobuf(StreamingOutputCallResponse.parser());
    }

    private static <T extends MessageLite> Marshaller<T> protobuf(Parser<T> parser) {
        return Marshallers.protobuf(parser);
    }
}
