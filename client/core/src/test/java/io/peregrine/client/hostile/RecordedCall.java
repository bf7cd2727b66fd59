package io.peregrine.client.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Cancellable;
import io.peregrine.client.ClientConn;
import io.peregrine.client.Marshallers;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.UnaryCallback;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** One asynchronous call and every end that it was told of, of which there is to be one (HOSTILE.md P1). */
final class RecordedCall implements UnaryCallback<byte[]> {
    static final MethodDescriptor<byte[], byte[]> METHOD =
            MethodDescriptor.unary("test.Hostile/Call", Marshallers.bytes(), Marshallers.bytes());
    static final byte[] REQUEST = {1, 2, 3};
    static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(15));

    private static final long DEADLINE_S = 20;

    private final CountDownLatch ended = new CountDownLatch(1);
    private final AtomicInteger ends = new AtomicInteger();
    private final long startNs = System.nanoTime();
    private volatile long endNs;
    private volatile byte @Nullable [] response;
    private volatile @Nullable StatusException failure;
    private volatile Metadata trailers = Metadata.EMPTY;
    private volatile Metadata headers = Metadata.EMPTY;
    private volatile @Nullable Cancellable cancellable;

    private RecordedCall() {}

    static RecordedCall start(ClientConn conn) {
        return start(conn, OPTIONS);
    }

    static RecordedCall start(ClientConn conn, CallOptions options) {
        return start(conn, options, REQUEST);
    }

    static RecordedCall start(ClientConn conn, CallOptions options, byte[] request) {
        RecordedCall call = new RecordedCall();
        call.cancellable = conn.invokeAsync(METHOD, request, options, call);
        return call;
    }

    void cancel() {
        Cancellable started = cancellable;
        assert started != null;
        started.cancel();
    }

    /** Waits for the end and returns its code. */
    StatusCode code() throws InterruptedException {
        awaitEnd();
        StatusException failed = failure;
        return failed == null ? StatusCode.OK : failed.code();
    }

    /** Waits for the end, which is to be a failure, and returns its message. */
    String message() throws InterruptedException {
        awaitEnd();
        StatusException failed = failure;
        if (failed == null) {
            throw new AssertionError("the call succeeded (expected: a failure)");
        }
        return String.valueOf(failed.getMessage());
    }

    byte @Nullable [] response() throws InterruptedException {
        awaitEnd();
        return response;
    }

    Metadata headers() {
        return headers;
    }

    Metadata trailers() {
        return trailers;
    }

    /** From the start to the end. */
    Duration elapsed() throws InterruptedException {
        awaitEnd();
        return Duration.ofNanos(endNs - startNs);
    }

    boolean hasEnded() {
        return ended.getCount() == 0;
    }

    void assertEndedOnce() throws InterruptedException {
        awaitEnd();
        assertThat(ends).as("ends of the call").hasValue(1);
    }

    private void awaitEnd() throws InterruptedException {
        assertThat(ended.await(DEADLINE_S, TimeUnit.SECONDS))
                .as("the call ends")
                .isTrue();
    }

    @Override
    public void onHeaders(Metadata received) {
        headers = received;
    }

    @Override
    public void onSuccess(byte[] received, Metadata receivedTrailers) {
        response = received;
        trailers = receivedTrailers;
        end();
    }

    @Override
    public void onFailure(StatusException received) {
        failure = received;
        trailers = received.trailers();
        end();
    }

    private void end() {
        endNs = System.nanoTime();
        ends.incrementAndGet();
        ended.countDown();
    }
}
