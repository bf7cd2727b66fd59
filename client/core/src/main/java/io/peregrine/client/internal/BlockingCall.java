package io.peregrine.client.internal;

import io.peregrine.allocation.ReusePool;
import io.peregrine.client.CallOptions;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.UnaryResponse;
import io.peregrine.client.internal.chain.CallerDeadline;
import io.peregrine.transport.http2.TransportStream;
import io.peregrine.transport.io.CallerSpin;
import io.peregrine.transport.io.driven.CallerWait;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A call whose caller waits: on a caller-driven connection it drives; elsewhere it spins briefly where that pays, then
 * parks. A virtual thread may call. Who makes and awaits it does so between {@link CallerWait#begin} and
 * {@link CallerWait#end}.
 *
 * <p>{@link #done} is written last by the event loop and read first by the caller, which then sees the other fields.
 */
public final class BlockingCall<Q, R> extends UnaryCall<Q, R> implements CallerWait.Condition {
    /** Between two looks at the clock, which costs as much as some of them. */
    private static final int SPINS = 16;

    private static final ReusePool<BlockingCall<?, ?>> SPENT = new ReusePool<>(BlockingCall::new);

    private final ReusePool.@Nullable Shelf<BlockingCall<?, ?>> shelf;
    private @Nullable CallerWait wait = CallerWait.current();
    private Status status = Status.OK;
    private @Nullable R response;
    private Metadata headers = Metadata.EMPTY;
    private Metadata trailers = Metadata.EMPTY;
    private volatile boolean done;

    private BlockingCall(ReusePool.Shelf<BlockingCall<?, ?>> shelf) {
        this.shelf = shelf;
    }

    /** A call of the current thread that has not started, and is used once. */
    public BlockingCall(CallDispatcher dispatcher, MethodDescriptor<Q, R> method, CallOptions options) {
        this.shelf = null;
        define(dispatcher, method, options);
    }

    /** A call of the current thread that has not started. It is used again once its response was returned. */
    @SuppressWarnings("unchecked") // a spent call holds nothing of any type
    public static <Q, R> BlockingCall<Q, R> reused(
            CallDispatcher dispatcher, MethodDescriptor<Q, R> method, CallOptions options) {
        BlockingCall<Q, R> call = (BlockingCall<Q, R>) SPENT.take();
        call.wait = CallerWait.current();
        call.define(dispatcher, method, options);
        return call;
    }

    /** Waits for the response; throws StatusException. The last that is done with the call. */
    public R await() {
        R received = awaitReceived();
        retire();
        return received;
    }

    /** Waits for the response with its metadata; throws StatusException. The last that is done with the call. */
    public UnaryResponse<R> awaitResponse() {
        UnaryResponse<R> received = new UnaryResponse<>(awaitReceived(), headers, trailers);
        retire();
        return received;
    }

    private R awaitReceived() {
        awaitEnd();
        R received = response;
        if (received == null) {
            throw failure(status, trailers, options().stackTraces());
        }
        return received;
    }

    /** The event loop has let go of the call before {@link #done}. */
    private void retire() {
        ReusePool.Shelf<BlockingCall<?, ?>> home = shelf;
        if (home != null && tryRetire()) {
            response = null;
            headers = Metadata.EMPTY;
            trailers = Metadata.EMPTY;
            done = false;
            wait = null;
            home.putBack(this);
        }
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
        // Read before: the call may be another one's right after.
        CallerWait waiting = callerWait();
        done = true;
        waiting.signal();
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
        if (callerWait().target() != null) {
            // Who drives does not spin for others to do it.
            waitForEnd();
            return;
        }
        CallerSpin spin = dispatcher().callerSpin();
        boolean spins = spin.enter();
        try {
            if (spins) {
                spin.outcome(spinFor(spin.limitNs()));
            }
            waitForEnd();
        } finally {
            spin.leave();
        }
    }

    private void waitForEnd() {
        boolean interrupted = false;
        try {
            while (!done) {
                switch (callerWait().await(this, giveUpNs())) {
                    case OVER -> {}
                    case LATE -> throw stuck();
                    // Cleared until the end, or the caller could not park any more.
                    case INTERRUPTED -> {
                        interrupted = true;
                        cancel();
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

    private CallerWait callerWait() {
        CallerWait known = wait;
        assert known != null : "a spent call";
        return known;
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
