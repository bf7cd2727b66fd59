package io.peregrine.jmh.peer;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Cancellable;
import io.peregrine.client.ClientConnBuilder;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StatusCode;
import io.peregrine.client.UnaryCallback;
import io.peregrine.client.balancer.policy.LeastRequest;
import io.peregrine.client.breaker.CircuitBreakerPolicy;
import io.peregrine.client.breaker.CircuitBreakerPolicy.Scope;
import io.peregrine.client.config.HedgingPolicy;
import io.peregrine.client.config.RetryPolicy;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.credentials.AccessToken;
import io.peregrine.client.credentials.BearerToken;
import io.peregrine.client.interceptor.UnaryInterceptor;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** The {@linkplain Feature features} as Peregrine has them. */
public final class PeregrineFeatures {
    /** Three attempts, on UNAVAILABLE. */
    static final RetryPolicy RETRY = RetryPolicy.exponential(Duration.ofMillis(100), 2, Duration.ofSeconds(1))
            .maxAttempts(3)
            .on(StatusCode.UNAVAILABLE);

    private PeregrineFeatures() {}

    static void configure(ClientConnBuilder builder, Feature feature) {
        if (feature == Feature.BREAKER) {
            builder.circuitBreaker(CircuitBreakerPolicy.builder(Scope.BACKEND).build());
        } else if (feature == Feature.TRACKED_PICK) {
            builder.serviceConfig(
                    ServiceConfig.builder().loadBalancing(LeastRequest.policy()).build());
        } else if (feature == Feature.INTERCEPTORS_10) {
            for (int i = 0; i < Feature.INTERCEPTORS; i++) {
                builder.unaryInterceptor(new PassOn());
            }
        }
    }

    /** How a call is made that has it. */
    public static CallOptions optionsFor(Feature feature) {
        return switch (feature) {
            case NONE, BREAKER, TRACKED_PICK, INTERCEPTORS_10 -> CallOptions.DEFAULT;
            case RETRY -> CallOptions.DEFAULT.withRetry(RETRY);
            case HEDGING ->
                CallOptions.DEFAULT.withHedging(HedgingPolicy.after(Duration.ofSeconds(1))
                        .maxAttempts(3)
                        .nonFatal(StatusCode.UNAVAILABLE));
            case METADATA_3, METADATA_10 -> CallOptions.DEFAULT.withMetadata(metadata(feature.fields()));
            case CREDENTIALS -> CallOptions.DEFAULT.withCredentials(bearer());
        };
    }

    private static Metadata metadata(int fields) {
        Metadata.Builder builder = Metadata.builder();
        for (int i = 1; i < fields; i++) {
            builder.put(Metadata.Key.of("x-field-" + i), "value of field " + i);
        }
        return builder.put(Metadata.Key.binary("x-trace-bin"), new byte[29]).build();
    }

    private static BearerToken bearer() {
        CompletableFuture<AccessToken> token = CompletableFuture.completedFuture(AccessToken.of("t".repeat(100)));
        return BearerToken.builder(() -> token).allowPlaintext().build();
    }

    private static final class PassOn implements UnaryInterceptor {
        @Override
        public <Q, R> Cancellable intercept(
                MethodDescriptor<Q, R> method, Q request, CallOptions options, UnaryCallback<R> callback, Next next) {
            return next.invoke(method, request, options, callback);
        }
    }
}
