package io.peregrine.client.internal;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.UnaryResponse;
import io.peregrine.client.internal.chain.CallerDeadline;
import io.peregrine.transport.http2.TransportStream;
import io.peregrine.transport.io.CallerSpin;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A call whose caller waits: it spins briefly where that pays, then parks. A virtual thread may call.
 *
 * <p>{@link #done} is written last by the event loop and read first by the caller, which then sees the other fields.
 */
public final class BlockingCall<Q, R> extends UnaryCall<Q, R> {
    /** Between two looks at the clock, which costs as much as some of them. */
    private static final int SPINS = 16;

    private final Thread caller = Thread.currentThread();
    private Status status = Status.OK;
    private @Nullable R response;
    private Metadata headers = Metadata.EMPTY;
    private Metadata trailers = Metadata.EMPTY;
    private volatile boolean done;

    /** A call of the current thread that has not started. */
    public BlockingCall(CallDispatcher dispatcher, MethodDescriptor<Q, R> method, CallOptions options) {
        super(dispatcher, method, options);
    }

    /** Waits for the response; throws StatusException. */
    public R await() {
        awaitEnd();
        R received = response;
        if (received == null) {
            throw failure(status, trailers, options().stackTraces());
        }
        return received;
    }

    /** Waits for the response with its metadata; throws StatusException. */
    public UnaryResponse<R> awaitResponse() {
        return new UnaryResponse<>(await(), headers, trailers);
    }

    /** The caller waits for no callback, and may itself be the executor's only thread. */
    @Override
    @Nullable
    Executor callbackExecutor() {
        return null;
    }

    @Override
    void deliver(Status endStatus, @Nullable R endResponse, Metadata endTrailers) {
        status = endStatus;
        response = endResponse;
        trailers = endTrailers;
        done = true;
        LockSupport.unpark(caller);
    }

    @Override
    void deliverHeaders(Metadata responseHeaders) {
        headers = responseHeaders;
    }

    private void awaitEnd() {
        boolean interrupted = false;
        CallerSpin spin = dispatcher().callerSpin();
        boolean spins = spin.enter();
        try {
            if (spins) {
                spin.outcome(spinFor(spin.limitNs()));
            }
            while (!done) {
                park();
                // Cleared until the end, or the caller could not park any more.
                if (Thread.interrupted()) {
                    interrupted = true;
                    cancel();
                }
            }
        } finally {
            spin.leave();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private boolean spinFor(long limitNs) {
        long startNs = System.nanoTime();
        do {
            for (int i = 0; i < SPINS && !done; i++) {
                Thread.onSpinWait();
            }
        } while (!done && System.nanoTime() - startNs < limitNs);
        return done;
    }

    private void park() {
        if (deadlineNs() == TransportStream.NO_DEADLINE) {
            LockSupport.park(this);
            return;
        }
        long leftNs = deadlineNs() - dispatcher().nanoTime() + CallerDeadline.GRACE_NS;
        if (leftNs <= 0) {
            Status stuck = Status.of(
                    StatusCode.DEADLINE_EXCEEDED, "deadline exceeded, and the connection's event loop is stuck");
            cancel();
            throw failure(stuck, Metadata.EMPTY, options().stackTraces());
        }
        LockSupport.parkNanos(this, leftNs);
    }
}
