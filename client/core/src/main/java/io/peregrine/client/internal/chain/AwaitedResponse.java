package io.peregrine.client.internal.chain;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Cancellable;
import io.peregrine.client.Metadata;
import io.peregrine.client.StatusException;
import io.peregrine.client.UnaryCallback;
import io.peregrine.client.UnaryResponse;
import io.peregrine.transport.io.driven.CallerWait;
import org.jspecify.annotations.Nullable;

/**
 * The end of a call that a thread waits for as {@link CallerWait} does. A virtual thread may.
 *
 * <p>{@link #done} is written last by whoever ends the call and read first by the caller, which then sees the other
 * fields.
 */
final class AwaitedResponse<R> implements UnaryCallback<R>, CallerWait.Condition {
    private final CallerWait wait = CallerWait.current();
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

    @Override
    public boolean isOver() {
        return done;
    }

    private void awaitEnd(Cancellable call) {
        boolean interrupted = false;
        try {
            while (!done) {
                switch (wait.await(this, giveUpNs)) {
                    case OVER -> {}
                    case LATE -> {
                        call.cancel();
                        throw thrown(new StatusException(CallerDeadline.exceeded()));
                    }
                    // Cleared until the end, or the caller could not park any more.
                    case INTERRUPTED -> {
                        interrupted = true;
                        call.cancel();
                    }
                    default -> throw new AssertionError();
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
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
        wait.signal();
    }
}
