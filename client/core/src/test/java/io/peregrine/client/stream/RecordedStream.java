package io.peregrine.client.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.Metadata;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Writes down what a call with streams tells, of which nothing may follow the end and no two may overlap (HOSTILE.md
 * P1). Subclasses misbehave.
 */
class RecordedStream<R> implements StreamCallback<R> {
    private static final long DEADLINE_S = 20;

    private final BlockingQueue<R> messages = new LinkedBlockingQueue<>();
    private final CompletableFuture<Metadata> headers = new CompletableFuture<>();
    private final Semaphore rooms = new Semaphore(0);
    private final CountDownLatch ended = new CountDownLatch(1);
    private final AtomicInteger ends = new AtomicInteger();
    private final AtomicInteger afterEnd = new AtomicInteger();
    private volatile @Nullable Metadata trailers;
    private volatile @Nullable StatusException failure;

    @Override
    public void onHeaders(Metadata received) {
        checkOpen();
        headers.complete(received);
    }

    @Override
    public void onMessage(R message) {
        checkOpen();
        messages.add(message);
    }

    @Override
    public void onWritable() {
        checkOpen();
        rooms.release();
    }

    @Override
    public void onComplete(Metadata received) {
        trailers = received;
        end();
    }

    @Override
    public void onFailure(StatusException received) {
        failure = received;
        end();
    }

    private void checkOpen() {
        if (ended.getCount() == 0) {
            afterEnd.incrementAndGet();
        }
    }

    private void end() {
        ends.incrementAndGet();
        ended.countDown();
    }

    // ---- What a test asks ------------------------------------------------------------------------------------

    Metadata headers() throws Exception {
        return headers.get(DEADLINE_S, TimeUnit.SECONDS);
    }

    R nextMessage() throws InterruptedException {
        R message = messages.poll(DEADLINE_S, TimeUnit.SECONDS);
        assertThat(message).as("a message within %s s", DEADLINE_S).isNotNull();
        return message;
    }

    List<R> messagesLeft() {
        List<R> left = new ArrayList<>();
        messages.drainTo(left);
        return left;
    }

    void awaitRoom() throws InterruptedException {
        assertThat(rooms.tryAcquire(DEADLINE_S, TimeUnit.SECONDS))
                .as("onWritable within %s s", DEADLINE_S)
                .isTrue();
    }

    boolean hasEnded() {
        return ended.getCount() == 0;
    }

    /** The trailers of a call that ended with OK. */
    Metadata awaitComplete() throws InterruptedException {
        awaitEnd();
        assertThat(failure).isNull();
        return trailers;
    }

    StatusException awaitFailure() throws InterruptedException {
        awaitEnd();
        assertThat(failure).as("a failure").isNotNull();
        return failure;
    }

    private void awaitEnd() throws InterruptedException {
        assertThat(ended.await(DEADLINE_S, TimeUnit.SECONDS))
                .as("an end within %s s", DEADLINE_S)
                .isTrue();
        assertThat(ends).as("ends").hasValue(1);
        assertThat(afterEnd).as("events behind the end").hasValue(0);
    }
}
