package io.peregrine.client.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientCall;
import io.peregrine.client.ClientConn;
import io.peregrine.client.Marshaller;
import io.peregrine.client.Marshallers;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.MethodType;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import io.peregrine.client.report.CallReport;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** One call with streams, what it received and every end that it was told of, of which there is to be one. */
final class RecordedStreamCall implements StreamCallback<byte[]> {
    private static final String NAME = "test.Hostile/Call";
    private static final long DEADLINE_S = 20;

    private final CountDownLatch ended = new CountDownLatch(1);
    private final AtomicInteger ends = new AtomicInteger();
    private final List<byte[]> messages = new CopyOnWriteArrayList<>();
    private volatile @Nullable StatusException failure;
    private volatile Metadata headers = Metadata.EMPTY;
    private volatile @Nullable ClientCall<byte[]> call;

    private RecordedStreamCall() {}

    /** A call that asks for whatever comes. */
    static RecordedStreamCall start(ClientConn conn, MethodType type, CallOptions options) {
        return start(conn, type, Marshallers.bytes(), options);
    }

    static RecordedStreamCall start(
            ClientConn conn, MethodType type, Marshaller<byte[]> requests, CallOptions options) {
        return start(conn, MethodDescriptor.of(type, NAME, requests, Marshallers.bytes()), options);
    }

    /** A call of any number of messages both ways that reads with a marshaller of its own. */
    static RecordedStreamCall startReading(ClientConn conn, Marshaller<byte[]> responses) {
        return start(
                conn,
                MethodDescriptor.of(MethodType.BIDI_STREAMING, NAME, Marshallers.bytes(), responses),
                RecordedCall.OPTIONS);
    }

    private static RecordedStreamCall start(
            ClientConn conn, MethodDescriptor<byte[], byte[]> method, CallOptions options) {
        RecordedStreamCall recorded = new RecordedStreamCall();
        ClientCall<byte[]> started = conn.startCall(method, options, recorded);
        recorded.call = started;
        started.request(Integer.MAX_VALUE);
        return recorded;
    }

    ClientCall<byte[]> call() {
        ClientCall<byte[]> started = call;
        assert started != null;
        return started;
    }

    /** Waits for the end and returns its code. */
    StatusCode code() throws InterruptedException {
        awaitEnd();
        StatusException failed = failure;
        return failed == null ? StatusCode.OK : failed.code();
    }

    /** Waits for the end, which is to be a failure. */
    StatusException failure() throws InterruptedException {
        awaitEnd();
        StatusException failed = failure;
        if (failed == null) {
            throw new AssertionError("the call succeeded (expected: a failure)");
        }
        return failed;
    }

    /** Waits for the end, which is to be a failure, and returns its report. */
    CallReport report() throws InterruptedException {
        CallReport report = failure().report();
        assert report != null;
        return report;
    }

    /** Waits for the end and returns what was received before it. */
    List<byte[]> messages() throws InterruptedException {
        awaitEnd();
        return messages;
    }

    Metadata headers() {
        return headers;
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
    public void onMessage(byte[] message) {
        messages.add(message);
    }

    @Override
    public void onComplete(Metadata trailers) {
        end();
    }

    @Override
    public void onFailure(StatusException received) {
        failure = received;
        end();
    }

    private void end() {
        ends.incrementAndGet();
        ended.countDown();
    }
}
