package io.peregrine.client.warmup;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Cancellable;
import io.peregrine.client.ClientConn;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StatusException;
import io.peregrine.client.UnaryCallback;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Asynchronous calls, several at a time; each one that ends starts the next, from its callback. */
final class AsyncTraining<Q, R> implements UnaryCallback<R> {
    private static final int OUTSTANDING = 16;

    private final ClientConn conn;
    private final MethodDescriptor<Q, R> method;
    private final Q request;
    private final CallLimit limit;
    private final AtomicInteger unstarted;
    private final AtomicInteger made = new AtomicInteger();
    private final AtomicReference<@Nullable StatusException> failure = new AtomicReference<>();
    private final CountDownLatch running;

    AsyncTraining(ClientConn conn, MethodDescriptor<Q, R> method, Q request, int calls, CallLimit limit) {
        this.conn = conn;
        this.method = method;
        this.request = request;
        this.limit = limit;
        this.unstarted = new AtomicInteger(calls);
        this.running = new CountDownLatch(Math.min(calls, OUTSTANDING));
    }

    /** Makes the calls and waits for the last one to end. */
    int run() throws InterruptedException {
        for (long i = running.getCount(); i > 0; i--) {
            startNext();
        }
        running.await();
        StatusException failed = failure.get();
        if (failed != null) {
            throw failed;
        }
        return made.get();
    }

    private void startNext() {
        if (unstarted.getAndDecrement() <= 0 || failure.get() != null || limit.isOver()) {
            running.countDown();
            return;
        }
        Cancellable unused = conn.invokeAsync(method, request, CallOptions.DEFAULT, this);
    }

    @Override
    public void onSuccess(R response, Metadata trailers) {
        made.incrementAndGet();
        startNext();
    }

    @Override
    public void onFailure(StatusException failed) {
        failure.compareAndSet(null, failed);
        running.countDown();
    }
}
