package io.peregrine.grpcjava.internal;

import io.grpc.CallOptions;
import io.grpc.Metadata;
import io.grpc.Status;
import io.peregrine.client.Cancellable;
import io.peregrine.client.StatusException;
import io.peregrine.client.UnaryCallback;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A call with one request and one response: collects what {@link io.grpc.ClientCall} brings piece by piece, and goes on
 * its way with {@link #halfClose}, when it is whole. Headers, message and end come to the listener in one task.
 *
 * <pre>
 *   COLLECTING ──halfClose──▶ SENT ──the native call ends──▶ ENDED
 *        │                                                     ▲
 *        └──────────────── cancel, context ────────────────────┘
 * </pre>
 */
final class UnaryFacadeCall<Q, R> extends FacadeCall<Q, R> implements UnaryCallback<R> {
    private static final String UNCOMPRESSED = "identity";
    private static final int COLLECTING = 0;
    private static final int SENT = 1;
    private static final int ENDED = 2;
    private static final VarHandle PHASE;

    static {
        try {
            PHASE = MethodHandles.lookup().findVarHandle(UnaryFacadeCall.class, "phase", int.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    /** Moved by compare-and-set: whoever leaves COLLECTING decides how the call goes on. */
    @SuppressWarnings("unused") // accessed through PHASE
    private volatile int phase = COLLECTING;

    private io.peregrine.client.@Nullable CallOptions nativeOptions;
    private @Nullable Object request;
    private boolean compress = true;
    private volatile @Nullable Cancellable handle;

    /** Whether the listener has asked for a message. Written before {@link #ended} is read, and the reverse. */
    private volatile boolean requested;

    // The result: written before `ended`.
    private io.peregrine.client.Metadata headers = io.peregrine.client.Metadata.EMPTY;
    private io.peregrine.client.Metadata trailers = io.peregrine.client.Metadata.EMPTY;
    private @Nullable R response;
    private @Nullable StatusException failure;
    private @Nullable Status unsent;

    private volatile boolean ended;

    // Of the task.
    private boolean closed;

    UnaryFacadeCall(FacadeChannel channel, BridgedMethod<Q, R> method, CallOptions options) {
        super(channel, method, options);
    }

    @Override
    void begin(Metadata outbound) {
        nativeOptions = nativeOptions(outbound);
    }

    @Override
    void send(Object outbound) {
        if (request != null) {
            endUnsent(Status.INTERNAL.withDescription("Too many requests"));
            return;
        }
        request = outbound;
    }

    @Override
    void endRequests() {
        Object whole = request;
        request = null;
        if (whole == null) {
            endUnsent(Status.INTERNAL.withDescription("Half-closed without a request"));
            return;
        }
        io.peregrine.client.CallOptions with = nativeOptions;
        if (with == null || !PHASE.compareAndSet(this, COLLECTING, SENT)) {
            return;
        }
        handle = channel.conn()
                .invokeAsync(method.nativeMethod(), whole, compress ? with : with.withCompressor(UNCOMPRESSED), this);
        if (cancelStatus() != null) {
            cancelNative();
        }
    }

    @Override
    void demand(int messages) {
        if (!requested) {
            requested = true;
            if (ended) {
                signal();
            }
        }
    }

    /** A call that is collected takes its request at any time. */
    @Override
    boolean hasRoom() {
        return phase == COLLECTING;
    }

    @Override
    void compress(boolean on) {
        compress = on;
    }

    @Override
    void cancelNative() {
        Status why = cancelStatus();
        assert why != null;
        Cancellable started = handle;
        if (started != null) {
            started.cancel();
        } else {
            endUnsent(why);
        }
    }

    @Override
    void endUnsent(Status status) {
        if (PHASE.compareAndSet(this, COLLECTING, ENDED)) {
            unsent = status;
            end();
        }
    }

    // ---- From the native call, on its event loop -------------------------------------------------------------

    @Override
    public void onHeaders(io.peregrine.client.Metadata responseHeaders) {
        headers = responseHeaders;
    }

    @Override
    public void onSuccess(R message, io.peregrine.client.Metadata responseTrailers) {
        response = message;
        trailers = responseTrailers;
        end();
    }

    @Override
    public void onFailure(StatusException failed) {
        failure = failed;
        end();
    }

    private void end() {
        leaveContext();
        CallTracers told = tracers();
        if (told != null) {
            trace(told);
        }
        ended = true;
        if (response == null || requested) {
            signal();
        }
    }

    private void trace(CallTracers told) {
        R message = response;
        StatusException failed = failure;
        if (message != null) {
            told.onHeaders(MetadataBridge.toGrpc(headers));
            told.onReceived(message);
            told.onEnd(Status.OK, MetadataBridge.toGrpc(trailers));
        } else if (failed != null) {
            if (isAnswered(failed)) {
                told.onHeaders(MetadataBridge.toGrpc(headers));
            }
            told.onEnd(statusOf(failed), MetadataBridge.toGrpc(failed.trailers()));
        } else if (unsent != null) {
            told.onEnd(unsent, null);
        }
    }

    private boolean isAnswered(StatusException failed) {
        return !headers.isEmpty() || StatusBridge.hasResponded(failed);
    }

    // ---- The listener ----------------------------------------------------------------------------------------

    @Override
    void deliver(Listener<R> to) {
        if (closed) {
            return;
        }
        if (isRejected()) {
            closed = true;
            Status why = cancelStatus();
            close(to, why == null ? Status.CANCELLED : why, new Metadata());
        } else if (ended && (response == null || requested)) {
            closed = true;
            deliverEnd(to);
        }
    }

    private void deliverEnd(Listener<R> to) {
        R message = response;
        StatusException failed = failure;
        if (message != null) {
            deliverSuccess(to, message);
        } else if (failed != null) {
            if (isAnswered(failed)) {
                try {
                    to.onHeaders(MetadataBridge.toGrpc(headers));
                } catch (RuntimeException | Error thrown) {
                    close(to, StatusBridge.thrown("Failed to read headers", thrown), new Metadata());
                    return;
                }
            }
            close(to, statusOf(failed), MetadataBridge.toGrpc(failed.trailers()));
        } else {
            Status why = unsent;
            assert why != null;
            close(to, why, new Metadata());
        }
    }

    private void deliverSuccess(Listener<R> to, R message) {
        String failing = "Failed to read headers";
        try {
            to.onHeaders(MetadataBridge.toGrpc(headers));
            failing = "Failed to read message.";
            to.onMessage(message);
        } catch (RuntimeException | Error thrown) {
            close(to, StatusBridge.thrown(failing, thrown), new Metadata());
            return;
        }
        close(to, Status.OK, MetadataBridge.toGrpc(trailers));
    }
}
