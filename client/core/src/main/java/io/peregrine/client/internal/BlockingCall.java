package io.peregrine.client.internal;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.UnaryResponse;
import io.peregrine.client.internal.chain.CallerDeadline;
import io.peregrine.transport.http2.TransportStream;
import io.peregrine.transport.io.driven.CallerWait;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A call whose caller waits: on a caller-driven connection it drives; elsewhere it spins briefly where there are cores
 * to spare, then parks. A virtual thread may call. Who makes and awaits it does so between {@link CallerWait#begin} and
 * {@link CallerWait#end}.
 *
 * <p>{@link #done} is written last by the event loop and read first by the caller, which then sees the other fields.
 */
public final class BlockingCall<Q, R> extends UnaryCall<Q, R> implements CallerWait.Condition {
    /** On two cores or fewer the loop and the server need the one that spinning would take. */
    private static final int SPINS = Runtime.getRuntime().availableProcessors() > 2 ? 200 : 0;

    private final CallerWait wait = CallerWait.current();
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
        wait.signal();
    }

    @Override
    void deliverHeaders(Metadata responseHeaders) {
        headers = responseHeaders;
    }

    @Override
    public boolean isOver() {
        return done;
    }

    private void awaitEnd() {
        for (int i = 0; i < SPINS && !done && wait.target() == null; i++) {
            Thread.onSpinWait();
        }
        boolean interrupted = false;
        try {
            while (!done) {
                switch (wait.await(this, giveUpNs())) {
                    case OVER -> {}
                    case LATE -> throw stuck();
                    // Cleared until the end, or the caller could not park any more.
                    case INTERRUPTED -> {
                        interrupted = true;
                        cancel();
                    }
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private long giveUpNs() {
        if (deadlineNs() == TransportStream.NO_DEADLINE) {
            return CallerWait.FOREVER;
        }
        return System.nanoTime() + deadlineNs() - dispatcher().nanoTime() + CallerDeadline.GRACE_NS;
    }

    private StatusException stuck() {
        Status stuck =
                Status.of(StatusCode.DEADLINE_EXCEEDED, "deadline exceeded, and the connection's event loop is stuck");
        cancel();
        return failure(stuck, Metadata.EMPTY, options().stackTraces());
    }
}
