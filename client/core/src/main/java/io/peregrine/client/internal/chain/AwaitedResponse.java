package io.peregrine.client.internal.chain;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Cancellable;
import io.peregrine.client.Metadata;
import io.peregrine.client.StatusException;
import io.peregrine.client.UnaryCallback;
import io.peregrine.client.UnaryResponse;
import io.peregrine.transport.http2.TransportStream;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The end of a call that a thread waits for, parked. A virtual thread may.
 *
 * <p>{@link #done} is written last by whoever ends the call and read first by the caller, which then sees the other
 * fields.
 */
final class AwaitedResponse<R> implements UnaryCallback<R> {
    private final Thread caller = Thread.currentThread();
    private final boolean stackTraces;
    private final long giveUpNs;

    private @Nullable R response;
    private @Nullable StatusException failure;
    private Metadata headers = Metadata.EMPTY;
    private Metadata trailers = Metadata.EMPTY;
    private volatile boolean done;

    /** What the current thread will wait for. */
    AwaitedResponse(CallOptions options) {
        this.stackTraces = options.stackTraces();
        this.giveUpNs = CallerDeadline.giveUpNs(options);
    }

    /** Waits for the call; throws StatusException. */
    UnaryResponse<R> await(Cancellable call) {
        awaitEnd(call);
        StatusException failed = failure;
        if (failed != null) {
            throw thrown(failed);
        }
        R received = response;
        assert received != null;
        return new UnaryResponse<>(received, headers, trailers);
    }

    private void awaitEnd(Cancellable call) {
        boolean interrupted = false;
        try {
            while (!done) {
                park(call);
                // Cleared until the end, or the caller could not park any more.
                if (Thread.interrupted()) {
                    interrupted = true;
                    call.cancel();
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void park(Cancellable call) {
        if (giveUpNs == TransportStream.NO_DEADLINE) {
            LockSupport.park(this);
            return;
        }
        long leftNs = giveUpNs - System.nanoTime();
        if (leftNs <= 0) {
            call.cancel();
            throw thrown(new StatusException(CallerDeadline.exceeded()));
        }
        LockSupport.parkNanos(this, leftNs);
    }

    private StatusException thrown(StatusException failed) {
        return stackTraces ? failed.withStackTrace() : failed;
    }

    @Override
    public void onHeaders(Metadata received) {
        headers = received;
    }

    @Override
    public void onSuccess(R received, Metadata receivedTrailers) {
        response = received;
        trailers = receivedTrailers;
        end();
    }

    @Override
    public void onFailure(StatusException received) {
        failure = received;
        end();
    }

    private void end() {
        done = true;
        LockSupport.unpark(caller);
    }
}
