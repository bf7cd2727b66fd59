package io.peregrine.client.internal.flow;

import io.peregrine.client.CallOptions;
import io.peregrine.client.MethodDescriptor;
import java.util.Objects;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * A call with streams that is made for each subscriber anew, when it subscribes.
 *
 * @param <Q> the request messages
 * @param <R> the response messages
 */
public final class ResponsePublisher<Q, R> implements Flow.Publisher<R> {
    private final CallStarter starter;
    private final MethodDescriptor<Q, R> method;
    private final CallOptions options;
    private final @Nullable Q onlyRequest;
    private final Flow.@Nullable Publisher<? extends Q> requests;

    private ResponsePublisher(
            CallStarter starter,
            MethodDescriptor<Q, R> method,
            CallOptions options,
            @Nullable Q onlyRequest,
            Flow.@Nullable Publisher<? extends Q> requests) {
        this.starter = starter;
        this.method = method;
        this.options = options;
        this.onlyRequest = onlyRequest;
        this.requests = requests;
    }

    /** Calls with one request. */
    public static <Q, R> ResponsePublisher<Q, R> of(
            CallStarter starter, MethodDescriptor<Q, R> method, CallOptions options, Q request) {
        return new ResponsePublisher<>(starter, method, options, Objects.requireNonNull(request, "request"), null);
    }

    /** Calls with the requests of a publisher, to which each call subscribes. */
    public static <Q, R> ResponsePublisher<Q, R> of(
            CallStarter starter,
            MethodDescriptor<Q, R> method,
            CallOptions options,
            Flow.Publisher<? extends Q> requests) {
        return new ResponsePublisher<>(starter, method, options, null, Objects.requireNonNull(requests, "requests"));
    }

    @Override
    public void subscribe(Flow.Subscriber<? super R> subscriber) {
        Objects.requireNonNull(subscriber, "subscriber");
        Q only = onlyRequest;
        Requests<Q> sent = only == null ? Requests.published(method) : Requests.only(method, only);
        ResponseSubscription<Q, R> subscription = new ResponseSubscription<>(method, subscriber, sent);
        if (subscription.offer() && subscription.start(starter, options) && requests != null) {
            sent.follow(requests);
        }
    }
}
