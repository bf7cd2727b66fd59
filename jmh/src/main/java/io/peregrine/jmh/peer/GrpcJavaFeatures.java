package io.peregrine.jmh.peer;

import io.grpc.CallCredentials;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.netty.NettyChannelBuilder;
import java.util.concurrent.Executor;

/** The {@linkplain Feature features} as grpc-java has them. */
final class GrpcJavaFeatures {
    private GrpcJavaFeatures() {}

    static void configure(NettyChannelBuilder builder, Feature feature) {
        switch (feature) {
            case RETRY -> builder.enableRetry().defaultServiceConfig(GrpcJavaPolicies.retry());
            case HEDGING -> builder.enableRetry().defaultServiceConfig(GrpcJavaPolicies.hedging());
            case BREAKER, TRACKED_PICK ->
                throw new IllegalArgumentException("feature: " + feature + " (expected: one that grpc-java has)");
            case INTERCEPTORS_10 -> {
                builder.disableRetry();
                for (int i = 0; i < Feature.INTERCEPTORS; i++) {
                    builder.intercept(new PassOn());
                }
            }
            default -> builder.disableRetry();
        }
    }

    static CallOptions optionsFor(Feature feature) {
        return feature == Feature.CREDENTIALS
                ? CallOptions.DEFAULT.withCallCredentials(new CachedToken())
                : CallOptions.DEFAULT;
    }

    /** The fields of each call; grpc-java adds its own to what it is given, so that a call needs a copy. */
    static Metadata metadata(Feature feature) {
        Metadata fields = new Metadata();
        for (int i = 1; i < feature.fields(); i++) {
            fields.put(Metadata.Key.of("x-field-" + i, Metadata.ASCII_STRING_MARSHALLER), "value of field " + i);
        }
        if (feature.fields() > 0) {
            fields.put(Metadata.Key.of("x-trace-bin", Metadata.BINARY_BYTE_MARSHALLER), new byte[29]);
        }
        return fields;
    }

    private static final class PassOn implements ClientInterceptor {
        @Override
        public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
            return next.newCall(method, options);
        }
    }

    private static final class CachedToken extends CallCredentials {
        private final Metadata fields = new Metadata();

        CachedToken() {
            fields.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + "t".repeat(100));
        }

        @Override
        public void applyRequestMetadata(RequestInfo request, Executor executor, MetadataApplier applier) {
            applier.apply(fields);
        }
    }
}
