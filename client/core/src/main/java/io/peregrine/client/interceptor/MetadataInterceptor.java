package io.peregrine.client.interceptor;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Cancellable;
import io.peregrine.client.ClientCall;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StreamCallback;
import io.peregrine.client.UnaryCallback;

/**
 * Sends the same metadata with every call, before the call's own; a name that both have is sent twice. Immutable; one
 * instance serves unary calls and calls with streams.
 */
public final class MetadataInterceptor implements UnaryInterceptor, StreamInterceptor {
    private final Metadata fixed;

    private MetadataInterceptor(Metadata fixed) {
        this.fixed = fixed;
    }

    /** Sends {@code metadata} with every call. */
    public static MetadataInterceptor of(Metadata metadata) {
        return new MetadataInterceptor(metadata);
    }

    @Override
    public <Q, R> Cancellable intercept(
            MethodDescriptor<Q, R> method,
            Q request,
            CallOptions options,
            UnaryCallback<R> callback,
            UnaryInterceptor.Next next) {
        return next.invoke(method, request, withFixed(options), callback);
    }

    @Override
    public <Q, R> ClientCall<Q> intercept(
            MethodDescriptor<Q, R> method,
            CallOptions options,
            StreamCallback<R> callback,
            StreamInterceptor.Next next) {
        return next.start(method, withFixed(options), callback);
    }

    private CallOptions withFixed(CallOptions options) {
        return options.withMetadata(fixed.concat(options.metadata()));
    }
}
