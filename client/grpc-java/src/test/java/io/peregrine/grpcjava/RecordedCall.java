package io.peregrine.grpcjava;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A listener that keeps what it is told, and checks that it is told one thing at a time and nothing behind the end. */
class RecordedCall<R> extends ClientCall.Listener<R> {
    final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    final BlockingQueue<R> messages = new LinkedBlockingQueue<>();
    final CompletableFuture<Status> end = new CompletableFuture<>();
    volatile @Nullable Metadata headers;
    private volatile @Nullable Metadata trailers;
    private volatile @Nullable Thread thread;
    private final AtomicInteger inside = new AtomicInteger();
    private volatile @Nullable AssertionError violation;

    private void enter(String event) {
        if (inside.incrementAndGet() != 1) {
            violation = new AssertionError(event + " while another method ran");
        }
        if (end.isDone()) {
            violation = new AssertionError(event + " behind the end");
        }
        thread = Thread.currentThread();
        events.add(event);
    }

    private void leave() {
        inside.decrementAndGet();
    }

    @Override
    public void onHeaders(Metadata received) {
        enter("headers");
        headers = received;
        leave();
    }

    @Override
    public void onMessage(R message) {
        enter("message");
        messages.add(message);
        leave();
    }

    @Override
    public void onReady() {
        enter("ready");
        leave();
    }

    @Override
    public void onClose(Status status, Metadata received) {
        enter("close");
        trailers = received;
        leave();
        end.complete(status);
    }

    Metadata headers() {
        return Objects.requireNonNull(headers, "headers");
    }

    Metadata trailers() {
        return Objects.requireNonNull(trailers, "trailers");
    }

    /** The name of the thread of the last event. */
    String threadName() {
        return Objects.requireNonNull(thread, "thread").getName();
    }

    Status await() {
        try {
            Status status = end.get(20, TimeUnit.SECONDS);
            assertThat(violation).isNull();
            return status;
        } catch (InterruptedException | ExecutionException | TimeoutException failed) {
            throw new AssertionError("events: " + events, failed);
        }
    }

    R nextMessage() {
        return next(messages);
    }

    static <T> T next(BlockingQueue<T> queue) {
        try {
            T next = queue.poll(20, TimeUnit.SECONDS);
            assertThat(next).as("within 20 s").isNotNull();
            return next;
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }
}
