package io.peregrine.example;

import io.peregrine.client.ClientCall;
import io.peregrine.client.Metadata;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import io.peregrine.client.UnaryCallback;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;

/** The messages of a call, however they arrive, until its end. */
final class Collected<R> implements UnaryCallback<R>, StreamCallback<R>, Flow.Subscriber<R> {
    private final List<R> messages = new ArrayList<>();
    private final CompletableFuture<List<R>> end = new CompletableFuture<>();
    private final CompletableFuture<Metadata> headers = new CompletableFuture<>();

    /** Of a publisher. */
    static <R> Collected<R> from(Flow.Publisher<R> publisher) {
        Collected<R> collected = new Collected<>();
        publisher.subscribe(collected);
        return collected;
    }

    /** Asks for all messages of a call that was started with this. */
    Collected<R> all(ClientCall<?> call) {
        call.request(Integer.MAX_VALUE);
        return this;
    }

    /** Waits for the end. */
    List<R> messages() throws Exception {
        return end.get(30, TimeUnit.SECONDS);
    }

    /** Waits for what the server sent before the messages. */
    Metadata headers() throws Exception {
        return headers.get(30, TimeUnit.SECONDS);
    }

    @Override
    public void onHeaders(Metadata received) {
        headers.complete(received);
    }

    @Override
    public void onMessage(R message) {
        messages.add(message);
    }

    @Override
    public void onSuccess(R response, Metadata trailers) {
        messages.add(response);
        end.complete(messages);
    }

    @Override
    public void onComplete(Metadata trailers) {
        end.complete(messages);
    }

    @Override
    public void onFailure(StatusException failure) {
        end.completeExceptionally(failure);
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
        subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(R message) {
        messages.add(message);
    }

    @Override
    public void onError(Throwable failure) {
        end.completeExceptionally(failure);
    }

    @Override
    public void onComplete() {
        end.complete(messages);
    }
}
