package io.peregrine.client.internal;

import io.peregrine.allocation.ReusePool;
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

    private static final ReusePool<BlockingCall<?, ?>> SPENT = new ReusePool<>(BlockingCall::new);

    private final ReusePool.@Nullable Shelf<BlockingCall<?, ?>> shelf;
    private Thread caller = Thread.currentThread();
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
        call.caller = Thread.currentThread();
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
        Thread waiting = caller;
        done = true;
        LockSupport.unpark(waiting);
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
