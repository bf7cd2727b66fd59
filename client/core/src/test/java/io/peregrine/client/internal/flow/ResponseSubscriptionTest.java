package io.peregrine.client.internal.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientCall;
import io.peregrine.client.Marshallers;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a subscription makes of its call; beyond the rules of {@link FlowRulesTest}. */
class ResponseSubscriptionTest {
    private static final MethodDescriptor<byte[], byte[]> LIST =
            MethodDescriptor.serverStreaming("test.Echo/List", Marshallers.bytes(), Marshallers.bytes());
    private static final byte[] MESSAGE = {1};

    private final List<String> log = new ArrayList<>();
    private final Subscriber subscriber = new Subscriber();
    private @Nullable StreamCallback<byte[]> callback;

    @Test
    void demandOfBeforeTheCallIsHandedOnInOne() {
        subscriber.onSubscribed = () -> {
            subscriber.subscription().request(2);
            subscriber.subscription().request(3);
        };

        subscribe();

        assertThat(log).containsExactly("subscribed", "send", "request 5");
    }

    @Test
    void demandBeyondAnIntIsHandedOnInPartsAsMessagesArrive() {
        subscribe();

        subscriber.subscription().request(Integer.MAX_VALUE);
        subscriber.subscription().request(Integer.MAX_VALUE);
        callback().onMessage(MESSAGE);

        assertThat(log).containsExactly("subscribed", "send", "request " + (1 << 30), "next");
    }

    @Test
    void demandForAllIsHandedOnOnce() {
        subscribe();

        subscriber.subscription().request(Long.MAX_VALUE);
        subscriber.subscription().request(1);
        subscriber.subscription().request(Long.MAX_VALUE);

        assertThat(log).containsExactly("subscribed", "send", "request " + Integer.MAX_VALUE);
    }

    @Test
    void aSubscriberThatCancelsAtOnceCostsNoCall() {
        subscriber.onSubscribed = () -> subscriber.subscription().cancel();

        subscribe();

        assertThat(log).containsExactly("subscribed");
    }

    @Test
    void aSubscriberThatAsksForNothingAtOnceCostsNoCall() {
        subscriber.onSubscribed = () -> subscriber.subscription().request(0);

        subscribe();

        assertThat(log).containsExactly("subscribed", "error IllegalArgumentException");
    }

    @Test
    void aRefusedRequestIsToldInThePlaceOfTheCallsEnd() {
        subscribe();

        subscriber.subscription().request(-1);
        callback().onMessage(MESSAGE);
        callback().onFailure(new StatusException(Status.of(StatusCode.CANCELLED, "")));

        assertThat(log).containsExactly("subscribed", "send", "cancel", "error IllegalArgumentException");
    }

    @Test
    void nothingIsToldAfterACancel() {
        subscribe();

        subscriber.subscription().cancel();
        subscriber.subscription().cancel();
        callback().onMessage(MESSAGE);
        callback().onFailure(new StatusException(Status.of(StatusCode.CANCELLED, "")));

        assertThat(log).containsExactly("subscribed", "send", "cancel");
    }

    @Test
    void p12ASubscriberThatThrowsCountsAsOneThatHasCancelled() {
        subscribe();
        subscriber.throwing = true;

        callback().onMessage(MESSAGE);
        callback().onMessage(MESSAGE);
        callback().onFailure(new StatusException(Status.of(StatusCode.CANCELLED, "")));

        assertThat(log).containsExactly("subscribed", "send", "next", "cancel");
    }

    @Test
    void p12ASubscriberThatThrowsWhenItIsSubscribedCostsNoCall() {
        subscriber.onSubscribed = () -> {
            throw new IllegalStateException("no");
        };

        subscribe();

        assertThat(log).containsExactly("subscribed");
    }

    @Test
    void p12WhatASubscriberThrowsAtTheEndGoesNoFurther() {
        subscribe();
        subscriber.throwing = true;

        callback().onComplete(Metadata.EMPTY);

        assertThat(log).containsExactly("subscribed", "send", "complete");
    }

    private void subscribe() {
        ResponsePublisher.of(new RecordedStart(), LIST, CallOptions.DEFAULT, MESSAGE)
                .subscribe(subscriber);
    }

    private StreamCallback<byte[]> callback() {
        return Objects.requireNonNull(callback);
    }

    private final class RecordedStart implements CallStarter {
        @Override
        @SuppressWarnings("unchecked")
        public <Q, R> ClientCall<Q> startCall(
                MethodDescriptor<Q, R> method, CallOptions options, StreamCallback<R> newCallback) {
            callback = (StreamCallback<byte[]>) newCallback;
            return new RecordedCall<>();
        }
    }

    private final class RecordedCall<Q> implements ClientCall<Q> {
        @Override
        public boolean trySend(Q message) {
            log.add("send");
            return true;
        }

        @Override
        public boolean isWritable() {
            return true;
        }

        @Override
        public void request(int messages) {
            log.add("request " + messages);
        }

        @Override
        public void cancel(String reason, @Nullable Throwable cause) {
            log.add("cancel");
        }

        @Override
        public void cancel() {
            log.add("cancel");
        }

        @Override
        public void closeSend() {}

        @Override
        public void cork() {}

        @Override
        public void flush() {}

        @Override
        public void compress(boolean on) {}
    }

    private final class Subscriber implements Flow.Subscriber<byte[]> {
        Runnable onSubscribed = () -> {};
        boolean throwing;
        private Flow.@Nullable Subscription subscription;

        Flow.Subscription subscription() {
            return Objects.requireNonNull(subscription);
        }

        @Override
        public void onSubscribe(Flow.Subscription offered) {
            subscription = offered;
            told("subscribed");
            onSubscribed.run();
        }

        @Override
        public void onNext(byte[] message) {
            told("next");
        }

        @Override
        public void onError(Throwable failure) {
            told("error " + failure.getClass().getSimpleName());
        }

        @Override
        public void onComplete() {
            told("complete");
        }

        private void told(String event) {
            log.add(event);
            if (throwing) {
                throw new IllegalStateException("broken");
            }
        }
    }
}
