package io.peregrine.jmh.peer;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** grpc-java over epoll: as it comes, or at its best tuning for small calls on one connection. */
public final class GrpcJavaClient<M> implements EchoClient<M> {
    /** What ClientCalls asks for in a unary call: the message, and one more to notice a second. */
    private static final int UNARY_REQUEST_COUNT = 2;

    private final ManagedChannel channel;
    private final MethodDescriptor<M, M> method;
    private final Consumer<M> release;

    private final CallOptions options;
    private final Metadata metadata;

    private GrpcJavaClient(ManagedChannel channel, Payload<M> payload, Feature feature) {
        this.channel = channel;
        this.release = payload.release();
        this.options = GrpcJavaFeatures.optionsFor(feature);
        this.metadata = GrpcJavaFeatures.metadata(feature);
        this.method = MethodDescriptor.<M, M>newBuilder()
                .setType(MethodDescriptor.MethodType.UNARY)
                .setFullMethodName(Payload.METHOD)
                .setRequestMarshaller(payload.grpcJava())
                .setResponseMarshaller(payload.grpcJava())
                .build();
    }

    /** As it comes. */
    public static <M> EchoClient<M> withDefaults(ClientSetup setup, Payload<M> payload) {
        return new GrpcJavaClient<>(GrpcJavaChannel.withDefaults(setup).build(), payload, Feature.NONE);
    }

    /** The same program over another channel, which it closes with itself. */
    static <M> EchoClient<M> over(ManagedChannel channel, Payload<M> payload) {
        return new GrpcJavaClient<>(channel, payload, Feature.NONE);
    }

    /** Callbacks on the event loop, no buffering for retries, and a window that no estimator moves. */
    public static <M> EchoClient<M> tuned(ClientSetup setup, Payload<M> payload) {
        return tuned(setup, payload, Feature.NONE);
    }

    /** As {@link #tuned(ClientSetup, Payload)}, with what the feature needs besides. */
    public static <M> EchoClient<M> tuned(ClientSetup setup, Payload<M> payload, Feature feature) {
        NettyChannelBuilder builder = GrpcJavaChannel.tuned(setup);
        GrpcJavaFeatures.configure(builder, feature);
        return new GrpcJavaClient<>(builder.build(), payload, feature);
    }

    @Override
    public M call(M request) {
        return ClientCalls.blockingUnaryCall(channel, method, options, request);
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
                M received = response;
                boolean success = status.isOk() && received != null;
                response = null;
                if (received != null) {
                    release.accept(received);
                }
                completion.onEnd(success ? null : status.asRuntimeException(trailers));
            }
        };
        return () -> {
            ClientCall<M, M> call = channel.newCall(method, options);
            Metadata headers = new Metadata();
            headers.merge(metadata);
            call.start(listener, headers);
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
