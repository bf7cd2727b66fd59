package io.peregrine.jmh;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import org.jspecify.annotations.Nullable;

/** grpc-java over plaintext and epoll: as it comes, or at its best tuning for small calls on one connection. */
final class GrpcJavaClient<M> implements EchoClient<M> {
    private static final int TUNED_WINDOW_BYTES = 1 << 20;

    /** What ClientCalls asks for in a unary call: the message, and one more to notice a second. */
    private static final int UNARY_REQUEST_COUNT = 2;

    private final ManagedChannel channel;
    private final MethodDescriptor<M, M> method;

    private GrpcJavaClient(ManagedChannel channel, Payload<M> payload) {
        this.channel = channel;
        this.method = MethodDescriptor.<M, M>newBuilder()
                .setType(MethodDescriptor.MethodType.UNARY)
                .setFullMethodName(Payload.METHOD)
                .setRequestMarshaller(payload.grpcJava())
                .setResponseMarshaller(payload.grpcJava())
                .build();
    }

    static <M> EchoClient<M> withDefaults(String address, Payload<M> payload) {
        return new GrpcJavaClient<>(
                NettyChannelBuilder.forTarget(address).usePlaintext().build(), payload);
    }

    /** Callbacks on the event loop, no buffering for retries, and a window that no estimator moves. */
    static <M> EchoClient<M> tuned(String address, Payload<M> payload) {
        return new GrpcJavaClient<>(
                NettyChannelBuilder.forTarget(address)
                        .usePlaintext()
                        .directExecutor()
                        .disableRetry()
                        .flowControlWindow(TUNED_WINDOW_BYTES)
                        .build(),
                payload);
    }

    @Override
    public M call(M request) {
        return ClientCalls.blockingUnaryCall(channel, method, CallOptions.DEFAULT, request);
    }

    /** On ClientCall itself: the observers of ClientCalls would cost two more objects for each call. */
    @Override
    public RepeatedCall newCall(M request, Completion completion) {
        ClientCall.Listener<M> listener = new ClientCall.Listener<>() {
            private @Nullable M response;

            @Override
            public void onMessage(M message) {
                response = message;
            }

            @Override
            public void onClose(Status status, Metadata trailers) {
                boolean success = status.isOk() && response != null;
                response = null;
                completion.onEnd(success ? null : status.asRuntimeException(trailers));
            }
        };
        return () -> {
            ClientCall<M, M> call = channel.newCall(method, CallOptions.DEFAULT);
            call.start(listener, new Metadata());
            call.request(UNARY_REQUEST_COUNT);
            call.sendMessage(request);
            call.halfClose();
        };
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
