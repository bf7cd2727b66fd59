package io.peregrine.discovery.consul;

import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.BodySubscribers;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** The octets of a response, up to a limit: one octet more fails the response and closes its connection. */
final class BoundedBody implements BodySubscriber<byte[]> {
    private final BodySubscriber<byte[]> kept = BodySubscribers.ofByteArray();
    private final int maxBytes;
    private long receivedBytes;
    private boolean refused;
    private Flow.@Nullable Subscription source;

    BoundedBody(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    @Override
    public CompletionStage<byte[]> getBody() {
        return kept.getBody();
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
        source = subscription;
        kept.onSubscribe(subscription);
    }

    @Override
    public void onNext(List<ByteBuffer> part) {
        if (refused) {
            return;
        }
        for (ByteBuffer buffer : part) {
            receivedBytes += buffer.remaining();
        }
        if (receivedBytes <= maxBytes) {
            kept.onNext(part);
            return;
        }
        refused = true;
        if (source != null) {
            source.cancel();
        }
        kept.onError(new IOException("the answer has more than " + maxBytes + " bytes"));
    }

    @Override
    public void onError(Throwable failure) {
        if (!refused) {
            kept.onError(failure);
        }
    }

    @Override
    public void onComplete() {
        if (!refused) {
            kept.onComplete();
        }
    }
}
